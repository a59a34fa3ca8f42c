"""The network of the character language model: a recurrent stack that keeps its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from seqsuite.layers import ActivationRegularization, RecurrentStack, SymbolEmbedding
from seqsuite.losses import TagCrossentropy
from seqsuite.models import TruncatedBackpropagation
from seqsuite.tasks.char_lm.config import CharLmConfig
from seqsuite.training.optimizers import build_optimizer

if TYPE_CHECKING:
    from seqsuite.tasks.char_lm.preprocessor import CharacterPreprocessor


def build_language_model(recipe: CharLmConfig, preprocessor: CharacterPreprocessor) -> keras.Model:
    """Return the compiled network: symbols and states -> logits and states."""
    config, num_symbols = recipe.model, preprocessor.num_symbols
    numbers = range(config.num_layers * (2 if config.cell == "lstm" else 1))
    ids = keras.Input((None,), dtype="int32", name="token_ids")
    states = [keras.Input((config.units,), name=f"state_{i}") for i in numbers]
    embedding = SymbolEmbedding(
        num_symbols, config.embedding_size, config.embedding_dropout, name="embedding"
    )
    regularization = {
        "dropout": config.variational_dropout,
        "variational": True,
        "weight_drop": config.recurrent_weight_drop,
    }
    stack = RecurrentStack(
        config.units, cell=config.cell, num_layers=config.num_layers,
        connection=config.connection, regularization=regularization,
        return_state=True, name="stack",
    )  # fmt: skip
    x, *finals = stack(embedding(ids), initial_state=states)
    x = keras.layers.Dropout(config.dropout, noise_shape=(None, 1, None))(x)
    x = ActivationRegularization(config.activation_regularization, config.temporal_regularization)(
        x
    )
    if config.tie_weights:
        logits = embedding(x, reverse=True)
    else:
        logits = keras.layers.Dense(num_symbols, name="logits")(x)
    inputs = {"token_ids": ids} | {state.name: state for state in states}
    outputs = {"logits": logits} | {f"state_{i}": finals[i] for i in numbers}
    inner = keras.Model(inputs, outputs, name="char_lm")
    training = recipe.training
    model = TruncatedBackpropagation(inner, training.max_batch_size)
    model.compile(optimizer=build_optimizer(training), loss=TagCrossentropy())
    return model
