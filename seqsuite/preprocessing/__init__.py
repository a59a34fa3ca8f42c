"""Preprocessing that is part of the graph: the same layer in training and in the exported model."""

from seqsuite.preprocessing.characters import CharacterPreprocessor
from seqsuite.preprocessing.memory import MemoryPreprocessor
from seqsuite.preprocessing.ngram_scores import NgramScores
from seqsuite.preprocessing.parallel_text import TranslationPreprocessor
from seqsuite.preprocessing.preprocessor import EncodedExamples, Preprocessor
from seqsuite.preprocessing.series import SeriesPreprocessor
from seqsuite.preprocessing.speech import SpeechPreprocessor
from seqsuite.preprocessing.text import TextPreprocessor
from seqsuite.preprocessing.tokenization import tokenize
from seqsuite.preprocessing.words import WordPreprocessor
from seqsuite.text.subwords import SubwordVocabulary
from seqsuite.text.words import WordVocabulary

__all__ = [
    "CharacterPreprocessor",
    "EncodedExamples",
    "MemoryPreprocessor",
    "NgramScores",
    "Preprocessor",
    "SeriesPreprocessor",
    "SpeechPreprocessor",
    "SubwordVocabulary",
    "TextPreprocessor",
    "TranslationPreprocessor",
    "WordPreprocessor",
    "WordVocabulary",
    "tokenize",
]
