"""The end of a tagger: tags and how sure they are, from the potentials of a CRF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from seqsuite.layers.crf.crf import CRF

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
        answers: What each tag is answered as. Tags of one answer, such as ``B`` and ``S`` of BIOES
            where BIO is answered, are one answer to `confidence`. None: each tag is its own.
        **kwargs: Keras layer arguments.

    Call arguments:
        potentials: ``(batch, time, num_tags)``, what `crf` returned.
        lengths: Integer ``(batch,)``, or ``None`` when every step is real.

    Returns:
        A dict of ``"tags"``, int32 ``(batch, time)``, the most probable sequence, and
        ``"confidence"``, float32 ``(batch, time)``, the probability of each of those answers given
        the whole row; zeros at padded steps.

    Raises:
        ValueError: There is not one answer for each tag.

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

    def __init__(self, crf: CRF, answers: Sequence[str] | None = None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        if not isinstance(crf, CRF):
            raise ValueError(f"Argument `crf` must be a CRF layer. Received: crf={crf!r}")
        if answers is not None and len(answers) != crf.num_tags:
            raise ValueError(
                f"Argument `answers` must have one for each of {crf.num_tags} tags. "
                f"Received: answers={answers}"
            )
        self.crf = crf
        self.answers = None if answers is None else list(answers)
        self.built = True

    def call(self, potentials: Tensor, lengths: Tensor | None = None) -> dict[str, Tensor]:
        """Find the most probable tags and the marginal probabilities of their answers."""
        tags, _ = self.crf.viterbi(potentials, lengths)
        marginals = self.crf.marginals(potentials, lengths)
        answers = self.answers or range(self.crf.num_tags)
        return {"tags": tags, "confidence": answer_probability(marginals, tags, answers)}

    def get_config(self):
        """Return the constructor arguments."""
        crf = keras.saving.serialize_keras_object(self.crf)
        return {**super().get_config(), "crf": crf, "answers": self.answers}

    @classmethod
    def from_config(cls, config: dict):
        """Rebuild the decoder and the CRF, or find the CRF that a model being loaded has."""
        return cls(**{**config, "crf": keras.saving.deserialize_keras_object(config["crf"])})


def answer_probability(probabilities: Tensor, tags: Tensor, answers: Sequence[Any]) -> Tensor:
    """Sum the probabilities of all tags that are answered as the chosen one is.

    Args:
        probabilities: ``(batch, time, num_tags)``.
        tags: Chosen tag ids ``(batch, time)``.
        answers: What each tag is answered as.

    Returns:
        Probabilities ``(batch, time)``.

    Example:
        >>> found = answer_probability(keras.ops.array([[[0.5, 0.125, 0.375]]]),
        ...                            keras.ops.array([[2]]), ["B-x", "I-x", "B-x"])
        >>> found.numpy().tolist()
        [[0.875]]
    """
    alike = np.array([[a == b for b in answers] for a in answers], "float32")
    return ops.sum(probabilities * ops.take(alike, tags, axis=0), axis=-1)
