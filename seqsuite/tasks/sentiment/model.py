"""The network of the sentiment task: a recurrent stack, pooling and a classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from seqsuite.errors import UserError
from seqsuite.layers import MaskedPooling, PerturbableEmbedding, RecurrentStack, TokenDropout
from seqsuite.losses import LabelCrossentropy
from seqsuite.models import AdversarialModel
from seqsuite.tasks.sentiment.config import SentimentConfig, SentimentModelConfig
from seqsuite.training.optimizers import build_optimizer

if TYPE_CHECKING:
    from seqsuite.tasks.sentiment.preprocessor import TextPreprocessor


# Word vectors come with standard deviation 1; this one keeps an LSTM's gates out of saturation.
WORD_VECTOR_SCALE = 0.3


def build_classifier(recipe: SentimentConfig, preprocessor: TextPreprocessor) -> keras.Model:
    """Return the compiled network: encoded texts -> logits."""
    model_config, training = recipe.model, recipe.training
    multi_label = recipe.data.multi_label
    if model_config.adversarial == "virtual" and multi_label:
        raise UserError(
            "model.adversarial virtual compares distributions over exclusive labels. With "
            "data.label_separator use adversarial or none."
        )
    inputs, states = _build_encoder(model_config, preprocessor)
    x = MaskedPooling(model_config.pooling, name="pooling")(states, lengths=inputs["length"])
    x = keras.layers.Dropout(model_config.dropout)(x)
    if model_config.hidden_units:
        x = keras.layers.Dense(model_config.hidden_units, activation="relu")(x)
        x = keras.layers.Dropout(model_config.dropout)(x)
    num_labels = len(preprocessor.labels)
    recurrent = keras.layers.Dense(num_labels, name="recurrent")(x)
    logits = recurrent
    if preprocessor.ngram_scores is not None:
        inputs["ngram_scores"] = keras.Input((num_labels,), name="ngram_scores")
        # Training starts from "add the two": the gain learns how far to trust each.
        scaled = keras.layers.Dense(num_labels, name="ngram_gain", kernel_initializer="identity")
        logits = keras.layers.Add()([recurrent, scaled(inputs["ngram_scores"])])
    outputs = {"logits": logits}
    if preprocessor.ngram_scores is not None:
        # Its own loss keeps the recurrent part a classifier of its own, which is reported.
        outputs["recurrent_logits"] = recurrent
    model = keras.Model(inputs, outputs, name="sentiment")
    if model_config.adversarial != "none":
        model = AdversarialModel(model, model_config.adversarial, model_config.epsilon)
    loss = LabelCrossentropy(
        multi_label,
        training.label_smoothing,
        preprocessor.label_weights if training.class_weights == "balanced" else None,
    )
    model.compile(optimizer=build_optimizer(training), loss=dict.fromkeys(outputs, loss))
    return model


def _build_encoder(
    config: SentimentModelConfig, preprocessor: TextPreprocessor
) -> tuple[dict[str, Any], Any]:
    """Return the inputs, and the states of the stack."""
    inputs = {
        "token_ids": keras.Input((None,), dtype="int32", name="token_ids"),
        "length": keras.Input((), dtype="int32", name="length"),
    }
    x = TokenDropout(config.token_dropout)(inputs["token_ids"])
    embedding = PerturbableEmbedding(
        preprocessor.vocabulary_size, config.embedding_size, name="embedding"
    )
    x = embedding(x)
    if preprocessor.initial_embeddings is not None:
        embedding.embeddings.assign(WORD_VECTOR_SCALE * preprocessor.initial_embeddings)
    x = keras.layers.SpatialDropout1D(config.embedding_dropout)(x)
    stack = RecurrentStack(
        config.units,
        cell=config.cell,
        num_layers=config.num_layers,
        bidirectional=config.bidirectional,
        connection=config.connection,
        layer_norm=config.layer_normalization,
        regularization={"weight_drop": config.recurrent_weight_drop},
        name="stack",
    )
    return inputs, stack(x, lengths=inputs["length"])
