"""The network of the memory task: a recurrent stack, and attention to earlier states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from seqsuite.errors import UserError
from seqsuite.layers import (
    AnswerAttention,
    BahdanauAttention,
    LuongAttention,
    MaskedPooling,
    RecurrentStack,
)
from seqsuite.losses import TagCrossentropy
from seqsuite.tasks.memory.config import MemoryConfig
from seqsuite.training.optimizers import build_optimizer

if TYPE_CHECKING:
    from seqsuite.tasks.memory.preprocessor import MemoryPreprocessor


def build_memory_model(recipe: MemoryConfig, preprocessor: MemoryPreprocessor) -> keras.Model:
    """Return the compiled network: encoded sequences -> answers."""
    config, problem = recipe.model, preprocessor.problem
    if problem.numeric and config.embedding_units:
        raise UserError(
            f"model.embedding_units is for symbols, and {problem.name} has numbers: leave it at 0."
        )
    length = keras.Input((), dtype="int32", name="length")
    if problem.numeric:
        steps = x = keras.Input((None, 2), name="numbers")
    else:
        steps = keras.Input((None,), dtype="int32", name="token_ids")
        symbols, width = preprocessor.num_symbols, config.embedding_units
        embed = keras.layers.Embedding(symbols, width, name="embedding") if width else None
        x = embed(steps) if embed else keras.ops.one_hot(steps, symbols)
    chrono = config.initialization == "chrono"
    stack = RecurrentStack(
        config.units,
        cell=config.cell,
        num_layers=config.num_layers,
        initialization={
            "recurrent": "orthogonal" if chrono else config.initialization,
            "longest_delay": max(3, preprocessor.longest) if chrono else 0,
        },
        name="stack",
    )
    x = stack(x, lengths=length)
    if config.attention != "none":
        if config.attention == "additive":
            attention = BahdanauAttention(config.attention_units)
        else:
            attention = LuongAttention("normalized")
        looks_back = AnswerAttention(attention, problem.num_recalled, name="answer_attention")
        x = keras.layers.Concatenate()([x, looks_back(x, lengths=length)])
    if problem.numeric:
        last = MaskedPooling("last", name="last")(x, lengths=length)
        outputs = {"value": keras.layers.Dense(1, name="value")(last)}
        losses = {"value": keras.losses.MeanSquaredError()}
    else:
        outputs = {"logits": keras.layers.Dense(len(problem.answers), name="logits")(x)}
        losses = {"logits": TagCrossentropy()}
    model = keras.Model({steps.name: steps, "length": length}, outputs, name="memory")
    model.compile(optimizer=build_optimizer(recipe.training), loss=losses)
    return model
