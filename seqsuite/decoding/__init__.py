"""From logits to sequences: sampling, generation, greedy and beam search, CTC.

A decoder here is any callable that takes the last symbol of each row and its states and returns the
logits of the next symbol, whatever network computes them.
"""

from seqsuite.decoding.constraints import (
    Constraint,
    ForbiddenSymbols,
    MinLength,
    NoRepeatNgram,
    Prefixes,
)
from seqsuite.decoding.ctc import (
    CTCAlignment,
    CTCDecoder,
    CTCHypothesis,
    CTCSymbols,
    HotWordScorer,
    LanguageModel,
    LexiconScorer,
    PrefixScorer,
    SymbolScorer,
    TimedText,
    Transcript,
    WordScorer,
    ctc_align,
    ctc_beam_search,
    ctc_greedy_search,
)
from seqsuite.decoding.ensemble import ensemble
from seqsuite.decoding.generation import Generated, generate
from seqsuite.decoding.hypotheses import Hypotheses
from seqsuite.decoding.sampling import filtered_logits, sample
from seqsuite.decoding.scorers import (
    CoveragePenalty,
    LengthPenalty,
    Scorer,
    coverage_score,
    length_divisor,
)
from seqsuite.decoding.search import beam_search, greedy_search, repeat_beams
from seqsuite.decoding.uniform_numbers import numpy_uniform, uniform

__all__ = [
    "CTCAlignment",
    "CTCDecoder",
    "CTCHypothesis",
    "CTCSymbols",
    "Constraint",
    "CoveragePenalty",
    "ForbiddenSymbols",
    "Generated",
    "HotWordScorer",
    "Hypotheses",
    "LanguageModel",
    "LengthPenalty",
    "LexiconScorer",
    "MinLength",
    "NoRepeatNgram",
    "PrefixScorer",
    "Prefixes",
    "Scorer",
    "SymbolScorer",
    "TimedText",
    "Transcript",
    "WordScorer",
    "beam_search",
    "coverage_score",
    "ctc_align",
    "ctc_beam_search",
    "ctc_greedy_search",
    "ensemble",
    "filtered_logits",
    "generate",
    "greedy_search",
    "length_divisor",
    "numpy_uniform",
    "repeat_beams",
    "sample",
    "uniform",
]
