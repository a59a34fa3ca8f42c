import numpy as np
import pytest

from seqsuite.pipeline import (
    EncodedExamples,
    RaggedColumn,
    batch_dataset,
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
