"""Losses that Keras lacks, or that must not change when a batch is padded."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="seqsuite")
class LabelCrossentropy(keras.losses.Loss):
    """Cross-entropy of label logits, with label smoothing and class weights.

    Args:
        multi_label: Labels are independent (sigmoid) rather than exclusive (softmax).
        label_smoothing: Share of the target's mass spread evenly over all labels, in [0, 1).
        class_weights: Weight of each label's examples; None weighs all alike.
        name: Name of the loss.
        **kwargs: Keras loss arguments.

    Call arguments:
        y_true: Label ids int ``(batch,)``, or 0/1 ``(batch, labels)`` when ``multi_label``.
        y_pred: Logits ``(batch, labels)``.

    Returns:
        The weighted mean over the batch, scalar.

    Example:
        >>> loss = LabelCrossentropy()
        >>> round(float(loss([0], keras.ops.array([[0.0, 0.0]]))), 4)
        0.6931
    """

    def __init__(
        self,
        multi_label: bool = False,
        label_smoothing: float = 0.0,
        class_weights: Sequence[float] | None = None,
        name: str = "label_crossentropy",
        **kwargs,
    ):
        kwargs.setdefault("reduction", "mean_with_sample_weight")
        super().__init__(name=name, **kwargs)
        if not 0 <= label_smoothing < 1:
            raise ValueError(
                "Argument `label_smoothing` must be in [0, 1). "
                f"Received: label_smoothing={label_smoothing}"
            )
        self.multi_label = multi_label
        self.label_smoothing = label_smoothing
        self.class_weights = None if class_weights is None else list(class_weights)

    def __call__(self, y_true, y_pred, sample_weight=None):
        if self.class_weights is not None:
            weights = ops.convert_to_tensor(self.class_weights, y_pred.dtype)
            target = ops.convert_to_tensor(y_true)
            if self.multi_label:
                # An example counts as much as the heaviest of its labels.
                drawn = ops.max(ops.cast(target, weights.dtype) * weights, axis=-1)
                drawn = ops.where(drawn > 0, drawn, ops.ones_like(drawn))
            else:
                drawn = ops.take(weights, ops.cast(target, "int32"))
            sample_weight = drawn if sample_weight is None else drawn * sample_weight
        return super().__call__(y_true, y_pred, sample_weight)

    def call(self, y_true, y_pred):
        num_labels = y_pred.shape[-1]
        if self.multi_label:
            target = ops.cast(y_true, y_pred.dtype)
            target = target * (1 - self.label_smoothing) + 0.5 * self.label_smoothing
            return ops.mean(ops.binary_crossentropy(target, y_pred, from_logits=True), axis=-1)
        target = ops.one_hot(ops.cast(y_true, "int32"), num_labels, dtype=y_pred.dtype)
        target = target * (1 - self.label_smoothing) + self.label_smoothing / num_labels
        return -ops.sum(target * ops.log_softmax(y_pred, axis=-1), axis=-1)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "multi_label": self.multi_label,
            "label_smoothing": self.label_smoothing,
            "class_weights": self.class_weights,
        }
