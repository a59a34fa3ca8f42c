"""The network of the music task: a recurrent stack over chords, and a distribution of the next."""

from __future__ import annotations

import keras
from keras import ops

from seqsuite.layers import NADEHead, RecurrentStack
from seqsuite.losses import FrameCrossentropy
from seqsuite.tasks.music.config import MusicConfig
from seqsuite.tasks.music.notes import NUM_KEYS
from seqsuite.training.optimizers import build_optimizer

DEFAULT_NADE_UNITS = 64


def build_music_model(recipe: MusicConfig) -> keras.Model:
    """Return the compiled network: piano rolls -> logits of each step, given the steps before it.

    The first step is predicted from an empty one. Logits of the autoregressive output are given
    the lower keys of their own step, too.
    """
    config = recipe.model
    roll = keras.Input((None, NUM_KEYS), dtype="uint8", name="roll")
    length = keras.Input((), dtype="int32", name="length")
    frames = ops.cast(roll, "float32")
    before = ops.pad(frames[:, :-1], [[0, 0], [1, 0], [0, 0]])
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
    if config.output == "independent":
        logits = keras.layers.Dense(NUM_KEYS, name="head")(features)
    else:
        units = config.nade_units or DEFAULT_NADE_UNITS
        logits = NADEHead(NUM_KEYS, units, name="head")(features, frames)
    model = keras.Model({"roll": roll, "length": length}, {"logits": logits}, name="music")
    model.compile(optimizer=build_optimizer(recipe.training), loss={"logits": FrameCrossentropy()})
    return model
