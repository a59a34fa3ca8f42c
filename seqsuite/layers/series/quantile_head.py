"""Head that predicts quantiles without crossing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import keras
import numpy as np
from keras import ops

from seqsuite.layers.contracts import freeze_parts

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class QuantileHead(keras.layers.Layer):
    """Quantiles without crossing: a central one, and positive gaps outwards from it.

    Features of zero give the quantiles of a standard normal distribution, so scaled series start
    with sensible intervals.

    Args:
        levels: Increasing probabilities in (0, 1).
        project: Project the features by a dense layer. Without it there must be as many features
            as levels.
        **kwargs: Keras layer arguments.

    Call arguments:
        features: ``(batch, time, width)``, or any other number of axes.

    Returns:
        ``(batch, time, len(levels))``, non-decreasing along the last axis.

    Raises:
        ValueError: For levels that do not increase or lie outside (0, 1), or features of another
            width.

    Masking:
        None: steps are independent.

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
        """Index of the level nearest to one half."""
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
        freeze_parts(self)
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
        """Return the point forecast: the quantile nearest to the median.

        Args:
            outputs: Outputs of the layer, ``(..., len(levels))``.

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
    """Return checked levels of quantiles.

    Args:
        levels: Probabilities.

    Returns:
        The levels as floats.

    Raises:
        ValueError: For no levels, or ones that do not increase or lie outside (0, 1).

    Example:
        >>> check_levels((0.1, 0.9))
        [0.1, 0.9]
    """
    values = [float(level) for level in levels]
    increasing = all(low < high for low, high in pairwise(values))
    if not values or not increasing or not 0 < values[0] <= values[-1] < 1:
        raise ValueError(
            "Argument `levels` must be probabilities in (0, 1) in rising order. "
            f"Received: levels={levels}"
        )
    return values
