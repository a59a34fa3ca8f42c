"""Decoders that write a sequence step by step."""

from __future__ import annotations

from seqsuite.layers.decoder.cell import DecoderCell
from seqsuite.layers.decoder.scheduled_sampling import ScheduledSampling
from seqsuite.layers.decoder.state_bridge import StateBridge
from seqsuite.layers.decoder.teacher_forcing import TeacherForcing
from seqsuite.layers.decoder.value_decoder import ValueDecoder

__all__ = [
    "DecoderCell",
    "ScheduledSampling",
    "StateBridge",
    "TeacherForcing",
    "ValueDecoder",
]
