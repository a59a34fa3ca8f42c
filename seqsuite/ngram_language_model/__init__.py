"""The classical model of characters: counts of n-grams, and its mixture with another model."""

from seqsuite.ngram_language_model.mixing import mixed, mixing_weight
from seqsuite.ngram_language_model.model import NgramLanguageModel

__all__ = ["NgramLanguageModel", "mixed", "mixing_weight"]
