"""The end of a tagger: from states to tags, how sure they are, and the loss that teaches them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from seqsuite.layers import CRF, CRFDecoder
from seqsuite.layers.crf_decoder import answer_probability
from seqsuite.losses import CRFLoss, TagCrossentropy

Tensor = Any


def softmax_head(
    logits: Tensor, answers: Sequence[str], label_smoothing: float = 0.0, **loss_arguments: Any
) -> tuple[dict[str, Tensor], keras.losses.Loss]:
    """Tag words one by one.

    Args:
        logits: ``(batch, time, num_tags)`` of a functional model.
        answers: What each tag is answered as; `confidence` is the probability of the answer.
        label_smoothing: Share of the target's mass spread over all tags.
        **loss_arguments: Further arguments of :class:`seqsuite.losses.TagCrossentropy`.

    Returns:
        ``logits``, ``tags`` int32 ``(batch, time)`` and ``confidence`` float32 ``(batch, time)``;
        and the loss of the logits.
    """
    probabilities = keras.layers.Softmax(dtype="float32")(logits)
    tags = ops.cast(ops.argmax(logits, axis=-1), "int32")
    confidence = answer_probability(probabilities, tags, answers)
    outputs = {"logits": logits, "tags": tags, "confidence": confidence}
    return outputs, TagCrossentropy(label_smoothing, **loss_arguments)


def crf_head(
    logits: Tensor,
    lengths: Tensor,
    answers: Sequence[str],
    forbidden: Sequence[Sequence] = ((), (), ()),
    **loss_arguments: Any,
) -> tuple[dict[str, Tensor], keras.losses.Loss]:
    """Tag sequences of words.

    Args:
        logits: ``(batch, time, num_tags)`` of a functional model.
        lengths: Integer ``(batch,)``.
        answers: As for :func:`softmax_head`.
        forbidden: What :func:`seqsuite.spans.span_constraints` gives.
        **loss_arguments: Further arguments of :class:`seqsuite.losses.CRFLoss`.

    Returns:
        As :func:`softmax_head`; ``logits`` are the CRF's potentials, and the loss is theirs.
    """
    crf = CRF(len(answers), *forbidden, name="crf")
    potentials = crf(logits, lengths=lengths)
    decoded = CRFDecoder(crf, answers)(potentials, lengths=lengths)
    return {"logits": potentials, **decoded}, CRFLoss(crf, **loss_arguments)
