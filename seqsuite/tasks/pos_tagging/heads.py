"""The end of a tagger: from states to tags, how sure they are, and the loss that teaches them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from seqsuite.layers import CRF, CRFDecoder
from seqsuite.layers.crf.decoder import answer_probability
from seqsuite.losses import CRFLoss, TagCrossentropy

Tensor = Any


def softmax_head(
    towers: Sequence[Tensor],
    answers: Sequence[str],
    label_smoothing: float = 0.0,
    **loss_arguments: Any,
) -> tuple[dict[str, Tensor], keras.losses.Loss]:
    """Tag words one by one.

    Args:
        towers: The logits of each tower of a functional model, ``(batch, time, num_tags)``; their
            mean is what tags.
        answers: What each tag is answered as; `confidence` is the probability of the answer.
        label_smoothing: Share of the target's mass spread over all tags.
        **loss_arguments: Further arguments of :class:`seqsuite.losses.TagCrossentropy`.

    Returns:
        ``logits`` as of :func:`stacked_towers`, ``tags`` int32 ``(batch, time)`` and ``confidence``
        float32 ``(batch, time)``; and the loss of the logits of one tower.
    """
    logits = _mean(towers)
    probabilities = keras.layers.Softmax(dtype="float32")(logits)
    tags = ops.cast(ops.argmax(logits, axis=-1), "int32")
    confidence = answer_probability(probabilities, tags, answers)
    outputs = {"logits": stacked_towers(towers), "tags": tags, "confidence": confidence}
    return outputs, TagCrossentropy(label_smoothing, **loss_arguments)


def crf_head(
    towers: Sequence[Tensor],
    lengths: Tensor,
    answers: Sequence[str],
    forbidden: Sequence[Sequence] = ((), (), ()),
    **loss_arguments: Any,
) -> tuple[dict[str, Tensor], keras.losses.Loss]:
    """Tag sequences of words.

    Towers have one CRF in common, so that the mean of their potentials gives each sequence of tags
    the mean of its scores.

    Args:
        towers: As for :func:`softmax_head`.
        lengths: Integer ``(batch,)``.
        answers: As for :func:`softmax_head`.
        forbidden: What :func:`seqsuite.text.spans.span_constraints` gives.
        **loss_arguments: Further arguments of :class:`seqsuite.losses.CRFLoss`.

    Returns:
        As :func:`softmax_head`; ``logits`` are the CRF's potentials, and the loss is theirs.
    """
    crf = CRF(len(answers), *forbidden, name="crf")
    potentials = [crf(logits, lengths=lengths) for logits in towers]
    decoded = CRFDecoder(crf, answers)(_mean(potentials), lengths=lengths)
    return {"logits": stacked_towers(potentials), **decoded}, CRFLoss(crf, **loss_arguments)


def stacked_towers(towers: Sequence[Tensor]) -> Tensor:
    """Return the scores of all towers, for :class:`seqsuite.losses.TowerLoss`.

    Args:
        towers: ``(batch, time, values)`` each.

    Returns:
        ``(batch, time, towers, values)``; those of a single tower as they are.

    Example:
        >>> stacked_towers([ops.zeros((2, 5, 3)), ops.zeros((2, 5, 3))]).shape
        TensorShape([2, 5, 2, 3])
    """
    if len(towers) == 1:
        return towers[0]
    return ops.concatenate([scores[:, :, None] for scores in towers], axis=2)


def _mean(towers: Sequence[Tensor]) -> Tensor:
    return keras.layers.Average()(list(towers)) if len(towers) > 1 else towers[0]
