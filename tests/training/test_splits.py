"""Which examples are learned from, selected on and scored."""

from __future__ import annotations

import pytest

from seqsuite.config import build_config
from seqsuite.data.examples import Examples, split_off_groups
from seqsuite.tasks import find_task
from seqsuite.tasks.sentiment import SentimentConfig
from seqsuite.training.splits import _cut, load_splits

TAGGING = find_task("pos_tagging")


def examples(words):
    return Examples({"tokens": [(word,) for word in words]}, [("X",)] * len(words))


def task_with(splits, **data):
    class Fixed(TAGGING.task_class):
        def load_examples(self, split):
            return splits.get(split)

    return Fixed(build_config(TAGGING.config_class, {"data": data}))


def words(part):
    return sorted(word for row in part.features["tokens"] for word in row)


SPLITS = {"train": examples("abcdef"), "validation": examples("ghij"), "test": examples("kl")}


def test_the_splits_of_a_source_are_kept():
    splits = load_splits(task_with(SPLITS))
    assert words(splits.train) == words(splits.all_train) == list("abcdef")
    assert words(splits.validation) == list("ghij")


def test_a_joined_validation_split_is_learned_from_and_another_is_cut():
    splits = load_splits(task_with(SPLITS, join_validation=True, validation_fraction=0.3))
    assert words(splits.all_train) == list("abcdefghij")
    assert sorted(words(splits.train) + words(splits.validation)) == list("abcdefghij")
    assert len(splits.validation) == 3
    assert words(splits.test) == list("kl")


def test_examples_that_extend_training_are_never_validated_on():
    task = task_with({"train": SPLITS["train"], "test": SPLITS["test"]}, validation_fraction=0.5)
    further = examples("uvwxyz")
    task.extend_training = lambda train: Examples(
        {
            "tokens": [*train.features["tokens"], *further.features["tokens"]],
            "their column": [None] * (len(train) + len(further)),
        },
        [*train.labels, *further.labels],
    )
    splits = load_splits(task)
    assert "their column" in splits.train.features
    assert len(splits.validation) == 3
    assert set(words(splits.validation)) <= set("abcdef")
    assert words(splits.train)[-6:] == list("uvwxyz")
    # Encoding relies on it: what is trained on comes first, what is validated on after it.
    count = len(splits.train)
    assert words(splits.all_train.select(range(count))) == words(splits.train)


@pytest.mark.parametrize("grouped", [False, True])
def test_labels_that_are_rare_stand_in_both_parts_of_a_cut(grouped):
    data = SentimentConfig().data  # holds out a tenth
    labels = ["common"] * 190 + ["rare"] * 8 + ["single"] * 2
    groups = [i // 2 for i in range(200)] if grouped else None
    for seed in range(20):
        examples = Examples({"text": [str(i) for i in range(200)]}, labels, groups)
        rest, held_out = _cut(data, examples, seed)
        assert set(rest.labels) == {"common", "rare", "single"}
        assert {"common", "rare"} <= set(held_out.labels)
        assert sorted(map(int, [*rest.features["text"], *held_out.features["text"]])) == [
            *range(200)
        ]
        if grouped:
            assert not set(rest.groups) & set(held_out.groups)


def test_a_cut_that_lacks_no_label_is_the_random_one():
    data = SentimentConfig().data
    examples = Examples({"text": [str(i) for i in range(100)]}, ["a", "b"] * 50)
    assert _cut(data, examples, 3) == split_off_groups(examples, 0.1, 3)
