from itertools import pairwise

import numpy as np
import pytest

from seqsuite.data.batching import (
    EncodedExamples,
    RaggedColumn,
    batch_dataset,
    fill_batches,
    padding_share,
    plan_batches,
)

LENGTHS = np.random.default_rng(0).integers(0, 60, 200)


@pytest.mark.parametrize("seed", [None, 0, 7])
def test_a_plan_holds_every_example_once_within_its_budget(seed):
    plan = plan_batches(LENGTHS, batch_tokens=128, max_batch_size=10, seed=seed)
    assert sorted(np.concatenate(plan).tolist()) == list(range(len(LENGTHS)))
    for batch in plan:
        assert len(batch) <= 10
        assert len(batch) == 1 or len(batch) * max(1, LENGTHS[batch].max()) <= 128


def test_a_plan_is_a_function_of_seed_and_epoch():
    def flat(seed, epoch):
        return [batch.tolist() for batch in plan_batches(LENGTHS, 128, 10, seed, epoch)]

    assert flat(1, 2) == flat(1, 2)
    assert flat(1, 2) != flat(1, 3)
    assert flat(1, 2) != flat(2, 2)


def test_batches_are_filled_in_the_order_that_is_given():
    order = np.random.default_rng(2).permutation(150)
    filled = fill_batches(order, np.maximum(1, LENGTHS), batch_tokens=128, max_batch_size=10)
    assert np.concatenate(filled).tolist() == order.tolist()
    for batch, following in pairwise(filled):
        assert len(batch) == 1 or len(batch) * LENGTHS[batch].max() <= 128
        # Not one more would have fitted.
        more = np.maximum(1, LENGTHS[[*batch, following[0]]])
        assert len(batch) == 10 or len(more) * more.max() > 128


def test_an_example_longer_than_the_budget_gets_a_batch_of_its_own():
    plan = plan_batches(np.array([500, 3, 3]), batch_tokens=100, max_batch_size=10)
    assert [batch.tolist() for batch in plan] == [[1, 2], [0]]


def test_buckets_leave_little_padding():
    lengths = np.random.default_rng(1).integers(1, 400, 2000)
    bucketed = plan_batches(lengths, 4096, 128, seed=0)
    order = np.random.default_rng(0).permutation(2000)
    mixed = [order[i : i + 16] for i in range(0, 2000, 16)]
    assert padding_share(lengths, bucketed) < 0.12
    assert padding_share(lengths, mixed) > 0.4


def test_batches_hold_the_rows_right_padded_with_zeros():
    rows = [np.arange(1, length + 1, dtype=np.int32) for length in (2, 0, 3)]
    encoded = EncodedExamples(
        {"token_ids": RaggedColumn.from_rows(rows), "score": np.eye(3, dtype=np.float32)},
        targets=np.array([0, 1, 1], np.int32),
        lengths=np.array([2, 0, 3]),
    )
    ((features, targets, indices),) = list(batch_dataset(encoded, [np.array([2, 1])]))
    assert features["token_ids"].numpy().tolist() == [[1, 2, 3], [0, 0, 0]]
    assert features["score"].numpy().tolist() == [[0, 0, 1], [0, 1, 0]]
    assert (targets.numpy().tolist(), indices.numpy().tolist()) == ([1, 1], [2, 1])


def test_a_batch_of_empty_rows_still_has_a_time_step():
    column = RaggedColumn.from_rows([np.zeros(0, np.int32)] * 2)
    assert column.pad(np.array([0, 1])).shape == (2, 1)


def tagged_examples():
    """Three sentences of 2, 0 and 3 words: tags, flags that pad with 0, and a score each."""
    tags = [np.array(row, np.int32) for row in ([4, 0], [], [1, 2, 3])]
    flags = [np.ones(len(row), np.int32) for row in tags]
    return EncodedExamples(
        {"token_ids": RaggedColumn.from_rows([row + 5 for row in tags])},
        {
            "logits": RaggedColumn.from_rows(tags, padding=-1),
            "known": RaggedColumn.from_rows(flags),
            "score": np.array([0.1, 0.2, 0.3], np.float32),
        },
        lengths=np.array([2, 0, 3]),
    )


def test_targets_may_be_several_columns_each_with_its_padding():
    batch = tagged_examples().target_batch(np.array([2, 0, 1]))
    assert batch["logits"].tolist() == [[1, 2, 3], [4, 0, -1], [-1, -1, -1]]
    assert batch["known"].tolist() == [[1, 1, 1], [1, 1, 0], [0, 0, 0]]
    assert batch["score"].tolist() == pytest.approx([0.3, 0.1, 0.2])


def test_batches_of_several_targets_are_those_of_the_plan():
    encoded = tagged_examples()
    plan = [np.array([2]), np.array([1, 0])]
    for (features, targets, indices), rows in zip(batch_dataset(encoded, plan), plan, strict=True):
        assert indices.numpy().tolist() == rows.tolist()
        for got, expected in (
            (features, encoded.batch(rows)),
            (targets, encoded.target_batch(rows)),
        ):
            assert set(got) == set(expected)
            for name, values in expected.items():
                np.testing.assert_array_equal(got[name], values)


def test_selected_examples_keep_targets_and_padding():
    selected = tagged_examples().select(np.array([1, 0]))
    assert selected.target_batch(np.array([0, 1]))["logits"].tolist() == [[-1, -1], [4, 0]]
    assert selected.lengths.tolist() == [0, 2]
    assert [row.tolist() for row in selected.features["token_ids"].rows()] == [[], [9, 5]]


def test_rows_may_hold_strings():
    rows = [np.array(row, object) for row in (["Salut !"], [], ["Cours !", "Courez !"])]
    encoded = EncodedExamples(
        {"token_ids": RaggedColumn.from_rows([np.zeros(2, np.int32)] * 3)},
        {"references": RaggedColumn.from_rows(rows, padding="")},
        lengths=np.full(3, 2),
    )
    ((_, targets, _),) = list(batch_dataset(encoded.select(np.array([2, 1])), [np.arange(2)]))
    expected = [[b"Cours !", b"Courez !"], [b"", b""]]
    assert targets["references"].numpy().tolist() == expected


def test_a_column_without_rows_keeps_its_features():
    column = RaggedColumn.from_rows([np.ones((2, 3), np.float32)], padding=7)
    none = column.select(np.zeros(0, np.int64))
    assert len(none) == 0
    assert none.pad(np.zeros(0, np.int64)).shape == (0, 1, 3)
    assert (none.values.dtype, none.padding) == (np.float32, 7)


@pytest.mark.parametrize("seed", range(5))
def test_rows_survive_selection_and_padding(seed):
    rng = np.random.default_rng(seed)
    rows = [rng.normal(size=(n, 2)) for n in rng.integers(0, 6, 12)]
    column = RaggedColumn.from_rows(rows, padding=-1)
    picked = rng.integers(0, 12, 7)
    selected = column.select(picked)
    padded = selected.pad(np.arange(7))
    assert padded.shape == (7, max(1, *(len(rows[i]) for i in picked)), 2)
    for got, kept, index in zip(padded, selected.rows(), picked, strict=True):
        np.testing.assert_array_equal(kept, rows[index])
        np.testing.assert_array_equal(got[: len(kept)], rows[index])
        assert (got[len(kept) :] == -1).all()
