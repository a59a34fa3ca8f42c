"""The end of a tagger: tags and how sure they are, from the potentials of a CRF."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.crf import CRF

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class CRFDecoder(keras.layers.Layer):
    """Decode the potentials of a :class:`CRF`.

    The decoder has no weights of its own: it uses those of `crf`, which a model that holds both
    layers counts and saves once, and shares again when loaded from a ``.keras`` file. Rebuilding
    such a model by ``from_config`` or ``clone_model`` alone parts the two, as for every layer that
    Keras finds in two places.

    Args:
        crf: The layer that made the potentials.
        **kwargs: Keras layer arguments.

    Call arguments:
        potentials: ``(batch, time, num_tags)``, what `crf` returned.
        lengths: Integer ``(batch,)``, or ``None`` when every step is real.

    Returns:
        A dict of ``"tags"``, int32 ``(batch, time)``, the most probable sequence, and
        ``"confidence"``, float32 ``(batch, time)``, the probability of each of those tags given the
        whole row; zeros at padded steps.

    Masking:
        By `lengths` only; a mask that Keras attached to the inputs is not read.

    Example:
        >>> crf = CRF(2, forbidden_transitions=[(1, 1)])
        >>> potentials = crf(keras.ops.array([[[0.0, 2.0], [0.0, 1.0]]]))
        >>> decoded = CRFDecoder(crf)(potentials)
        >>> decoded["tags"].numpy().tolist()
        [[1, 0]]
        >>> [[round(float(p), 2) for p in row] for row in decoded["confidence"]]
        [[0.67, 0.76]]
    """

    def __init__(self, crf: CRF, **kwargs):
        super().__init__(autocast=False, **kwargs)
        if not isinstance(crf, CRF):
            raise ValueError(f"Argument `crf` must be a CRF layer. Received: crf={crf!r}")
        self.crf = crf
        self.built = True

    def call(self, potentials: Tensor, lengths: Tensor | None = None) -> dict[str, Tensor]:
        """Find the most probable tags and their marginal probabilities."""
        tags, _ = self.crf.viterbi(potentials, lengths)
        marginals = self.crf.marginals(potentials, lengths)
        chosen = ops.one_hot(tags, self.crf.num_tags, dtype="float32")
        return {"tags": tags, "confidence": ops.sum(marginals * chosen, axis=-1)}

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "crf": keras.saving.serialize_keras_object(self.crf)}

    @classmethod
    def from_config(cls, config: dict):
        """Rebuild the decoder and the CRF, or find the CRF that a model being loaded has."""
        return cls(**{**config, "crf": keras.saving.deserialize_keras_object(config["crf"])})
