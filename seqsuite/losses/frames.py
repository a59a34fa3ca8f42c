"""Loss of sequences of binary vectors."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="seqsuite")
class FrameCrossentropy(keras.losses.Loss):
    """Binary cross-entropy of frames: the sum over a frame's values, the mean over real frames.

    Args:
        padding_value: The value of padded frames.
        name: Name of the loss.
        **kwargs: Keras loss arguments.

    Call arguments:
        y_true: Zeros and ones int ``(batch, time, values)``.
        y_pred: Logits ``(batch, time, values)``.

    Returns:
        Nats a frame, scalar; 0 without real frames.

    Example:
        >>> loss = FrameCrossentropy()
        >>> round(float(loss([[[0, 1], [-1, -1]]], keras.ops.zeros((1, 2, 2)))), 4)  # 2 log 2
        1.3863
    """

    def __init__(self, padding_value: int = -1, name: str = "frame_crossentropy", **kwargs):
        kwargs.setdefault("reduction", "mean_with_sample_weight")
        super().__init__(name=name, **kwargs)
        self.padding_value = padding_value

    def __call__(self, y_true, y_pred, sample_weight=None):
        y_true = ops.cast(y_true, "int32")
        weights = ops.cast(ops.not_equal(y_true[..., 0], self.padding_value), y_pred.dtype)
        if sample_weight is not None:
            sample_weight = ops.cast(sample_weight, weights.dtype)
            if len(sample_weight.shape) == 1:
                sample_weight = sample_weight[:, None]
            weights = weights * sample_weight
        return super().__call__(y_true, y_pred, weights)

    def call(self, y_true, y_pred):
        targets = ops.cast(ops.maximum(y_true, 0), y_pred.dtype)
        return ops.sum(ops.softplus(y_pred) - targets * y_pred, axis=-1)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {**super().get_config(), "padding_value": self.padding_value}
