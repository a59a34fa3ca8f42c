"""CTC decoding: best path, prefix beam search and alignment."""

from seqsuite.decoding.ctc.alignment import CTCAlignment, ctc_align
from seqsuite.decoding.ctc.beam_search import CTCHypothesis, ctc_beam_search
from seqsuite.decoding.ctc.decoder import CTCDecoder, TimedText, Transcript
from seqsuite.decoding.ctc.greedy import CTCSymbols, ctc_greedy_search
from seqsuite.decoding.ctc.scorers import LanguageModel, PrefixScorer, SymbolScorer, WordScorer
from seqsuite.decoding.ctc.word_lists import HotWordScorer, LexiconScorer

__all__ = [
    "CTCAlignment",
    "CTCDecoder",
    "CTCHypothesis",
    "CTCSymbols",
    "HotWordScorer",
    "LanguageModel",
    "LexiconScorer",
    "PrefixScorer",
    "SymbolScorer",
    "TimedText",
    "Transcript",
    "WordScorer",
    "ctc_align",
    "ctc_beam_search",
    "ctc_greedy_search",
]
