"""Reversible scaling of series to a common level and spread."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.contracts import check_shape

Tensor = Any

# The center, which is subtracted, and the scale, which divides.
MODES = {
    "revin": ("mean", "deviation"),
    "last": ("last", "one"),
    "last_deviation": ("last", "deviation"),
    "mean_abs": ("zero", "mean_abs"),
    "none": ("zero", "one"),
}
# The minimum scale: above the numbers that processors flush to zero.
_MIN_SCALE = 1e-36


@keras.saving.register_keras_serializable(package="seqsuite")
class SeriesScaling(keras.layers.Layer):
    """Reversible scaling of each series to a common level and spread.

    Center and scale of a row come from its observed values alone, and pass no gradient. A row
    without observed values has center 0 and scale 1. Everything is computed in float32 (also under
    mixed precision) relative to the row's largest value, so values of 1e30 or 1e-30 neither
    overflow nor underflow; with ``"revin"`` and ``"last_deviation"`` the scaled history does not
    depend on the unit of the values.

    Args:
        mode: ``"revin"``: subtract the mean, divide by the standard deviation; ``"last"``: subtract
            the last observed value; ``"last_deviation"``: that, then divide by the standard
            deviation; ``"mean_abs"``: divide by one plus the mean absolute value, as DeepAR does,
            which depends on the unit of the values; ``"none"``: do not scale.
        affine: Learn a gain and a shift of the scaled values, which `inverse` undoes. The gain is
            the exponential of its weight, so it is never 0.
        epsilon: Its square is added to the variance, in units of the row's largest absolute value
            (or of 1 where that is 0). It is the scale of a constant series, whose forecasts so stay
            close to the constant.
        **kwargs: Keras layer arguments.

    Call arguments:
        history: float ``(batch, time)``.
        observed: bool or float ``(batch, time)``: whether each value exists; ``None``: all do. NaN
            and infinite values never exist.
        center: ``(batch, 1)``: with `scale`, use these instead of the row's own.
        scale: ``(batch, 1)``.
        reverse: Undo the scaling by `center` and `scale`; see `inverse`.

    Returns:
        The scaled history ``(batch, time)``, 0 where nothing is observed, the center
        ``(batch, 1)`` and the scale ``(batch, 1)``. With `reverse`, only the values.

    Raises:
        ValueError: For an unknown mode, an epsilon that is not positive, a reversal without center
            and scale, or arguments of another shape.

    Masking:
        By `observed` only: unobserved values at the end change nothing.

    Example:
        >>> scaling = SeriesScaling("last")
        >>> scaled, center, scale = scaling(ops.array([[3.0, 5.0, float("nan")]]))
        >>> scaled.numpy().tolist(), center.numpy().tolist()
        ([[-2.0, 0.0, 0.0]], [[5.0]])
        >>> scaling.inverse(ops.array([[1.0]]), center, scale).numpy().tolist()
        [[6.0]]

    Reference:
        Reversible instance normalisation: Kim et al. (2022),
        https://openreview.net/forum?id=cGDAkQo1C0p; subtracting the last value: Zeng et al. (2023),
        https://arxiv.org/abs/2205.13504; mean scaling: Salinas et al. (2020),
        https://arxiv.org/abs/1704.04110
    """

    def __init__(self, mode: str = "revin", affine: bool = False, epsilon: float = 1e-5, **kwargs):
        # No autocast: half precision would round the values on their way in.
        super().__init__(autocast=False, **kwargs)
        if mode not in MODES:
            raise ValueError(
                f"Argument `mode` must be one of {tuple(MODES)}. Received: mode={mode!r}"
            )
        if not epsilon > 0:
            raise ValueError(f"Argument `epsilon` must be positive. Received: epsilon={epsilon}")
        self.mode = mode
        self.affine = affine
        self.epsilon = epsilon
        if affine:
            self.log_gain = self._add_number("log_gain")
            self.shift = self._add_number("shift")
        self.built = True

    def _add_number(self, name: str) -> keras.Variable:
        return self.add_weight(
            shape=(), initializer="zeros", dtype="float32", autocast=False, name=name
        )

    def call(
        self,
        history: Tensor,
        observed: Tensor | None = None,
        center: Tensor | None = None,
        scale: Tensor | None = None,
        reverse: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        """Scale values, or undo the scaling."""
        history = ops.cast(history, "float32")
        given = center is not None and scale is not None
        if given:
            for name, tensor in (("center", center), ("scale", scale)):
                check_shape(name, tensor, (history.shape[0], 1))
        if reverse:
            if not given:
                raise ValueError(
                    "Arguments `center` and `scale` must be given with `reverse`. "
                    f"Received: center={center}, scale={scale}"
                )
            return self._undo(history, center, scale)
        exists = ops.isfinite(history)
        if observed is not None:
            check_shape("observed", observed, tuple(history.shape))
            exists = ops.logical_and(exists, ops.cast(observed, "bool"))
        history = ops.where(exists, history, 0.0)
        if not given:
            center, scale = self._statistics(ops.stop_gradient(history), exists)
        center, scale = ops.cast(center, "float32"), ops.cast(scale, "float32")
        scaled = (history - center) / scale
        if self.affine:
            scaled = scaled * ops.exp(self.log_gain) + self.shift
        return ops.where(exists, scaled, 0.0), center, scale

    def inverse(self, values: Tensor, center: Tensor, scale: Tensor) -> Tensor:
        """Return forecasts in the units of the history.

        Args:
            values: ``(batch, time)``, or ``(batch, time, quantiles or paths)``.
            center: ``(batch, 1)``, from the call.
            scale: ``(batch, 1)``, from the call.

        Returns:
            float32 of the shape of `values`.
        """
        return self(values, center=center, scale=scale, reverse=True)

    def _undo(self, values: Tensor, center: Tensor, scale: Tensor) -> Tensor:
        if len(values.shape) == 3:
            center, scale = center[:, :, None], scale[:, :, None]
        if self.affine:
            values = (values - self.shift) * ops.exp(-self.log_gain)
        return values * ops.cast(scale, "float32") + ops.cast(center, "float32")

    def _statistics(self, history: Tensor, exists: Tensor) -> tuple[Tensor, Tensor]:
        """Return center and scale, each ``(batch, 1)``; missing values of `history` are 0."""
        center_kind, scale_kind = MODES[self.mode]
        count = ops.sum(ops.cast(exists, "float32"), axis=1, keepdims=True)
        share = ops.cast(exists, "float32") / ops.maximum(count, 1.0)
        # Without `initial`, the maximum over no steps is an error.
        largest = ops.max(ops.abs(history), axis=1, keepdims=True, initial=0.0)
        unit = ops.where(largest > 0, ops.maximum(largest, _MIN_SCALE), 1.0)
        mean = unit * ops.sum(history / unit * share, axis=1, keepdims=True)
        center, scale = ops.zeros_like(mean), ops.ones_like(mean)
        if center_kind == "mean":
            center = mean
        elif center_kind == "last":
            center = last_observed(history, exists)
        if scale_kind == "deviation":
            # The difference first: it is exact where a series varies little about a high level.
            squares = ops.square((history - mean) / unit) * share
            variance = ops.sum(squares, axis=1, keepdims=True)
            scale = ops.sqrt(variance + self.epsilon**2) * unit
            scale = ops.maximum(scale, _MIN_SCALE)
        elif scale_kind == "mean_abs":
            scale = 1.0 + unit * ops.sum(ops.abs(history / unit) * share, axis=1, keepdims=True)
        return center, ops.where(count > 0, scale, 1.0)

    def compute_output_shape(
        self,
        history_shape,
        observed_shape=None,
        center_shape=None,
        scale_shape=None,
        reverse=False,
    ):
        """Return the shapes of the scaled history, the center and the scale."""
        if reverse:
            return tuple(history_shape)
        return tuple(history_shape), (history_shape[0], 1), (history_shape[0], 1)

    def compute_output_spec(self, history, observed=None, center=None, scale=None, reverse=False):
        """Return the shapes, always of float32."""
        shapes = self.compute_output_shape(history.shape, reverse=reverse)
        if reverse:
            return keras.KerasTensor(shapes, dtype="float32")
        return tuple(keras.KerasTensor(shape, dtype="float32") for shape in shapes)

    def get_config(self):
        """Return the constructor arguments."""
        config = {"mode": self.mode, "affine": self.affine, "epsilon": self.epsilon}
        return {**super().get_config(), **config}


def last_observed(history: Tensor, exists: Tensor) -> Tensor:
    """Return the last existing value of each row, ``(batch, 1)``; 0 where there is none."""
    steps = ops.arange(1, ops.shape(history)[1] + 1, dtype="int32")
    place = ops.where(exists, steps, 0)
    last = ops.max(place, axis=1, keepdims=True, initial=0)
    here = ops.logical_and(exists, place == last)
    return ops.sum(ops.where(here, history, 0.0), axis=1, keepdims=True)
