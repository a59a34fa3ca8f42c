"""Models whose training step is traced once."""

from __future__ import annotations

from typing import Any

import keras


def build_for_training(model: keras.Model, features: Any = None, targets: Any = None) -> None:
    """Make what Keras makes while it traces the first step; made there, all is traced twice.

    Args:
        model: A compiled model.
        features: A batch, for a model that is built by its first call or has several losses.
        targets: Those of a model that has several losses.
    """
    outputs = None if features is None else model(features, training=False)
    model.optimizer.build(model.trainable_variables)
    if targets is not None:
        model.compute_loss(features, targets, outputs)
