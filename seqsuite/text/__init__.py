"""Subwords, words, spans and lookup tables of text.

Names are looked up when they are first used.
"""

from __future__ import annotations

from typing import Any

from seqsuite import lazy_attribute

_HOMES = {
    "SubwordVocabulary": "subwords",
    "WordVocabulary": "words",
    "bio_to_bioes": "spans",
    "bioes_to_bio": "spans",
    "head_and_tail": "truncation",
    "join_words": "words",
    "look_like_spans": "spans",
    "lookup_table": "lookup_tables",
    "span_constraints": "spans",
    "split_words": "words",
    "to_bio": "spans",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    return lazy_attribute(__name__, _HOMES, name)
