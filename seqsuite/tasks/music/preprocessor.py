"""Texts of notes to piano rolls, and back, in the graph."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.batching import RaggedColumn
from seqsuite.data.examples import Examples
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.music.batches import TransposedPieces
from seqsuite.tasks.music.notes import HIGHEST, LOWEST, NUM_KEYS, REST, roll_of_text

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class RollPreprocessor(Preprocessor):
    """Turn texts of notes into piano rolls, and piano rolls into texts.

    The text is that of :mod:`seqsuite.tasks.music.notes`. What is no note of a piano is left out.

    Args:
        transpose: Pieces of training are moved up or down by at most this many semitones.
        **kwargs: Keras layer arguments.

    Call arguments:
        features: ``{"notes": string (batch,)}``.

    Returns:
        ``roll`` uint8 ``(batch, time, 88)``, zeros where padded, time at least 1; ``length`` int32
        ``(batch,)``.

    Example:
        >>> layer = RollPreprocessor()
        >>> encoded = layer({"notes": tf.constant(["60,64,67 - 62"])})
        >>> encoded["roll"].numpy().sum(axis=-1).tolist(), encoded["length"].numpy().tolist()
        ([[3, 0, 1]], [3])
    """

    ragged_features = ("roll",)

    def __init__(self, transpose: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.transpose = transpose
        names = [str(note) for note in range(LOWEST, HIGHEST + 1)]
        initializer = tf.lookup.KeyValueTensorInitializer(
            tf.constant([*names, REST]), tf.range(NUM_KEYS + 1)
        )
        self._table = tf.lookup.StaticHashTable(initializer, default_value=-1)

    def adapt(self, examples: Examples) -> None:
        """Learn nothing: the keys of a piano are known."""

    def call(self, features):
        roll, length, _ = self.read(features["notes"])
        return {"roll": roll, "length": length}

    def read(self, notes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the rolls and lengths of texts, and how many of their notes are unknown.

        Args:
            notes: Strings ``(batch,)``.
        """
        steps = tf.strings.split(notes)
        names = tf.strings.split(steps.flat_values, ",")
        keys = self._table.lookup(names.flat_values)
        rows = tf.cast(names.value_rowids(), tf.int32)
        num_steps = tf.shape(steps.flat_values)[0]
        places = tf.boolean_mask(tf.stack([rows, keys], axis=1), (keys >= 0) & (keys < NUM_KEYS))
        struck = tf.scatter_nd(places, tf.ones_like(places[:, 0]), [num_steps, NUM_KEYS])
        ragged = steps.with_flat_values(tf.cast(struck > 0, tf.uint8))
        roll = ragged.to_tensor(shape=[None, None, NUM_KEYS])
        roll = tf.pad(roll, [[0, 0], [0, tf.maximum(0, 1 - tf.shape(roll)[1])], [0, 0]])
        # Of each step, then of each row.
        unknown = tf.math.segment_sum(tf.cast(keys < 0, tf.int32), rows)
        unknown = tf.pad(unknown, [[0, num_steps - tf.shape(unknown)[0]]])
        num_unknown = tf.reduce_sum(steps.with_flat_values(unknown), axis=1)
        return roll, tf.cast(steps.row_lengths(), tf.int32), num_unknown

    def encode_labels(self, labels):
        return np.zeros(0, np.int32)

    def encode_targets(self, examples):
        rows = [roll_of_text(text).astype(np.int8) for text in examples.features["notes"]]
        return {"logits": RaggedColumn.from_rows(rows, padding=-1)}

    def encode(self, examples, training=False, chunk=512):
        """Return encoded pieces; see :meth:`Preprocessor.encode`."""
        encoded = super().encode(examples, training, chunk)
        if not (training and self.transpose):
            return encoded
        return TransposedPieces(
            encoded.features, encoded.targets, encoded.lengths, transpose=self.transpose
        )

    def decode(self, rolls, lengths):  # type: ignore[override]
        """Return the texts of piano rolls.

        Args:
            rolls: Bools ``(batch, time, 88)``.
            lengths: Integers ``(batch,)``.

        Returns:
            Strings ``(batch,)``.
        """
        steps = self.decode_steps(rolls)
        steps = tf.RaggedTensor.from_tensor(steps, lengths=lengths)
        return tf.strings.reduce_join(steps, axis=-1, separator=" ")

    def decode_steps(self, rolls: Tensor) -> Tensor:
        """Return the text of each step.

        Args:
            rolls: Bools ``(..., 88)``.

        Returns:
            Strings ``(...)``.
        """
        shape = tf.shape(rolls)[:-1]
        flat = tf.reshape(rolls, [-1, NUM_KEYS])
        names = tf.constant([str(note) for note in range(LOWEST, HIGHEST + 1)])
        struck = tf.ragged.boolean_mask(tf.broadcast_to(names, tf.shape(flat)), flat)
        joined = tf.strings.reduce_join(struck, axis=-1, separator=",")
        return tf.reshape(tf.where(joined == "", REST, joined), shape)
