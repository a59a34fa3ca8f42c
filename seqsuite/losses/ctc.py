"""Connectionist temporal classification with true lengths, on TensorFlow's sparse kernel."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from seqsuite.layers.audio.blank_padding import frame_lengths

Tensor = Any


def ctc_minimum_frames(labels: Tensor, padding_label: int = -1) -> Tensor:
    """Count the frames that each transcript needs: one a label, one blank between two equal ones.

    Args:
        labels: int ``(batch, max_labels)``.
        padding_label: What stands after the labels of a row.

    Returns:
        int32 ``(batch,)``.

    Example:
        >>> ctc_minimum_frames(ops.array([[1, 2, 2], [3, -1, -1], [-1, -1, -1]])).numpy().tolist()
        [4, 1, 0]
    """
    labels = ops.cast(labels, "int32")
    real = ops.not_equal(labels, padding_label)
    repeated = ops.logical_and(labels[:, 1:] == labels[:, :-1], real[:, 1:])
    needed = [ops.sum(ops.cast(counted, "int32"), axis=1) for counted in (real, repeated)]
    return needed[0] + needed[1]


def ctc_fits(labels: Tensor, input_lengths: Tensor, padding_label: int = -1) -> Tensor:
    """Tell which transcripts their utterances can hold; the others have probability 0.

    Leave out of training what does not fit, and say how many that were:

        >>> labels = ops.array([[1, 2, 2], [1, 2, 3]])
        >>> ctc_fits(labels, [3, 3]).numpy().tolist()
        [False, True]

    Args:
        labels: int ``(batch, max_labels)``.
        input_lengths: Frames of the logits, int ``(batch,)``.
        padding_label: What stands after the labels of a row.

    Returns:
        bool ``(batch,)``.
    """
    return ctc_minimum_frames(labels, padding_label) <= ops.cast(input_lengths, "int32")


def ctc_loss(
    labels: Tensor,
    logits: Tensor,
    input_lengths: Tensor,
    blank: int = 0,
    padding_label: int = -1,
    zero_infinity: bool = False,
) -> Tensor:
    """Return the negative log-probability of each transcript, summed over all its alignments.

    What stands beyond the lengths changes neither values nor gradients, and gets no gradient. An
    empty transcript is one of blanks only. The kernel runs on the CPU and not under XLA
    (``jit_compile=False``), and adds up in float64 whatever the logits are.

    Args:
        labels: int ``(batch, max_labels)``, without blanks.
        logits: Floating ``(batch, frames, symbols)``; they are normalised here.
        input_lengths: Real frames of each row, int ``(batch,)``.
        blank: Index of the blank; TensorFlow's own decoders expect ``symbols - 1``.
        padding_label: What stands after the labels of a row.
        zero_infinity: Give 0, not infinity, for a transcript that does not fit; see `ctc_fits`.
            Its gradient is 0 in any case.

    Returns:
        Nats, float32 (float64 for float64 logits) ``(batch,)``.

    Raises:
        tensorflow.errors.InvalidArgumentError: A label is the blank or no symbol, or a length
            exceeds the frames.

    Reference:
        Graves, Fernández, Gomez, Schmidhuber, "Connectionist Temporal Classification: Labelling
        Unsegmented Sequence Data with Recurrent Neural Networks", 2006.

    Example:
        Of the nine paths over two frames and three equally likely symbols, three say "1": 11, 10
        and 01.

        >>> loss = ctc_loss(ops.array([[1, -1]]), ops.zeros((1, 2, 3)), [2])
        >>> round(float(ops.exp(-loss)[0]), 4)
        0.3333
    """
    logits, labels = tf.convert_to_tensor(logits), tf.cast(labels, tf.int32)
    dtype = tf.float64 if logits.dtype == tf.float64 else tf.float32
    # In float32 the kernel's gradient is wrong by 2e-4 after 200 frames, and by more after more; in
    # float64 by 2e-7, for a fifth more time.
    logits = tf.cast(logits, tf.float64)
    input_lengths = tf.cast(input_lengths, tf.int32)
    fits = ctc_fits(labels, input_lengths, padding_label)
    empty = tf.reduce_all(labels == padding_label, axis=1)
    usable = fits & ~empty
    losses = _kernel_losses(labels, logits, input_lengths, usable, blank, padding_label)
    losses = tf.where(empty, _blank_losses(logits, input_lengths, blank), losses)
    impossible = tf.constant(0.0 if zero_infinity else float("inf"), losses.dtype)
    return tf.cast(tf.where(fits, losses, impossible), dtype)


def _kernel_losses(labels, logits, input_lengths, usable, blank, padding_label):
    """Run the sparse kernel; rows that it cannot take say one symbol in one frame instead.

    So does one row more where there is none: a replica may get an empty share of the last batch.
    """
    num_rows = tf.shape(logits)[0]
    row = [[0, tf.maximum(1 - num_rows, 0)]]
    labels = tf.pad(labels, [*row, [0, 0]], constant_values=padding_label)
    logits = tf.pad(logits, [*row, [0, 0], [0, 0]])
    input_lengths, usable = tf.pad(input_lengths, row), tf.pad(usable, row)
    num_symbols = logits.shape[-1]
    # The kernel's blank is the last symbol. It would take the blank, and what is above it, for the
    # end of a transcript; it refuses what is negative.
    valid = (labels >= 0) & (labels < num_symbols) & (labels != blank)
    turned = tf.where(valid, (labels - blank - 1) % num_symbols, -1)
    turned = tf.pad(turned, [[0, 0], [1, 0]])  # column 0 is the one symbol
    real = tf.concat([~usable[:, None], (labels != padding_label) & usable[:, None]], axis=1)
    logits = tf.roll(logits, -blank - 1, axis=-1)
    # NaN in a row that does not count would come back through the gradient.
    logits = tf.where(usable[:, None, None], logits, tf.zeros_like(logits))
    one_frame = tf.maximum(1 - tf.shape(logits)[1], 0)
    logits = tf.pad(logits, [[0, 0], [0, one_frame], [0, 0]])
    losses, _ = tf.raw_ops.CTCLoss(
        inputs=tf.transpose(logits, [1, 0, 2]),
        labels_indices=tf.where(real),
        labels_values=tf.boolean_mask(turned, real),
        sequence_length=tf.where(usable, input_lengths, 1),
    )
    return losses[:num_rows]


def _blank_losses(logits, input_lengths, blank):
    """Return the losses of empty transcripts: every frame is blank."""
    frames = tf.sequence_mask(input_lengths, tf.shape(logits)[1])
    # Both sides: what padded frames hold must not come back through the gradient.
    logits = tf.where(frames[..., None], logits, tf.zeros_like(logits))
    log_blank = logits[..., blank] - tf.reduce_logsumexp(logits, axis=-1)
    return -tf.reduce_sum(tf.where(frames, log_blank, tf.zeros_like(log_blank)), axis=1)


@keras.saving.register_keras_serializable(package="seqsuite")
class CTCLoss(keras.losses.Loss):
    """The CTC loss of padded utterances, the mean over utterances of nats per transcript.

    Keras gives a loss no lengths. They stand in the logits: the last layer of the model is a
    :class:`seqsuite.layers.BlankPadding`, which makes every padded frame surely blank; the loss
    counts the frames before these. Without that layer all frames count. Logits and labels may then
    be padded as far as one likes: value and gradient stay.

    Args:
        blank: Index of the blank, the same as the layer's.
        padding_label: What stands after the labels of a row.
        zero_infinity: Count a transcript that does not fit as 0, not as infinity. Its gradient is
            0 in any case; better leave it out of the data, see `ctc_fits`.
        name: Name of the loss.
        **kwargs: Keras loss arguments.

    Call arguments:
        y_true: Labels int ``(batch, max_labels)``.
        y_pred: Logits ``(batch, frames, symbols)``.

    Returns:
        The weighted mean over the batch, scalar.

    Reference:
        Graves, Fernández, Gomez, Schmidhuber, "Connectionist Temporal Classification: Labelling
        Unsegmented Sequence Data with Recurrent Neural Networks", 2006.

    Example:
        >>> from seqsuite.layers import BlankPadding
        >>> features, length = keras.Input((None, 13)), keras.Input((), dtype="int32")
        >>> logits = BlankPadding()(keras.layers.Dense(29)(features), lengths=length)
        >>> model = keras.Model([features, length], logits)
        >>> model.compile("adam", loss=CTCLoss())
    """

    def __init__(
        self,
        blank: int = 0,
        padding_label: int = -1,
        zero_infinity: bool = False,
        name: str = "ctc_loss",
        **kwargs,
    ):
        kwargs = {"reduction": "mean_with_sample_weight", "dtype": "float32", **kwargs}
        super().__init__(name=name, **kwargs)
        self.blank = blank
        self.padding_label = padding_label
        self.zero_infinity = zero_infinity

    def call(self, y_true, y_pred):
        lengths = frame_lengths(y_pred, self.blank)
        return ctc_loss(y_true, y_pred, lengths, self.blank, self.padding_label, self.zero_infinity)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        own = ("blank", "padding_label", "zero_infinity")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}
