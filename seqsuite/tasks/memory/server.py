"""What is exported of the memory task: a sequence in, the answer out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from seqsuite.config import TextServingConfig
from seqsuite.serving.limits import limited_texts
from seqsuite.serving.signatures import signature
from seqsuite.task import Serving

if TYPE_CHECKING:
    import keras

    from seqsuite.tasks.memory.preprocessor import MemoryPreprocessor


def serving(
    limits: TextServingConfig, preprocessor: MemoryPreprocessor, model: keras.Model
) -> Serving:
    """Return what is exported.

    Args:
        limits: The section ``serving`` of the task.
        preprocessor: An adapted ``MemoryPreprocessor``.
        model: The network.
    """

    def serve(features):
        sequence, truncated = limited_texts(features, "sequence", limits)
        encoded = preprocessor({"sequence": sequence})
        outputs = model(encoded, training=False)
        answer = preprocessor.decode({**outputs, "length": encoded["length"]})
        return {**answer, "truncated": truncated}

    sequences, _ = preprocessor.problem.generate(1, 8, 2, np.random.default_rng(0))
    return Serving(
        serve,
        signatures={"serving_default": signature(sequence=[tf.string])},
        requests={"serving_default": {"sequence": [*sequences, ""]}},
        example=f'"{sequences[0]}"',
    )
