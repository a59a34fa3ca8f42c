"""Predicted chords of whole pieces."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.batching import EncodedExamples, RaggedColumn
from seqsuite.layers import NADEHead
from seqsuite.tasks.music.notes import NUM_KEYS
from seqsuite.training.model_runner import Predictor

_STEPS_AT_ONCE = 4096


class ChordPredictor:
    """Run the network over encoded pieces, and predict the chord of each step.

    A key is predicted where its probability is above one half; with the autoregressive output,
    given the lower keys that are predicted.

    Args:
        model: The network.
        chords: Whether to predict chords beside the logits, key by key where keys depend on others.
    """

    def __init__(self, model: keras.Model, chords: bool):
        self.head = model.get_layer("head")
        self.chords = chords
        outputs = dict(model.output)
        if chords and isinstance(self.head, NADEHead):
            outputs["features"] = self.head.input[0]
        self.predictor = Predictor(keras.Model(model.input, outputs))

    def __call__(self, encoded: EncodedExamples) -> dict[str, RaggedColumn]:
        """Return ``logits`` and, where chords are predicted, ``frames``."""
        outputs = self.predictor(encoded)
        logits = outputs["logits"]
        assert isinstance(logits, RaggedColumn)
        if not self.chords:
            return {"logits": logits}
        if "features" not in outputs:
            frames = logits.values > 0
        else:
            column = outputs["features"]
            assert isinstance(column, RaggedColumn)
            features = column.values
            parts = [
                self._most_likely(features[start : start + _STEPS_AT_ONCE])
                for start in range(0, len(features), _STEPS_AT_ONCE)
            ]
            frames = np.concatenate([np.zeros((0, NUM_KEYS), bool), *parts])
        return {"logits": logits, "frames": RaggedColumn(frames, logits.starts)}

    def _most_likely(self, features: np.ndarray) -> np.ndarray:
        numbers = tf.zeros((len(features), NUM_KEYS))
        values, _ = self.head.sample(tf.constant(features), numbers, temperature=0.0)
        return values.numpy() > 0
