"""Classical densities of the next point: without memory, and given the point before."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from seqsuite.data.batching import EncodedExamples, RaggedColumn
from seqsuite.tasks.handwriting.model import MIN_SCALE, NUM_PEN_STATES

_MAX_POINTS = 40_000


def memoryless(
    train: EncodedExamples, test: EncodedExamples, num_components: int
) -> dict[str, RaggedColumn]:
    """Predict all points by one mixture of normal distributions.

    Args:
        train: Encoded drawings to learn from.
        test: Encoded drawings to predict.
        num_components: Components of the mixture.

    Returns:
        As for ``handwriting_scores``.
    """
    known, asked = _points_of(train), _points_of(test)
    points = known.values[:_MAX_POINTS].astype(float)
    mixture = _PenMixture(points[:, :0], points, num_components)
    row = mixture.parameters(np.zeros((1, 0)))
    return {"parameters": RaggedColumn(np.repeat(row, len(asked.values), axis=0), asked.starts)}


def first_order(
    train: EncodedExamples, test: EncodedExamples, num_components: int
) -> dict[str, RaggedColumn]:
    """Predict each point given the one before it.

    Args:
        train: Encoded drawings to learn from.
        test: Encoded drawings to predict.
        num_components: Components of the mixtures, one for each state of the pen between the two.

    Returns:
        As for ``handwriting_scores``.
    """
    known, asked = _points_of(train), _points_of(test)
    before, points = _before(known)[:_MAX_POINTS], known.values[:_MAX_POINTS].astype(float)
    asked_before = _before(asked)
    parameters = np.zeros((len(asked_before), (6 + NUM_PEN_STATES) * num_components))
    for state in np.unique(asked_before[:, 2]):
        rows, learned = asked_before[:, 2] == state, before[:, 2] == state
        # A state that training lacks says nothing.
        learned = learned if learned.any() else np.ones(len(before), bool)
        mixture = _PenMixture(before[learned, :2], points[learned], num_components)
        parameters[rows] = mixture.parameters(asked_before[rows, :2])
    return {"parameters": RaggedColumn(parameters, asked.starts)}


class _PenMixture:
    """A mixture of normal distributions over what is given and an offset, with a pen in each.

    Args:
        given: What is known before each point, ``(points, width)``.
        points: Offsets and pen states ``(points, 3)``.
        num_components: Components.
    """

    def __init__(self, given: np.ndarray, points: np.ndarray, num_components: int):
        self.width = given.shape[1]
        self.num_components = num_components
        values = np.hstack([given, points[:, :2]])
        size = min(num_components, len(np.unique(values, axis=0)))
        self.mixture = GaussianMixture(size, reg_covar=MIN_SCALE**2, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            # scikit-learn asks for two points at least.
            self.mixture.fit(values if len(values) > 1 else np.repeat(values, 2, axis=0))
        counts = (
            self.mixture.predict_proba(values).T @ np.eye(NUM_PEN_STATES)[points[:, 2].astype(int)]
        )
        self.pen = np.log((counts + 0.1) / (counts + 0.1).sum(axis=1, keepdims=True))

    def parameters(self, given: np.ndarray) -> np.ndarray:
        """Return parameters as a ``BivariateMixtureHead`` gives them, of offsets given the rest.

        Args:
            given: ``(rows, width)``.
        """
        rows = np.zeros((len(given), 6 + NUM_PEN_STATES, self.num_components))
        rows[:, 0] = -1e4  # components that are missing have no weight
        for index, (weight, mean, covariance) in enumerate(
            zip(self.mixture.weights_, self.mixture.means_, self.mixture.covariances_, strict=True)
        ):
            first, cross = (
                covariance[: self.width, : self.width],
                covariance[self.width :, : self.width],
            )
            distance = given - mean[: self.width]
            solved = np.linalg.solve(first, distance.T).T
            exponent = (distance * solved).sum(axis=1)
            rest = covariance[self.width :, self.width :] - cross @ np.linalg.solve(first, cross.T)
            scales = np.maximum(np.sqrt(np.diagonal(rest)), MIN_SCALE)
            rows[:, 0, index] = np.log(weight) - 0.5 * (exponent + np.linalg.slogdet(first)[1])
            rows[:, 1:3, index] = mean[self.width :] + solved @ cross.T
            rows[:, 3:5, index] = np.log(scales)
            rows[:, 5, index] = np.clip(rest[0, 1] / scales.prod(), -0.99, 0.99)
            rows[:, 6:, index] = self.pen[index]
        rows[:, 0] = log_softmax(rows[:, 0], axis=1)
        return rows.reshape(len(rows), -1)


def _points_of(encoded: EncodedExamples) -> RaggedColumn:
    assert isinstance(encoded.targets, dict)
    column = encoded.targets["parameters"]
    assert isinstance(column, RaggedColumn)
    return column


def _before(column: RaggedColumn) -> np.ndarray:
    """Return the point before each point; before a first one the offset 0 with pen state -1."""
    before = np.roll(column.values.astype(float), 1, axis=0)
    before[column.starts[:-1][np.diff(column.starts) > 0]] = [0.0, 0.0, -1.0]
    return before
