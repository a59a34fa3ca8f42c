"""Parameters of whole drawings, and drawings of the network's own."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.batching import EncodedExamples
from seqsuite.tasks.handwriting.preprocessor import StrokePreprocessor
from seqsuite.tasks.handwriting.server import HandwritingServer
from seqsuite.training.model_runner import Predictor

NUM_SAMPLES = 40


class StrokePredictor:
    """Run the network over encoded drawings, and let it draw.

    Args:
        model: The network.
        server: What draws; None: nothing is drawn.
    """

    def __init__(self, model: keras.Model, server: HandwritingServer | None = None):
        self.predictor = Predictor(model)
        self.server = server

    def __call__(self, encoded: EncodedExamples) -> dict[str, Any]:
        """Return ``parameters``, and ``samples``: texts of drawings from nothing, seeds 0 to 39."""
        outputs: dict[str, Any] = self.predictor(encoded)
        if self.server is not None:
            outputs["samples"] = draw_samples(
                self.server, self.server.preprocessor, int(encoded.lengths.max(initial=1))
            )
        return outputs


def draw_samples(
    server: HandwritingServer, preprocessor: StrokePreprocessor, max_points: int
) -> np.ndarray:
    """Return drawings from nothing, strings ``(40,)``, of each label in turn."""
    features = {
        "drawing": tf.fill([NUM_SAMPLES], ""),
        "max_points": tf.fill([NUM_SAMPLES], min(max_points, server.limits.max_generated)),
        "bias": tf.zeros([NUM_SAMPLES]),
        "seed": tf.range(NUM_SAMPLES),
    }
    if preprocessor.condition_on_label:
        labels = preprocessor.labels or [""]
        features["label"] = tf.constant([labels[i % len(labels)] for i in range(NUM_SAMPLES)])
    complete = tf.function(server, autograph=False)
    return complete(features)["completed"].numpy().astype(str)
