"""Optimizers of the training section."""

from __future__ import annotations

import keras

from seqsuite.config import TrainingConfig


def build_optimizer(
    training: TrainingConfig, learning_rate: float | None = None
) -> keras.Optimizer:
    """Return the configured optimizer; the trainer moves its learning rate.

    Args:
        training: The training section.
        learning_rate: Peak learning rate; that of the section when None.

    Returns:
        Adam, or AdamW with decay on matrices alone (biases and gains keep their size), clipping by
        global norm when ``clip_norm`` is positive.

    Example:
        >>> type(build_optimizer(TrainingConfig(optimizer="adamw"))).__name__
        'AdamW'
    """
    rate = training.learning_rate if learning_rate is None else learning_rate
    clip = training.clip_norm if training.clip_norm > 0 else None
    if training.optimizer == "adam":
        return keras.optimizers.Adam(rate, global_clipnorm=clip)
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=training.weight_decay, global_clipnorm=clip
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
