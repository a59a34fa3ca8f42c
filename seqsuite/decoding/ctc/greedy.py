"""CTC best-path decoding in the graph, with frames and confidence of each symbol."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

Tensor = Any


class CTCSymbols(NamedTuple):
    """Symbols of a batch of utterances.

    Attributes:
        ids: int32 ``(batch, symbols)``, -1 after the last of a row.
        starts: First frame of each symbol, int32 ``(batch, symbols)``, 0 after the last symbol.
        ends: The frame after the last one of each symbol, int32 ``(batch, symbols)``, 0 after the
            last symbol.
        confidences: Mean probability over the frames of each symbol, float32 ``(batch, symbols)``,
            0 after the last symbol.
        counts: Number of symbols of each row, int32 ``(batch,)``.
        log_probability: Log-probability of the path, not of the labelling, float32 ``(batch,)``.
    """

    ids: Tensor
    starts: Tensor
    ends: Tensor
    confidences: Tensor
    counts: Tensor
    log_probability: Tensor


def ctc_greedy_search(logits: Tensor, lengths: Tensor | None = None, blank: int = 0) -> CTCSymbols:
    """Take the most likely symbol of each frame, merge repeats and drop blanks.

    Args:
        logits: Floating ``(batch, frames, symbols)``.
        lengths: Real frames of each row, int ``(batch,)``; None when all are real, or
            :class:`seqsuite.layers.BlankPadding` filled the others.
        blank: Index of the blank.

    Returns:
        The symbols, as wide as the longest row.

    Reference:
        Graves, Fernández, Gomez, Schmidhuber, "Connectionist Temporal Classification: Labelling
        Unsegmented Sequence Data with Recurrent Neural Networks", 2006 (best path decoding).

    Example:
        >>> path = tf.constant([[0, 2, 2, 0, 2, 1]])
        >>> ids, starts, ends, *_ = ctc_greedy_search(9.0 * tf.one_hot(path, 3))
        >>> ids.numpy().tolist(), starts.numpy().tolist(), ends.numpy().tolist()
        ([[2, 2, 1]], [[1, 4, 5]], [[3, 5, 6]])
    """
    logits = tf.cast(logits, tf.float32)
    num_rows, num_frames = tf.shape(logits)[0], tf.shape(logits)[1]
    best = tf.argmax(logits, axis=-1, output_type=tf.int32)
    log_best = tf.reduce_max(tf.nn.log_softmax(logits), axis=-1)
    if lengths is not None:
        real = tf.sequence_mask(lengths, num_frames)
        best = tf.where(real, best, blank)
        log_best = tf.where(real, log_best, 0.0)
    before = tf.concat([tf.fill([num_rows, 1], blank), best], axis=1)[:, :num_frames]
    begins = tf.cast((best != blank) & (best != before), tf.int32)
    counts = tf.reduce_sum(begins, axis=1)
    width = tf.reduce_max(tf.concat([[0], counts], axis=0))
    # The frames of a symbol are a segment; blanks are in none.
    offsets = tf.range(num_rows)[:, None] * num_frames - 1
    segments = tf.where(best != blank, tf.cumsum(begins, axis=1) + offsets, -1)
    real_symbols = tf.sequence_mask(counts, width)

    def by_symbol(reduce, values, padding):
        reduced = reduce(values, segments, num_rows * num_frames)
        reduced = tf.reshape(reduced, [num_rows, num_frames])[:, :width]
        return tf.where(real_symbols, reduced, padding)

    frames = tf.broadcast_to(tf.range(num_frames), tf.shape(best))
    starts = by_symbol(tf.math.unsorted_segment_min, frames, 0)
    return CTCSymbols(
        ids=by_symbol(tf.math.unsorted_segment_max, best, -1),
        starts=starts,
        ends=by_symbol(tf.math.unsorted_segment_max, frames + 1, 0),
        confidences=by_symbol(tf.math.unsorted_segment_mean, tf.exp(log_best), 0.0),
        counts=counts,
        log_probability=tf.reduce_sum(log_best, axis=1),
    )
