"""Models of symbols by counts of n-grams: a mixture of all orders, and back-off models (ARPA)."""

from seqsuite.ngram_language_model.arpa import read_arpa, write_arpa
from seqsuite.ngram_language_model.backoff import BackoffLanguageModel
from seqsuite.ngram_language_model.kneser_ney import train_kneser_ney
from seqsuite.ngram_language_model.mixing import mixed, mixing_weight
from seqsuite.ngram_language_model.model import NgramLanguageModel

__all__ = [
    "BackoffLanguageModel",
    "NgramLanguageModel",
    "mixed",
    "mixing_weight",
    "read_arpa",
    "train_kneser_ney",
    "write_arpa",
]
