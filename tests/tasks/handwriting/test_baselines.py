"""Classical densities of points: what they must find on data that is known."""

import numpy as np
import pytest

from seqsuite.data.batching import EncodedExamples, RaggedColumn
from seqsuite.tasks.handwriting.baselines import first_order, memoryless
from seqsuite.tasks.handwriting.scores import handwriting_scores


def encoded(rows):
    column = RaggedColumn.from_rows(rows, padding=-1)
    return EncodedExamples({}, {"parameters": column}, np.diff(column.starts))


def echoes(count, seed):
    """Drawings in which every second offset repeats the one before, and the pen tells which."""
    generator = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        offsets = np.repeat(generator.normal(size=(10, 2)), 2, axis=0)
        offsets += 0.1 * generator.normal(size=offsets.shape)
        pen = np.tile([0.0, 1.0], 10)
        pen[-1] = 2
        rows.append(np.column_stack([offsets, pen]).astype("float32"))
    return encoded(rows)


def test_the_point_before_tells_the_next_one():
    train, test = echoes(60, 0), echoes(40, 1)
    without = handwriting_scores(memoryless(train, test, 1), test.targets)
    given = handwriting_scores(first_order(train, test, 1), test.targets)
    # A normal distribution of variance 1.01 in two dimensions; every second, of 0.01 + 0.01.
    normal = np.log(2 * np.pi * 1.01) + 1
    echoed = np.log(2 * np.pi * 0.02) + 1
    assert without["offset_nats"] == pytest.approx(normal, abs=0.05)
    assert given["offset_nats"] == pytest.approx((normal + echoed) / 2, abs=0.08)
    assert given["pen_nats"] < 0.25 < 0.8 < without["pen_nats"]


@pytest.mark.parametrize("rows", [[[0, 0, 2]], [[1, 1, 0], [1, 1, 0], [1, 1, 2]]])
def test_few_points_all_alike_are_a_distribution(rows):
    one = encoded([np.array(rows, "float32")])
    for baseline in (memoryless, first_order):
        scores = handwriting_scores(baseline(one, one, 5), one.targets)
        assert np.isfinite(list(scores.values())).all()


def test_a_pen_state_that_training_lacks_is_answered():
    train = encoded([np.array([[0, 0, 0], [1, 1, 2]], "float32")])
    test = encoded([np.array([[0, 0, 1], [1, 1, 2]], "float32")])
    assert np.isfinite(
        handwriting_scores(first_order(train, test, 2), test.targets)["nats_per_point"]
    )
