"""The loss of a conditional random field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import ops

if TYPE_CHECKING:
    from seqsuite.layers.crf.crf import CRF


def _recall_oriented(potentials, tags, outside_tag: int, cost: float):
    """Raise the potential of the outside tag by `cost` wherever it would be wrong.

    A model that is to overcome that margin in training says "outside" less readily in use: it finds
    more spans, for less precision.
    """
    missed = ops.logical_and(tags != outside_tag, tags >= 0)
    tag = ops.one_hot(outside_tag, potentials.shape[-1], dtype=potentials.dtype)
    return potentials + cost * ops.cast(missed, potentials.dtype)[..., None] * tag


@keras.saving.register_keras_serializable(package="seqsuite")
class CRFLoss(keras.losses.Loss):
    """Negative log-likelihood of tag sequences under a CRF, per token.

    The loss of a batch is the sum over its rows divided by the number of their real tokens, so
    padding changes nothing. A row's sample weight weighs it in the sum and its tokens in the
    number. What ``fit`` prints for an epoch is the mean over batches, each counted by its rows.

    The loss uses the weights of `crf`, and the loss of a model loaded from a ``.keras`` file those
    of the loaded CRF. For that, a model class of your own must have the CRF in its ``get_config``,
    as Keras asks of layers that are arguments; of another one, load with ``compile=False``.

    Args:
        crf: The :class:`seqsuite.layers.CRF` that made the potentials, or any Keras object with its
            ``log_likelihood(potentials, tags, lengths)``. It must be a layer of the trained model,
            or its weights are not trained.
        padding_tag: What stands for a tag at padded steps, at the end of each row.
        outside_tag: The tag of tokens outside of all spans, for `recall_cost`.
        recall_cost: Margin in nats by which every other tag must beat that one where it is right
            (Mohit et al. 2012, after Gimpel and Smith 2010); 0: none, the exact likelihood.
        name: Name of the loss.
        **kwargs: Keras loss arguments. The reduction ``"sum"`` gives the weighted sum over rows,
            ``None`` one value per row, neither divided by tokens.

    Call arguments:
        y_true: Tag ids int ``(batch, time)``.
        y_pred: Potentials ``(batch, time, tags)``, what `crf` returned.
        sample_weight: Weights of the rows, ``(batch,)``.

    Returns:
        The weighted mean over real tokens in nats, scalar; 0 where there are none.

    Example:
        >>> from seqsuite.layers import CRF
        >>> crf = CRF(4)
        >>> loss = CRFLoss(crf)
        >>> tags = keras.ops.array([[0, 3, 2], [1, -1, -1]])
        >>> round(float(loss(tags, crf(keras.ops.zeros((2, 3, 4))))), 4)  # log 4
        1.3863
    """

    def __init__(
        self,
        crf: CRF,
        padding_tag: int = -1,
        outside_tag: int = 0,
        recall_cost: float = 0.0,
        name: str = "crf_loss",
        **kwargs,
    ):
        kwargs = {"reduction": "mean_with_sample_weight", "dtype": "float32", **kwargs}
        super().__init__(name=name, **kwargs)
        if not hasattr(crf, "log_likelihood"):
            raise ValueError(
                "Argument `crf` must be a CRF layer, or have its method `log_likelihood`. "
                f"Received: crf={crf!r}"
            )
        self.crf = crf
        self.padding_tag = padding_tag
        self.outside_tag = outside_tag
        self.recall_cost = recall_cost

    def __call__(self, y_true, y_pred, sample_weight=None):
        # Each row is a mean over tokens and weighs as many: together, a mean over all tokens.
        weights = ops.cast(self._lengths(y_true), "float32")
        if sample_weight is not None:
            sample_weight = ops.cast(sample_weight, "float32")
            if len(sample_weight.shape) > 1 and sample_weight.shape[1] != 1:
                raise ValueError(
                    "Argument `sample_weight` must have one weight per row: a CRF has no loss of "
                    f"single tokens. Received: sample_weight of shape {sample_weight.shape}"
                )
            weights = weights * ops.reshape(sample_weight, (-1,))
        return super().__call__(y_true, y_pred, weights)

    def _lengths(self, y_true):
        real = ops.not_equal(ops.cast(y_true, "int32"), self.padding_tag)
        return ops.sum(ops.cast(real, "int32"), axis=-1)

    def call(self, y_true, y_pred):
        lengths, tags = self._lengths(y_true), ops.cast(y_true, "int32")
        if self.recall_cost:
            y_pred = _recall_oriented(y_pred, tags, self.outside_tag, self.recall_cost)
        likelihood = self.crf.log_likelihood(y_pred, tags, lengths)
        return -likelihood / ops.cast(ops.maximum(lengths, 1), likelihood.dtype)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "crf": keras.saving.serialize_keras_object(self.crf),
            "padding_tag": self.padding_tag,
            "outside_tag": self.outside_tag,
            "recall_cost": self.recall_cost,
        }

    @classmethod
    def from_config(cls, config: dict) -> CRFLoss:
        """Rebuild the loss and the CRF, or find the CRF that a model being loaded has."""
        return cls(**{**config, "crf": keras.saving.deserialize_keras_object(config["crf"])})
