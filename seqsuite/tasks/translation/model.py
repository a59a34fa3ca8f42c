"""The network of translation: an encoder that reads both ways, a bridge, a decoder that attends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from seqsuite.layers import (
    BahdanauAttention,
    DecoderCell,
    LocationAttention,
    LuongAttention,
    RecurrentStack,
    ScheduledSampling,
    StateBridge,
    SymbolEmbedding,
    TeacherForcing,
)
from seqsuite.layers.attention.base import MemoryAttention
from seqsuite.tasks.translation.config import TranslationModelConfig, TranslationTrainingConfig

if TYPE_CHECKING:
    from seqsuite.tasks.translation.preprocessor import TranslationPreprocessor
    from seqsuite.text import SubwordVocabulary, WordVocabulary


def build_translation_model(
    preprocessor: TranslationPreprocessor,
    config: TranslationModelConfig,
    training: TranslationTrainingConfig,
) -> keras.Model:
    """Return the model that is trained, not compiled.

    Args:
        preprocessor: An adapted ``TranslationPreprocessor``.
        config: The section ``model`` of the task.
        training: The section ``training``: how tokens are sampled.

    Returns:
        ``source_ids``, ``length``, ``target_ids``, ``target_length`` -> ``logits`` ``(batch, time,
        vocabulary)``. Its layer ``encoder`` is a model of its own (``source_ids`` and ``length`` ->
        ``memory`` and ``states``, bridged), its layer ``decoder`` unrolls the cell.
    """
    embedding, target_embedding = _embeddings(preprocessor, config)
    encoder = _encoder(embedding, config)
    inputs = {
        "source_ids": keras.Input((None,), dtype="int32", name="source_ids"),
        "length": keras.Input((), dtype="int32", name="length"),
        "target_ids": keras.Input((None,), dtype="int32", name="target_ids"),
        "target_length": keras.Input((), dtype="int32", name="target_length"),
    }
    encoded = encoder({name: inputs[name] for name in ("source_ids", "length")})
    decoder = _unrolled(_cell(target_embedding, config), training)
    logits = decoder(
        inputs["target_ids"],
        memory=encoded["memory"],
        memory_length=inputs["length"],
        initial_state=encoded["states"],
        lengths=inputs["target_length"],
    )
    return keras.Model(inputs, {"logits": logits}, name="translation")


def _embeddings(
    preprocessor: TranslationPreprocessor, config: TranslationModelConfig
) -> tuple[SymbolEmbedding, SymbolEmbedding]:
    """Return those of source and target: one and the same for a joint vocabulary."""

    def embedding(vocabulary: SubwordVocabulary | WordVocabulary, name: str) -> SymbolEmbedding:
        # Keras' own start, within 0.05, is too weak for an input that is also what predicts.
        return SymbolEmbedding(
            vocabulary.size,
            config.embedding_size,
            config.piece_dropout,
            embeddings_initializer=keras.initializers.RandomNormal(
                stddev=config.embedding_size**-0.5
            ),
            name=name,
        )

    if preprocessor.joint:
        shared = embedding(preprocessor.source_vocabulary, "embedding")
        return shared, shared
    return (
        embedding(preprocessor.source_vocabulary, "source_embedding"),
        embedding(preprocessor.target_vocabulary, "target_embedding"),
    )


def _regularization(config: TranslationModelConfig) -> dict[str, Any]:
    return {
        "dropout": config.variational_dropout,
        "variational": True,
        "weight_drop": config.recurrent_weight_drop,
    }


def _encoder(embedding: SymbolEmbedding, config: TranslationModelConfig) -> keras.Model:
    ids = keras.Input((None,), dtype="int32", name="source_ids")
    length = keras.Input((), dtype="int32", name="length")
    embedded = keras.layers.Dropout(config.embedding_dropout)(embedding(ids))
    memory, *final = RecurrentStack(
        config.units,
        cell=config.cell,
        num_layers=config.num_layers,
        bidirectional=True,
        regularization=_regularization(config),
        return_state=True,
        name="encoder_stack",
    )(embedded, lengths=length)
    bridge = StateBridge(
        config.units, config.cell, config.num_layers, config.bridge, bidirectional=True
    )
    outputs = {"memory": memory, "states": bridge(final)}
    return keras.Model({"source_ids": ids, "length": length}, outputs, name="encoder")


def _cell(embedding: SymbolEmbedding, config: TranslationModelConfig) -> DecoderCell:
    return DecoderCell(
        embedding,
        RecurrentStack(
            config.units,
            cell=config.cell,
            num_layers=config.num_layers,
            regularization=_regularization(config),
            return_state=True,
            name="decoder_stack",
        ),
        attention=_attention(config),
        input_feeding=config.input_feeding,
        tie_embeddings=config.tie_embeddings,
        embedding_dropout=config.embedding_dropout,
        output_dropout=config.dropout,
        name="decoder_cell",
    )


def _attention(config: TranslationModelConfig) -> MemoryAttention:
    if config.attention == "luong":
        return LuongAttention("scaled")
    additive = {"bahdanau": BahdanauAttention, "location": LocationAttention}
    return additive[config.attention](config.units)


def _unrolled(cell: DecoderCell, training: TranslationTrainingConfig) -> TeacherForcing:
    if training.sampling_schedule == "none":
        return TeacherForcing(cell, name="decoder")
    return ScheduledSampling(
        cell,
        feedback=training.sampling_feedback,
        gradient=training.sampling_gradient,
        parallel=training.sampling_parallel,
        name="decoder",
    )
