"""The network of the handwriting task: a recurrent stack over points, and a mixture density."""

from __future__ import annotations

import keras
from keras import ops

from seqsuite.layers import BivariateMixtureHead, RecurrentStack
from seqsuite.losses import BivariateMixtureLoss
from seqsuite.tasks.handwriting.config import HandwritingConfig
from seqsuite.training.optimizers import build_optimizer

NUM_PEN_STATES = 3
MIN_SCALE = 0.02
"""Smallest standard deviation of an offset, in units of the offsets' spread."""
_LABEL_UNITS = 32


def build_handwriting_model(recipe: HandwritingConfig, num_labels: int = 0) -> keras.Model:
    """Return the compiled network: points -> parameters of each point, given those before it.

    The first point is predicted from a step of zeros.

    Args:
        recipe: The configuration.
        num_labels: Labels that drawings are conditioned on; ids are 1 to ``num_labels``.
    """
    config = recipe.model
    points = keras.Input((None, 3), name="points")
    length = keras.Input((), dtype="int32", name="length")
    inputs = {"points": points, "length": length}
    before = ops.pad(pen_features(points)[:, :-1], [[0, 0], [1, 0], [0, 0]])
    if config.condition_on_label:
        inputs["label_id"] = keras.Input((), dtype="int32", name="label_id")
        embedding = keras.layers.Embedding(num_labels + 1, _LABEL_UNITS, name="label_embedding")
        before = with_label(before, embedding(inputs["label_id"]))
    stack = RecurrentStack(
        config.units,
        cell=config.cell,
        num_layers=config.num_layers,
        regularization={"dropout": config.dropout},
        return_state=True,
        name="stack",
    )
    features, *_ = stack(before, lengths=length)
    features = keras.layers.Dropout(config.dropout, name="dropout")(features)
    head = BivariateMixtureHead(config.num_components, NUM_PEN_STATES, MIN_SCALE, name="head")
    model = keras.Model(inputs, {"parameters": head(features)}, name="handwriting")
    loss = BivariateMixtureLoss(NUM_PEN_STATES)
    model.compile(optimizer=build_optimizer(recipe.training), loss={"parameters": loss})
    return model


def pen_features(points):
    """Return what the network reads of points: offsets, and whether the pen is down or up.

    Args:
        points: Floats ``(..., 3)``.

    Returns:
        Floats ``(..., 4)``.
    """
    up = points[..., 2:]
    return ops.concatenate([points[..., :2], 1.0 - up, up], axis=-1)


def with_label(features, embedded):
    """Return features ``(batch, time, width)`` with a vector ``(batch, units)`` at each step."""
    repeated = ops.zeros_like(features[..., :1]) + embedded[:, None]
    return ops.concatenate([features, repeated], axis=-1)
