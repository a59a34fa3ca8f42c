"""Mean and variance of the features of a training set, as weights of a layer."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

Tensor = Any


class FeatureStatistics(keras.layers.Layer):
    """Base of layers that hold the mean and variance of each feature as non-trainable weights.

    Initially 0 and 1; `adapt` or `set_statistics` sets them.

    Args:
        **kwargs: Keras layer arguments.
    """

    def __init__(self, **kwargs):
        # No autocast: features are normalised before they are rounded to half precision.
        super().__init__(autocast=False, **kwargs)

    def build(self, features_shape, *other_shapes):
        """Create the statistics."""
        num_features = features_shape[-1]
        self.mean = self._add_statistic("mean", (num_features,), "zeros")
        self.variance = self._add_statistic("variance", (num_features,), "ones")
        self.count = self._add_statistic("count", (), "zeros")
        self.built = True

    def _add_statistic(self, name: str, shape: tuple, initializer: str) -> keras.Variable:
        return self.add_weight(
            shape=shape,
            initializer=initializer,
            dtype="float32",
            trainable=False,
            autocast=False,
            name=name,
        )

    def adapt(self, features: Tensor, lengths: Tensor | None = None) -> None:
        """Update the statistics with a batch; call it once for each batch of the training set.

        Args:
            features: ``(batch, time, features)``.
            lengths: Real frames of each row, int ``(batch,)``; ``None``: all.
        """
        values = np.asarray(features, "float64")
        if not self.built:
            self.build(values.shape)
        if lengths is not None:
            real = np.arange(values.shape[1]) < np.asarray(lengths)[:, None]
            values = values[real]
        values = values.reshape(-1, values.shape[-1])
        if not len(values):
            return
        # The update of Chan, Golub and LeVeque, which is stable where means are large.
        before, new = float(np.asarray(self.count)), len(values)
        count = before + new
        mean = np.asarray(self.mean, "float64")
        difference = values.mean(axis=0) - mean
        squares = before * np.asarray(self.variance, "float64") + new * values.var(axis=0)
        squares += difference**2 * before * new / count
        self._assign(mean + difference * new / count, squares / count, count)

    def set_statistics(self, mean: Tensor, variance: Tensor) -> None:
        """Set the statistics; a later `adapt` starts over.

        Args:
            mean: ``(features,)``.
            variance: ``(features,)``, not negative.
        """
        mean, variance = np.asarray(mean), np.asarray(variance)
        if mean.ndim != 1 or mean.shape != variance.shape or not (variance >= 0).all():
            raise ValueError(
                "Arguments `mean` and `variance` must be vectors of the same size, and variances "
                f"not negative. Received: mean={mean}, variance={variance}"
            )
        if not self.built:
            self.build((None, None, len(mean)))
        self._assign(mean, variance, 0)

    def _assign(self, mean, variance, count) -> None:
        self.mean.assign(np.asarray(mean, "float32"))
        self.variance.assign(np.asarray(variance, "float32"))
        self.count.assign(float(count))
