"""Losses of labels and of tags: cross-entropy, and the likelihood under a CRF."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from seqsuite.losses.crf import _recall_oriented


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


@keras.saving.register_keras_serializable(package="seqsuite")
class TagCrossentropy(LabelCrossentropy):
    """Cross-entropy of the tag of each real step: the mean over tokens, however they are padded.

    Args:
        label_smoothing: Share of the target's mass spread evenly over all tags, in [0, 1).
        padding_tag: What stands for a tag at padded steps, and at steps that have none.
        outside_tag: The tag of tokens outside of all spans, for `recall_cost`.
        recall_cost: Margin in nats by which every other tag must beat that one (Mohit et al. 2012,
            after Gimpel and Smith 2010); 0: none.
        name: Name of the loss.
        **kwargs: Keras loss arguments.

    Call arguments:
        y_true: Tag ids int ``(batch, time)``.
        y_pred: Logits ``(batch, time, tags)``.
        sample_weight: Weights of the rows ``(batch,)``, or of the steps ``(batch, time)``.

    Returns:
        The weighted mean over steps that have a tag, scalar; 0 where there are none.

    Example:
        >>> loss = TagCrossentropy()
        >>> round(float(loss([[1, -1]], keras.ops.zeros((1, 2, 4)))), 4)  # log 4
        1.3863
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        padding_tag: int = -1,
        outside_tag: int = 0,
        recall_cost: float = 0.0,
        name: str = "tag_crossentropy",
        **kwargs,
    ):
        super().__init__(label_smoothing=label_smoothing, name=name, **kwargs)
        self.padding_tag = padding_tag
        self.outside_tag = outside_tag
        self.recall_cost = recall_cost

    def __call__(self, y_true, y_pred, sample_weight=None):
        y_true = ops.cast(y_true, "int32")
        weights = ops.cast(ops.not_equal(y_true, self.padding_tag), y_pred.dtype)
        if sample_weight is not None:
            sample_weight = ops.cast(sample_weight, weights.dtype)
            if len(sample_weight.shape) == 1:
                sample_weight = sample_weight[:, None]
            weights = weights * sample_weight
        if self.recall_cost:
            y_pred = _recall_oriented(y_pred, y_true, self.outside_tag, self.recall_cost)
        return super().__call__(y_true, y_pred, weights)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        config = super().get_config()
        del config["multi_label"], config["class_weights"]
        own = ("padding_tag", "outside_tag", "recall_cost")
        return {**config, **{name: getattr(self, name) for name in own}}


@keras.saving.register_keras_serializable(package="seqsuite")
class TowerLoss(keras.losses.Loss):
    """The mean of a loss over towers, which all learn the same targets.

    Each tower is a model of its own up to what they share: it is not the loss of their mean, under
    which one tower could leave to others what it gets wrong.

    Args:
        loss: The loss of one tower, such as :class:`TagCrossentropy` or :class:`CRFLoss`, a mean
            over the batch.
        name: Name of the loss.
        **kwargs: Keras loss arguments.

    Call arguments:
        y_true: Targets ``(batch, time)``.
        y_pred: Scores ``(batch, time, towers, values)``.
        sample_weight: As `loss` takes it.

    Returns:
        Scalar.

    Example:
        >>> loss = TowerLoss(TagCrossentropy())
        >>> round(float(loss([[1, -1]], keras.ops.zeros((1, 2, 3, 4)))), 4)  # log 4
        1.3863
    """

    def __init__(self, loss: keras.losses.Loss, name: str = "tower_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        self.loss = loss

    def __call__(self, y_true, y_pred, sample_weight=None):
        # Towers become further rows of the batch, so that there is one loss however many they are.
        count, y_true = y_pred.shape[2], ops.convert_to_tensor(y_true)
        by_tower = ops.transpose(y_pred, (2, 0, 1, 3))
        rows = ops.reshape(by_tower, (-1, *ops.shape(by_tower)[2:]))
        if sample_weight is not None:
            sample_weight = _tiled(ops.convert_to_tensor(sample_weight), count)
        return self.loss(_tiled(y_true, count), rows, sample_weight)

    def call(self, y_true, y_pred):
        return self(y_true, y_pred)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {**super().get_config(), "loss": keras.saving.serialize_keras_object(self.loss)}

    @classmethod
    def from_config(cls, config: dict) -> TowerLoss:
        """Rebuild the loss and the one inside it."""
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})


def _tiled(rows, count: int):
    return ops.concatenate([rows] * count, axis=0)
