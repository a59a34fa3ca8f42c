"""Path data of drawings to points, and back, in the graph."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.batching import RaggedColumn
from seqsuite.data.examples import Examples
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.handwriting.batches import StretchedDrawings
from seqsuite.tasks.handwriting.strokes import MOVE, NUMBER, points_of_text

Tensor = Any

DOWN, UP, END = range(3)
"""What the pen does after a point: it draws on, is lifted, or the drawing ends."""

_TOKEN = f"^{MOVE}?{NUMBER},{NUMBER}$".replace(r"\d", "[0-9]")
_LARGEST = 1e6


@keras.saving.register_keras_serializable(package="seqsuite")
class StrokePreprocessor(Preprocessor):
    """Turn path data into points, with offsets in units of their spread in training.

    Text and points are those of :mod:`seqsuite.tasks.handwriting.strokes`. A token that is no point
    is read as the offset 0.

    Args:
        condition_on_label: Whether labels are read too.
        stretch: Drawings of training are stretched by up to this share along each axis.
        **kwargs: Keras layer arguments.

    Call arguments:
        features: ``{"drawing": string (batch,)}``, and ``label`` alike with labels.

    Returns:
        ``points`` float32 ``(batch, time, 3)``, time at least 1: offsets, and 1 where the pen is
        lifted after the point; ``length`` int32 ``(batch,)``; with labels ``label_id`` int32
        ``(batch,)``, 0 for an unknown one.

    Example:
        >>> layer = StrokePreprocessor()
        >>> layer({"drawing": tf.constant(["m0,0 1,2 m3,4"])})["points"].numpy().tolist()
        [[[0.0, 0.0, 0.0], [1.0, 2.0, 1.0], [3.0, 4.0, 0.0]]]
    """

    ragged_features = ("points",)
    state_names = ("scale", "labels")

    def __init__(self, condition_on_label: bool = False, stretch: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.condition_on_label = condition_on_label
        self.stretch = stretch
        self.scale = 1.0
        self.labels: list[str] = []
        self._build_tables()

    def adapt(self, examples: Examples) -> None:
        """Learn the spread of offsets, and the labels."""
        offsets = [points_of_text(text)[1:, :2] for text in examples.features["drawing"]]
        # The first point says where a drawing stands, not how it is drawn.
        values = np.concatenate(offsets)
        spread = float(values.std(dtype=float)) if len(values) else 0.0
        self.scale = spread if spread > 0 else 1.0
        if self.condition_on_label:
            self.labels = sorted({*examples.features["label"]} - {""})
        self._build_tables()

    def _build_tables(self):
        names = tf.constant(["", *self.labels])
        initializer = tf.lookup.KeyValueTensorInitializer(names, tf.range(1 + len(self.labels)))
        self._table = tf.lookup.StaticHashTable(initializer, default_value=0)

    def to_tensors(self, examples):
        names = ["drawing", "label"] if self.condition_on_label else ["drawing"]
        return {name: tf.constant(list(examples.features[name])) for name in names}

    def call(self, features):
        points, length, _ = self.read(features["drawing"])
        encoded = {"points": points, "length": length}
        if self.condition_on_label:
            encoded["label_id"] = self.label_ids(features["label"])
        return encoded

    def label_ids(self, labels: Tensor) -> Tensor:
        """Return the ids of labels, strings ``(batch,)``."""
        return self._table.lookup(labels)

    def read(self, drawings: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return points and lengths of texts, and how many of their tokens are no points.

        Args:
            drawings: Strings ``(batch,)``.
        """
        lifted = tf.strings.regex_full_match(drawings, rf"(?s).*\s{MOVE}\s*")
        tokens = tf.strings.split(tf.strings.regex_replace(drawings, rf"\s{MOVE}\s*$", " "))
        flat = tokens.flat_values
        valid = tf.strings.regex_full_match(flat, _TOKEN)
        text = tf.strings.regex_replace(tf.where(valid, flat, "0,0"), f"^{MOVE}", "")
        values = tf.strings.to_number(tf.strings.split(text, ",").flat_values)
        offsets = tf.reshape(values, [-1, 2])
        near = tf.reduce_all(tf.abs(offsets) <= _LARGEST, axis=-1)
        offsets = tf.where(near[:, None], offsets, 0.0) / self.scale
        padded = tokens.with_flat_values(offsets).to_tensor(shape=[None, None, 2])
        moves = tokens.with_flat_values(tf.cast(tf.strings.substr(flat, 0, 1) == MOVE, tf.float32))
        length = tf.cast(tokens.row_lengths(), tf.int32)
        # The pen is lifted before a move, and at the end where the text says so.
        up = tf.pad(moves.to_tensor(), [[0, 0], [0, 1]])[:, 1:]
        last = tf.one_hot(length - 1, tf.shape(up)[1])
        up += last * tf.cast(lifted, tf.float32)[:, None]
        points = tf.concat([padded, up[..., None]], axis=-1)
        missing = tf.maximum(0, 1 - tf.shape(points)[1])
        points = tf.pad(points, [[0, 0], [0, missing], [0, 0]])
        wrong = tokens.with_flat_values(tf.cast(~(valid & near), tf.int32))
        return points, length, tf.reduce_sum(wrong, axis=1)

    def encode_labels(self, labels):
        return np.zeros(0, np.int32)

    def encode_targets(self, examples):
        rows = []
        for text in examples.features["drawing"]:
            points = points_of_text(text)
            points[:, :2] /= np.float32(self.scale)
            points[-1:, 2] = END
            rows.append(points)
        return {"parameters": RaggedColumn.from_rows(rows, padding=-1)}

    def encode(self, examples, training=False, chunk=512):
        """Return encoded drawings; see :meth:`Preprocessor.encode`."""
        encoded = super().encode(examples, training, chunk)
        if not (training and self.stretch):
            return encoded
        return StretchedDrawings(
            encoded.features, encoded.targets, encoded.lengths, stretch=self.stretch
        )

    def decode(self, points, lengths):  # type: ignore[override]
        """Return the texts of drawings.

        Args:
            points: As from :meth:`call`, float ``(batch, time, 3)``; a pen that ends is up.
            lengths: Integers ``(batch,)``.

        Returns:
            Strings ``(batch,)``, ending in ``m`` where the pen is lifted but the drawing goes on.
        """
        lengths = tf.cast(lengths, tf.int32)
        offsets = tf.strings.as_string(points[..., :2] * self.scale, shortest=True)
        pen = points[..., 2]
        first = tf.ones_like(pen[:, :1])
        before = tf.concat([first, pen[:, :-1]], axis=1)
        move = tf.where(before > 0, MOVE, "")
        tokens = tf.strings.join([move, offsets[..., 0], ",", offsets[..., 1]])
        ragged = tf.RaggedTensor.from_tensor(tokens, lengths=lengths)
        text = tf.strings.reduce_join(ragged, axis=-1, separator=" ")
        last = tf.gather(pen, tf.maximum(lengths - 1, 0), axis=1, batch_dims=1)
        lifted = (lengths > 0) & (tf.round(last) == UP)
        return tf.where(lifted, text + f" {MOVE}", text)
