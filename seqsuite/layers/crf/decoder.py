"""Tags and their confidence from the potentials of a CRF."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from seqsuite.layers.crf.crf import CRF

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class CRFDecoder(keras.layers.Layer):
    """Most probable tags and their marginal probabilities from the potentials of a :class:`CRF`.

    The decoder has no weights of its own but shares those of `crf`; a model with both layers saves
    them once, and shares them again when it is loaded from a ``.keras`` file. ``from_config`` and
    ``clone_model`` alone do not keep the layers shared, as with all shared layers of Keras.

    Args:
        crf: The layer that computed the potentials.
        answers: The label that each tag is reported as. `confidence` sums over tags of one label,
            such as ``B`` and ``S`` of BIOES in BIO. None: every tag is a label.
        **kwargs: Keras layer arguments.

    Call arguments:
        potentials: Outputs of `crf`, ``(batch, time, num_tags)``.
        lengths: Integer ``(batch,)``, or ``None`` when every step is real.

    Returns:
        A dict of ``"tags"``, int32 ``(batch, time)``, the most probable sequence, and
        ``"confidence"``, float32 ``(batch, time)``, the marginal probability of each label given
        the whole row; zeros at padded steps.

    Raises:
        ValueError: For a number of answers other than the number of tags.

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
                f"Argument `answers` must have one label for each of {crf.num_tags} tags. "
                f"Received: answers={answers}"
            )
        self.crf = crf
        self.answers = None if answers is None else list(answers)
        self.built = True

    def call(self, potentials: Tensor, lengths: Tensor | None = None) -> dict[str, Tensor]:
        """Return the most probable tags and the marginal probabilities of their labels."""
        tags, _ = self.crf.viterbi(potentials, lengths)
        marginals = self.crf.marginals(potentials, lengths)
        answers = self.answers or range(self.crf.num_tags)
        return {"tags": tags, "confidence": answer_probability(marginals, tags, answers)}

    def compute_output_shape(self, potentials_shape, lengths_shape=None):
        """Return the shapes of the tags and of their probabilities."""
        return dict.fromkeys(("tags", "confidence"), tuple(potentials_shape[:2]))

    def compute_output_spec(self, potentials, lengths=None):
        """Return the shapes, int32 for the tags and float32 for their probabilities."""
        shape = tuple(potentials.shape[:2])
        return {
            "tags": keras.KerasTensor(shape, dtype="int32"),
            "confidence": keras.KerasTensor(shape, dtype="float32"),
        }

    def get_config(self):
        """Return the constructor arguments."""
        crf = keras.saving.serialize_keras_object(self.crf)
        return {**super().get_config(), "crf": crf, "answers": self.answers}

    @classmethod
    def from_config(cls, config: dict):
        """Rebuild the decoder with its CRF, which is that of the model when a file is loaded."""
        return cls(**{**config, "crf": keras.saving.deserialize_keras_object(config["crf"])})


def answer_probability(probabilities: Tensor, tags: Tensor, answers: Sequence[Hashable]) -> Tensor:
    """Return the probability of the label of each chosen tag, summed over its tags.

    Args:
        probabilities: ``(batch, time, num_tags)``.
        tags: Chosen tag ids ``(batch, time)``.
        answers: The label of each tag.

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
