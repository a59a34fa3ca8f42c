"""Layers on characters, tokens and their embeddings."""

from __future__ import annotations

from seqsuite.layers.text.character_encoder import CharacterEncoder
from seqsuite.layers.text.language_model_objective import LanguageModelObjective
from seqsuite.layers.text.perturbable_embedding import PerturbableEmbedding
from seqsuite.layers.text.symbol_embedding import SymbolEmbedding
from seqsuite.layers.text.token_dropout import TokenDropout

__all__ = [
    "CharacterEncoder",
    "LanguageModelObjective",
    "PerturbableEmbedding",
    "SymbolEmbedding",
    "TokenDropout",
]
