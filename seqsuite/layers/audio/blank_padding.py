"""The lengths of utterances, passed on to a CTC loss and to decoders in the logits."""

from __future__ import annotations

import keras

from seqsuite.ctc_padding import force_blank


@keras.saving.register_keras_serializable(package="seqsuite")
class BlankPadding(keras.layers.Layer):
    """Make padded frames blank with probability 1: the last layer of a model for CTC.

    Such frames change no probability of any labelling, so whatever reads the logits needs no
    lengths: :class:`seqsuite.losses.CTCLoss`, the search of :mod:`seqsuite.decoding`, or a decoder
    from elsewhere. No gradient comes back from them.

    A model with this layer is not compiled by XLA: the kernel of the loss has no form for it.

    Args:
        blank: Index of the blank.
        **kwargs: Keras layer arguments. The dtype is float32 unless given, whatever the policy.

    Call arguments:
        logits: ``(batch, frames, symbols)``.
        lengths: Real frames of each row, int ``(batch,)``.

    Returns:
        Logits of the same shape; at padded frames 0 for the blank and -1e9 for all others.

    Example:
        >>> logits = BlankPadding()(keras.ops.ones((1, 3, 2)), lengths=keras.ops.array([1]))
        >>> keras.ops.softmax(logits).numpy().tolist()
        [[[0.5, 0.5], [1.0, 0.0], [1.0, 0.0]]]
    """

    def __init__(self, blank: int = 0, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.blank = blank
        self.supports_jit = False
        self.supports_masking = True
        self.built = True

    def call(self, logits, lengths):
        return force_blank(logits, lengths, self.blank)

    def compute_mask(self, inputs, previous_mask=None):
        """End a mask that Keras carries along: the lengths replace it, and a loss has no steps."""
        return None

    def compute_output_shape(self, logits_shape, lengths_shape=None):
        """Return the shape of the logits."""
        return logits_shape

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {**super().get_config(), "blank": self.blank}
