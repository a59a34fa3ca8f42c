"""Quantiles that cannot cross."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import keras
import numpy as np
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class QuantileHead(keras.layers.Layer):
    """Predict quantiles: one in the center, and positive gaps from it outwards.

    Untrained, and with features of zero, it predicts the quantiles of a standard normal
    distribution, so scaled series begin with sensible intervals.

    Args:
        levels: Probabilities, rising, each in (0, 1).
        project: Go from the features to the quantiles by a dense layer. Without it there must be as
            many features as levels.
        **kwargs: Keras layer arguments.

    Call arguments:
        features: ``(batch, time, width)``, or any other number of axes.

    Returns:
        ``(batch, time, len(levels))``, never falling along the last axis.

    Raises:
        ValueError: For levels that do not rise or lie outside (0, 1), or features of another width.

    Masking:
        None: every step is predicted by itself.

    Example:
        >>> head = QuantileHead([0.1, 0.5, 0.9], project=False)
        >>> head(ops.zeros((1, 1, 3))).numpy().astype(float).round(4).tolist()
        [[[-1.2816, 0.0, 1.2816]]]

    Reference:
        Quantiles: Koenker and Bassett (1978), https://doi.org/10.2307/1913643; positive gaps:
        Park et al. (2022), https://arxiv.org/abs/2111.06581
    """

    def __init__(self, levels: Sequence[float], project: bool = True, **kwargs):
        super().__init__(**kwargs)
        self.levels = check_levels(levels)
        self.project = project
        self.dense = None
        if project:
            self.dense = keras.layers.Dense(len(self.levels), name="dense", dtype=self.dtype_policy)
        normal = np.array([NormalDist().inv_cdf(level) for level in self.levels])
        self._center = self.center
        self._start = float(normal[self._center])
        # The inverse of softplus: features of zero give the gaps of a normal distribution.
        self._gaps = np.log(np.expm1(np.diff(normal)))

    @property
    def center(self) -> int:
        """Place of the level nearest to one half."""
        return int(np.argmin([abs(level - 0.5) for level in self.levels]))

    def build(self, features_shape):
        """Create the weights, if any."""
        if self.dense is not None:
            self.dense.build(features_shape)
        elif features_shape[-1] != len(self.levels):
            raise ValueError(
                f"Argument `features` must have {len(self.levels)} features, one for each level, "
                f"where `project` is False. Received: {features_shape[-1]} features"
            )
        self.built = True

    def call(self, features: Tensor) -> Tensor:
        """Predict the quantiles."""
        raw = features if self.dense is None else self.dense(features)
        low = self._center
        middle = raw[..., low : low + 1] + self._start
        others = ops.concatenate([raw[..., :low], raw[..., low + 1 :]], axis=-1)
        gaps = ops.softplus(others + ops.cast(self._gaps, others.dtype))
        below = ops.flip(ops.cumsum(ops.flip(gaps[..., :low], axis=-1), axis=-1), axis=-1)
        above = ops.cumsum(gaps[..., low:], axis=-1)
        return ops.concatenate([middle - below, middle, middle + above], axis=-1)

    def point(self, outputs: Tensor) -> Tensor:
        """Return one value of each prediction: the quantile nearest to the median.

        Args:
            outputs: ``(..., len(levels))``, what the call returned.

        Returns:
            ``(...)``.
        """
        return outputs[..., self._center]

    def compute_output_shape(self, features_shape):
        """Return the shape of the quantiles."""
        return (*features_shape[:-1], len(self.levels))

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "levels": self.levels, "project": self.project}


def check_levels(levels: Sequence[float]) -> list[float]:
    """Return the probabilities of quantiles, or raise an error.

    Args:
        levels: Probabilities.

    Returns:
        Them, as floats.

    Raises:
        ValueError: There are none, or they do not rise, or lie outside (0, 1).

    Example:
        >>> check_levels((0.1, 0.9))
        [0.1, 0.9]
    """
    found = [float(level) for level in levels]
    rising = all(low < high for low, high in pairwise(found))
    if not found or not rising or not 0 < found[0] <= found[-1] < 1:
        raise ValueError(
            "Argument `levels` must be probabilities in (0, 1) in rising order. "
            f"Received: levels={levels}"
        )
    return found
