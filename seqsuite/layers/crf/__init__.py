"""Linear-chain conditional random fields."""

from __future__ import annotations

from seqsuite.layers.crf.crf import CRF
from seqsuite.layers.crf.decoder import CRFDecoder

__all__ = [
    "CRF",
    "CRFDecoder",
]
