"""Attention over the states of an encoder."""

from __future__ import annotations

from seqsuite.layers.attention.answer_attention import AnswerAttention
from seqsuite.layers.attention.luong_bahdanau import (
    BahdanauAttention,
    LocationAttention,
    LuongAttention,
)

__all__ = [
    "AnswerAttention",
    "BahdanauAttention",
    "LocationAttention",
    "LuongAttention",
]
