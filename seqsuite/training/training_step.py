"""Compiled training steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.batching import EncodedExamples, batch_dataset
from seqsuite.training.weight_average import WeightAverage

Targets: TypeAlias = tf.Tensor | Mapping[str, tf.Tensor]


def compile_step(
    model: keras.Model,
    train: EncodedExamples,
    example: np.ndarray,
    mean_loss: tf.Variable,
    average: WeightAverage | None,
) -> Callable[[tuple, tf.Tensor], tf.Tensor]:
    """Return a training step: a function of a batch and its number in the epoch, from 1.

    Args:
        model: A compiled model.
        train: Encoded training examples.
        example: A batch of a plan, of one example.
        mean_loss: Mean of the losses of an epoch's batches; updated and returned by each step.
        average: Average of the weights; None for a model without targets.
    """
    if isinstance(model.loss, dict) and len(model.loss) > 1:
        _build_loss_trackers(model, next(iter(batch_dataset(train, [example]))))
    signature = [batch_dataset(train, []).element_spec, tf.TensorSpec((), tf.int32)]

    @tf.function(input_signature=signature, autograph=False)
    def step(batch, position):
        features, *rest = batch
        targets = None if average is None else targets_of_losses(model, rest[0])
        # Keras then reports the loss of this batch alone; the mean over the epoch is kept in a
        # variable of ours, which checkpoints hold.
        model.reset_metrics()
        loss = model.train_step((features, targets))["loss"]
        mean_loss.assign_add((loss - mean_loss) / tf.cast(position, loss.dtype))
        if average is not None:
            average.update()
        return mean_loss.read_value()

    return step


def targets_of_losses(model: keras.Model, targets: Targets) -> Targets:
    """Return the targets of a model's losses, without those for scores alone.

    Args:
        model: A compiled model.
        targets: A batch of encoded targets, or a dict of them.
    """
    if not isinstance(model.loss, dict):
        return targets
    if isinstance(targets, Mapping):
        return {name: targets[name] for name in model.loss}
    return dict.fromkeys(model.loss, targets)


def _build_loss_trackers(model: keras.Model, batch: tuple) -> None:
    """Let Keras create the trackers of several losses.

    Keras creates them on the first call; during tracing, that would cost a second trace (seconds).
    """
    features, targets, *_ = batch
    outputs = model(features, training=False)
    model.compute_loss(features, targets_of_losses(model, targets), outputs)
