"""Losses of forecasts, in which a target that is missing does not count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from seqsuite import distributions

Tensor = Any


class _SeriesLoss(keras.losses.Loss):
    """A loss of single steps; their weighted mean counts the targets that are there."""

    # Whether a prediction is more than one number, along its last axis.
    wide = False

    def __init__(self, name: str, **kwargs):
        kwargs = {"reduction": "mean_with_sample_weight", "dtype": "float32", **kwargs}
        super().__init__(name=name, **kwargs)

    def __call__(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = (ops.convert_to_tensor(y, dtype=self.dtype) for y in (y_true, y_pred))
        weights = ops.cast(ops.isfinite(y_true), "float32")
        if sample_weight is not None:
            sample_weight = ops.cast(sample_weight, "float32")
            if len(sample_weight.shape) == 1:
                sample_weight = sample_weight[:, None]
            weights = weights * sample_weight
        return super().__call__(y_true, y_pred, weights)

    def call(self, y_true, y_pred):
        if not self.wide and len(y_pred.shape) == len(y_true.shape) + 1:
            y_pred = y_pred[..., 0]
        # Both sides: where only the loss were masked, NaN would come back through the gradient.
        counts = ops.isfinite(y_true)
        y_true = ops.where(counts, y_true, 0.0)
        if self.wide:
            y_pred = ops.where(counts[..., None], y_pred, 1.0)
        else:
            y_pred = ops.where(counts, y_pred, 0.0)
        return self.steps(y_true, y_pred)

    def steps(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss of each step, ``(batch, time)``, all of whose values are numbers."""
        raise NotImplementedError


@keras.saving.register_keras_serializable(package="seqsuite")
class MaskedSquaredError(_SeriesLoss):
    """The mean squared error of the targets that are there.

    Args:
        name: Name of the loss.
        **kwargs: Keras loss arguments.

    Call arguments:
        y_true: ``(batch, time)``; NaN or infinite: not counted.
        y_pred: ``(batch, time)`` or ``(batch, time, 1)``.
        sample_weight: Weights of the rows ``(batch,)``, or of the steps ``(batch, time)``.

    Returns:
        The weighted mean over the steps that count, scalar; 0 where there are none.

    Example:
        >>> loss = MaskedSquaredError()
        >>> float(loss([[1.0, float("nan")]], [[3.0, 7.0]]))
        4.0
    """

    def __init__(self, name: str = "masked_squared_error", **kwargs):
        super().__init__(name, **kwargs)

    def steps(self, y_true, y_pred):
        return ops.square(y_true - y_pred)


@keras.saving.register_keras_serializable(package="seqsuite")
class MaskedAbsoluteError(_SeriesLoss):
    """The mean absolute error of the targets that are there, or the Huber loss.

    Args:
        delta: Errors below it are squared, and divided by twice `delta`, so that the gradient is
            continuous; larger ones lose half of it. 0: the plain absolute error.
        name: Name of the loss.
        **kwargs: Keras loss arguments.

    Call arguments:
        y_true: ``(batch, time)``; NaN or infinite: not counted.
        y_pred: ``(batch, time)`` or ``(batch, time, 1)``.
        sample_weight: Weights of the rows ``(batch,)``, or of the steps ``(batch, time)``.

    Returns:
        The weighted mean over the steps that count, scalar; 0 where there are none.

    Raises:
        ValueError: For a negative `delta`.

    Example:
        >>> float(MaskedAbsoluteError()([[1.0, float("nan")]], [[3.0, 7.0]]))
        2.0
        >>> float(MaskedAbsoluteError(delta=1.0)([[1.0, 1.0]], [[3.0, 1.5]]))  # 1.5 and 0.125
        0.8125

    Reference:
        Huber (1964), https://doi.org/10.1214/aoms/1177703732, here divided by `delta`
    """

    def __init__(self, delta: float = 0.0, name: str = "masked_absolute_error", **kwargs):
        super().__init__(name, **kwargs)
        if not delta >= 0:
            raise ValueError(f"Argument `delta` must not be negative. Received: delta={delta}")
        self.delta = delta

    def steps(self, y_true, y_pred):
        error = ops.abs(y_true - y_pred)
        if not self.delta:
            return error
        # A small error of its own for the square, lest that of a large one overflow.
        near = ops.minimum(error, self.delta)
        return error - near + ops.square(near) / (2 * self.delta)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {**super().get_config(), "delta": self.delta}


@keras.saving.register_keras_serializable(package="seqsuite")
class PinballLoss(_SeriesLoss):
    """The quantile loss: the mean over levels of how far, and on which side, the target lies.

    Twice the mean over many evenly spaced levels is the continuous ranked probability score.

    Args:
        levels: Probabilities of the quantiles, each in (0, 1).
        name: Name of the loss.
        **kwargs: Keras loss arguments.

    Call arguments:
        y_true: ``(batch, time)``; NaN or infinite: not counted.
        y_pred: ``(batch, time, len(levels))``.
        sample_weight: Weights of the rows ``(batch,)``, or of the steps ``(batch, time)``.

    Returns:
        The weighted mean over the steps that count, scalar; 0 where there are none.

    Raises:
        ValueError: For levels outside (0, 1).

    Example:
        >>> loss = PinballLoss([0.1, 0.5])
        >>> round(float(loss([[2.0]], [[[1.0, 1.0]]])), 4)  # 0.1 and 0.5
        0.3

    Reference:
        Koenker and Bassett (1978), https://doi.org/10.2307/1913643
    """

    wide = True

    def __init__(self, levels: Sequence[float], name: str = "pinball_loss", **kwargs):
        super().__init__(name, **kwargs)
        self.levels = [float(level) for level in levels]
        if not self.levels or not all(0 < level < 1 for level in self.levels):
            raise ValueError(
                f"Argument `levels` must be probabilities in (0, 1). Received: levels={levels}"
            )

    def steps(self, y_true, y_pred):
        if y_pred.shape[-1] != len(self.levels):
            raise ValueError(
                f"Argument `y_pred` must have {len(self.levels)} quantiles on its last axis. "
                f"Received: y_pred of shape {tuple(y_pred.shape)}"
            )
        error = y_true[..., None] - y_pred
        levels = ops.convert_to_tensor(self.levels, dtype=error.dtype)
        return ops.mean(ops.maximum(levels * error, (levels - 1.0) * error), axis=-1)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {**super().get_config(), "levels": self.levels}


@keras.saving.register_keras_serializable(package="seqsuite")
class NegativeLogLikelihood(_SeriesLoss):
    """How improbable the targets are under predicted distributions, in nats.

    Args:
        distribution: Name of the distribution, of :mod:`seqsuite.distributions`.
        name: Name of the loss.
        **kwargs: Keras loss arguments.

    Call arguments:
        y_true: ``(batch, time)``; NaN or infinite: not counted.
        y_pred: ``(batch, time, parameters)`` as from ``distributions.join``; called by hand, also
            the dict of parameters that a :class:`seqsuite.layers.DistributionHead` gives.
        sample_weight: Weights of the rows ``(batch,)``, or of the steps ``(batch, time)``.

    Returns:
        The weighted mean over the steps that count, scalar; 0 where there are none.

    Raises:
        ValueError: For an unknown distribution.

    Example:
        >>> loss = NegativeLogLikelihood("normal")
        >>> round(float(loss([[0.0]], [[[0.0, 1.0]]])), 4)
        0.9189

    Reference:
        Salinas et al. (2020), https://arxiv.org/abs/1704.04110
    """

    wide = True

    def __init__(self, distribution: str, name: str = "negative_log_likelihood", **kwargs):
        super().__init__(name, **kwargs)
        self.distribution = distributions.check_distribution(distribution)

    def __call__(self, y_true, y_pred, sample_weight=None):
        if isinstance(y_pred, dict):
            y_pred = distributions.join(self.distribution, y_pred)
        return super().__call__(y_true, y_pred, sample_weight)

    def steps(self, y_true, y_pred):
        parameters = distributions.split(self.distribution, y_pred)
        return -distributions.log_prob(self.distribution, y_true, parameters)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {**super().get_config(), "distribution": self.distribution}
