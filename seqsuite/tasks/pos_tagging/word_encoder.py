"""What a tagger knows of a word: the word itself, its characters, its ends and its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from seqsuite.layers import CharacterEncoder, PerturbableEmbedding, TokenDropout
from seqsuite.tasks.pos_tagging.config import PosTaggingModelConfig

if TYPE_CHECKING:
    from seqsuite.tasks.pos_tagging.preprocessor import WordPreprocessor


Tensor = Any


def word_inputs(preprocessor: WordPreprocessor) -> dict[str, Tensor]:
    """Return the inputs of a functional model by name, ``length`` among them.

    Args:
        preprocessor: The :class:`seqsuite.tasks.pos_tagging.preprocessor.WordPreprocessor` that
            encodes them.
    """
    widths = {
        "character_ids": preprocessor.max_word_length,
        "affix_ids": 2 * preprocessor.affix_length,
    }
    inputs = {
        name: keras.Input((None, *filter(None, [widths.get(name)])), dtype="int32", name=name)
        for name in preprocessor.ragged_features
    }
    return {**inputs, "length": keras.Input((), dtype="int32", name="length")}


def word_representation(
    inputs: dict[str, Tensor],
    preprocessor: WordPreprocessor,
    config: PosTaggingModelConfig,
    suffix: str = "",
) -> Tensor:
    """Join all that is known of each word.

    Words are hidden at random while training, the rarer the more often, so that the rest learns to
    do without them, as it must where a word was never seen.

    Args:
        inputs: What :func:`word_inputs` gives.
        preprocessor: That of the inputs; its vocabularies.
        config: Sizes of the parts, and rates of word dropout.
        suffix: End of the layers' names; a model that calls this more than once needs several.

    Returns:
        The features of each word, ``(batch, time, features)``.

    Reference:
        Ma and Hovy, ACL 2016, https://aclanthology.org/P16-1101/
    """
    rates = preprocessor.dropout_rates(config.word_dropout, config.rare_word_dropout)
    word_ids = TokenDropout(rates)(inputs["word_ids"])
    embedding = PerturbableEmbedding(
        preprocessor.vocabulary_size, config.embedding_size, name=f"embedding{suffix}"
    )
    parts = [embedding(word_ids)]
    if preprocessor.initial_embeddings is not None:
        embedding.embeddings.assign(preprocessor.initial_embeddings)
    if config.character_encoder != "none":
        encoder = CharacterEncoder(
            len(preprocessor.characters) + 2,
            config.character_units,
            config.character_embedding_size,
            config.character_encoder,
            config.character_widths,
            name=f"characters{suffix}",
        )
        parts.append(encoder(inputs["character_ids"]))
    if config.affix_size:
        affixes = keras.layers.Embedding(
            len(preprocessor.affixes) + 2, config.affix_size, name=f"affixes{suffix}"
        )
        parts.append(keras.ops.mean(affixes(inputs["affix_ids"]), axis=2))
    if config.shape_size:
        shapes = keras.layers.Embedding(
            len(preprocessor.shapes) + 2, config.shape_size, name=f"shapes{suffix}"
        )
        parts.append(shapes(inputs["shape_ids"]))
    return keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
