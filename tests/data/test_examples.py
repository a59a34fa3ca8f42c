"""Examples are selected, joined and split without losing any or parting relatives."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from seqsuite.data import discovery
from seqsuite.data.examples import Examples, _copies, concatenate, split_off_groups
from seqsuite.errors import UserError


def numbered(count, per_group=None):
    groups = None if per_group is None else [i // per_group for i in range(count)]
    return Examples({"text": [str(i) for i in range(count)]}, [i % 2 for i in range(count)], groups)


def test_select_keeps_columns_labels_and_groups_together():
    picked = numbered(10, per_group=2).select([7, 0])
    assert picked.features == {"text": ["7", "0"]}
    assert picked.labels == [1, 0]
    assert picked.groups == [3, 0]


def test_select_keeps_absent_columns_absent():
    picked = Examples({"text": ["a", "b"]}).select([1])
    assert picked.labels is None
    assert picked.groups is None


def test_concatenate_undoes_a_split():
    examples = numbered(10)
    joined = concatenate([examples.select(range(4)), examples.select(range(4, 10))])
    assert joined == examples


def test_concatenate_drops_groups_that_only_one_part_has():
    assert concatenate([numbered(2, per_group=1), numbered(2)]).groups is None


@pytest.mark.parametrize("per_group", [None, 5])
@pytest.mark.parametrize("fraction", [0.1, 0.25])
def test_a_split_loses_nothing_and_has_about_the_asked_size(per_group, fraction):
    rest, held_out = split_off_groups(numbered(1000, per_group), fraction, seed=3)
    assert sorted([*rest.features["text"], *held_out.features["text"]], key=int) == [
        str(i) for i in range(1000)
    ]
    assert len(held_out) == pytest.approx(1000 * fraction, abs=30)


def test_groups_are_never_parted():
    rest, held_out = split_off_groups(numbered(1000, per_group=5), 0.1, seed=0)
    assert not set(rest.groups) & set(held_out.groups)


def test_groups_are_held_out_in_blocks_over_the_whole_range():
    _, held_out = split_off_groups(numbered(1000, per_group=5), 0.1, seed=0)
    groups = sorted(set(held_out.groups))
    blocks = 1 + sum(b - a > 1 for a, b in pairwise(groups))
    # 200 groups, 10 blocks of 2, one in each stretch of 20.
    assert blocks <= 10
    assert {group // 20 for group in groups} == set(range(10))


@pytest.mark.parametrize("per_group", [None, 5])
def test_the_seed_decides_the_split(per_group):
    examples = numbered(1000, per_group)
    assert split_off_groups(examples, 0.1, seed=1) == split_off_groups(examples, 0.1, seed=1)
    assert split_off_groups(examples, 0.1, seed=1) != split_off_groups(examples, 0.1, seed=2)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1])
def test_a_fraction_must_leave_something_on_both_sides(fraction):
    with pytest.raises(ValueError, match=r"fraction.*Received"):
        split_off_groups(numbered(10), fraction, seed=0)


def test_every_reader_says_whom_it_serves():
    assert {"sample", "files", "imdb", "sst2", "tfds"} <= set(
        discovery.sources("seqsuite.tasks.sentiment")
    )
    assert all("\n" not in line for line in discovery.sources("seqsuite.tasks.sentiment").values())


def test_an_unknown_source_names_the_nearest(options):
    with pytest.raises(UserError, match=r"'imbd'.*Did you mean 'imdb'\?.*sample"):
        discovery.load_examples("imbd", "train", options(), "seqsuite.tasks.sentiment")


def test_copies_of_a_text_stay_on_one_side_of_a_cut():
    texts = [f"text {i % 300}" for i in range(1200)]
    rest, held_out = split_off_groups(Examples({"text": texts}), 0.1, seed=0)
    assert not set(rest.features["text"]) & set(held_out.features["text"])
    assert len(held_out) == 120


def test_few_large_groups_do_not_make_the_cut(capsys):
    groups = [0] * 250 + [1] * 250 + [2] * 250
    _, held_out = split_off_groups(Examples({"a": list(range(750))}, None, groups), 0.1, seed=0)
    assert len(held_out) == 75
    assert "too large to hold out 10%" in capsys.readouterr().err


def test_groups_of_very_different_sizes_are_held_out_by_their_examples(capsys):
    groups = [0] * 225 + [1] * 225 + [2] * 225 + list(range(3, 78))
    whole = Examples({"a": list(range(750))}, None, groups)
    rest, held_out = split_off_groups(whole, 0.1, seed=0)
    assert 38 <= len(held_out) <= 150
    assert not set(rest.groups) & set(held_out.groups)
    assert capsys.readouterr().err == ""


def test_empty_texts_and_zeros_are_not_copies_of_each_other():
    rows = {"text": ["", "a", ""], "number": [0, 0, 0.5]}
    assert _copies(Examples(rows)) == [0, 1, 2]
    assert _copies(Examples({"text": ["", 0, "", "a"]})) == [0, 1, 0, 3]


def test_columns_of_pandas_and_arrays_of_labels_are_taken():
    frame = pd.DataFrame({"text": ["a", "b", "c"], "label": ["x", "y", "x"]}, index=[7, 8, 9])
    for labels in (frame.label, frame.label.to_numpy(), list(frame.label)):
        examples = Examples({"text": frame.text}, labels, np.array([1, 1, 2]))
        assert examples == Examples({"text": ["a", "b", "c"]}, ["x", "y", "x"], [1, 1, 2])
        assert (examples.labels or []) == ["x", "y", "x"]
        assert examples.select([2]).features == {"text": ["c"]}
    arrays = np.zeros((2, 3))
    assert Examples({"features": arrays}).features["features"] is arrays
