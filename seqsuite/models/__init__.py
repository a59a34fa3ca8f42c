"""Keras models that wrap another model to train it."""

from __future__ import annotations

from seqsuite.models.adversarial_model import AdversarialModel
from seqsuite.models.bidirectional_language_model import BidirectionalLanguageModel
from seqsuite.models.truncated_backpropagation import TruncatedBackpropagation

__all__ = [
    "AdversarialModel",
    "BidirectionalLanguageModel",
    "TruncatedBackpropagation",
]
