"""The batches of a stream: rows that go on, nothing lost, and plans that depend on nothing else."""

import numpy as np
import pytest

from seqsuite.data.batching import batch_dataset
from seqsuite.errors import UserError
from seqsuite.tasks.char_lm.batches import EncodedStream, random_windows
from seqsuite.tasks.char_lm.config import StreamTrainingConfig


def numbered(total):
    return EncodedStream(np.arange(total, dtype=np.int32))


def settings(**values):
    return StreamTrainingConfig(**{"max_batch_size": 3, "steps": 8, **values})


PLANS = pytest.mark.parametrize(
    ("total", "values"),
    [
        (500, {}),
        (500, {"vary_steps": True, "steps": 12}),
        (7, {}),  # the shortest for three rows
        (8, {"steps": 1}),
        (3, {"max_batch_size": 1}),
        (5001, {"max_batch_size": 16, "steps": 64}),
    ],
)


def whole_rows(stream, plan):
    return [
        np.concatenate([read(indices) for indices in plan], axis=1)
        for read in (lambda i: stream.batch(i)["token_ids"], stream.target_batch)
    ]


@PLANS
def test_rows_go_on_where_they_ended_and_targets_are_one_ahead(total, values):
    stream, training = numbered(total), settings(**values)
    for epoch in range(3):
        plan = stream.plan(training, epoch)
        inputs, targets = whole_rows(stream, plan)
        assert (np.diff(inputs, axis=1) == 1).all()
        np.testing.assert_array_equal(targets, inputs + 1)
        assert targets.max() < total
        # No id is read in two rows, and a row begins where the row above it ends.
        assert len(np.unique(inputs)) == inputs.size
        np.testing.assert_array_equal(inputs[1:, 0], inputs[:-1, -1] + 1)
        resets = [stream.batch(indices)["reset"] for indices in plan]
        assert resets[0].all()
        assert not np.any(resets[1:])


def test_little_of_the_text_is_left_out():
    stream, training = numbered(10_000), settings(max_batch_size=4)
    for epoch in range(5):
        plan = stream.plan(training, epoch)
        assert sum(map(stream.count, plan)) > 9_999 - 1024 - 4


def test_a_plan_is_a_function_of_length_seed_and_epoch():
    training = settings(vary_steps=True)
    plan = numbered(3000).plan(training, epoch=2)
    other = EncodedStream(np.zeros(3000, np.int32)).plan(training, epoch=2)
    for ours, theirs in zip(plan, other, strict=True):
        np.testing.assert_array_equal(ours, theirs)

    def first(training, epoch, total=3000):
        return numbered(total).plan(training, epoch)[0][0, 0]

    assert len({first(training, epoch) for epoch in range(5)}) > 1
    assert len({first(settings(seed=seed), 0) for seed in range(5)}) > 1


def test_all_batches_but_the_last_have_the_steps_asked_for():
    stream, training = numbered(500), settings()
    plan = stream.plan(training)
    widths = [stream.batch(indices)["token_ids"].shape for indices in plan]
    assert set(widths[:-1]) == {(3, 8)}
    assert 1 <= widths[-1][1] <= 8
    assert {stream.rate_factor(indices, training) for indices in plan} == {1.0}
    assert "3 streams" in stream.summary(plan)


def test_varied_steps_are_drawn_as_in_awd_lstm_and_scale_the_learning_rate():
    stream, training = numbered(400_000), settings(vary_steps=True, steps=60, max_batch_size=2)
    plan = stream.plan(training)
    widths = np.array([indices[0, 1] for indices in plan])
    for indices in plan:
        assert (indices[:, 1] == indices[0, 1]).all()
        assert stream.rate_factor(indices, training) == pytest.approx(indices[0, 1] / 60)
    assert widths[:-1].min() >= 5
    halved = widths < 45
    assert 0.03 < halved.mean() < 0.08
    assert widths[~halved].mean() == pytest.approx(60, abs=0.5)
    assert widths[halved].mean() == pytest.approx(30, abs=2)
    assert widths[~halved].std() == pytest.approx(5, abs=0.5)


def test_few_varied_steps_are_never_none():
    stream = numbered(2000)
    widths = [indices[0, 1] for indices in stream.plan(settings(vary_steps=True, steps=1))]
    assert min(widths[:-1]) >= 5
    assert widths[-1] >= 1


@pytest.mark.parametrize("total", [0, 1, 2, 6])
def test_a_text_too_short_for_the_rows_is_told_with_the_remedy(total):
    with pytest.raises(UserError, match=r"too short for 3 streams.*max_batch_size"):
        numbered(total).plan(settings())


def test_batches_come_through_the_pipeline_as_planned():
    stream, training = numbered(100), settings()
    plan = stream.plan(training)
    batches = list(batch_dataset(stream, plan))
    assert len(batches) == len(plan)
    for (features, targets, indices), planned in zip(batches, plan, strict=True):
        np.testing.assert_array_equal(indices, planned)
        np.testing.assert_array_equal(features["token_ids"] + 1, targets)
    # Going on in the middle gives the rest of the batches.
    features, *_ = next(iter(batch_dataset(stream, plan[2:])))
    np.testing.assert_array_equal(features["token_ids"], stream.batch(plan[2])["token_ids"])


def test_windows_lie_anywhere_and_are_the_same_for_a_seed():
    ids = np.arange(50, dtype=np.int32)
    windows = random_windows(ids, 2000, 8)
    assert windows.shape == (2000, 9)
    assert windows.dtype == np.int32
    assert (np.diff(windows, axis=1) == 1).all()
    assert set(windows[:, 0]) == set(range(42))  # the last one ends at the end
    np.testing.assert_array_equal(windows, random_windows(ids, 2000, 8))
    assert (windows != random_windows(ids, 2000, 8, seed=1)).any()


@pytest.mark.parametrize("total", [1, 2, 9])
def test_a_sequence_no_longer_than_a_window_is_one_window(total):
    ids = np.arange(total, dtype=np.int32)
    np.testing.assert_array_equal(random_windows(ids, 7, 8), ids[None])


def test_length_and_targets():
    stream = EncodedStream(np.array([3, 1, 2], np.int32), num_examples=2)
    assert len(stream) == 2
    assert stream.lengths.tolist() == [3]
    assert stream.targets.tolist() == [1, 2]
