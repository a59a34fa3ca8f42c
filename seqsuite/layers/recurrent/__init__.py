"""Stacks of recurrent layers."""

from __future__ import annotations

from seqsuite.layers.recurrent.segment_recurrent import SegmentRecurrent
from seqsuite.layers.recurrent.settings import RecurrentInitialization, RecurrentRegularization
from seqsuite.layers.recurrent.stack import RecurrentStack

__all__ = [
    "RecurrentInitialization",
    "RecurrentRegularization",
    "RecurrentStack",
    "SegmentRecurrent",
]
