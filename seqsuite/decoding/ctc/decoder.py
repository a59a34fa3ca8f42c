"""From CTC outputs to transcripts: the search with all that helps it, and the times of words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from seqsuite.decoding.ctc.alignment import ctc_align
from seqsuite.decoding.ctc.beam_search import CTCHypothesis, ctc_beam_search
from seqsuite.decoding.ctc.scorers import LanguageModel, PrefixScorer, SymbolScorer, WordScorer
from seqsuite.decoding.ctc.word_lists import HotWordScorer, LexiconScorer


@dataclass(frozen=True)
class TimedText:
    """A symbol or a word of a transcript.

    Attributes:
        text: What it is.
        start: Its first frame.
        end: The frame after its last.
        confidence: Of a symbol, its mean probability over its frames; of a word, the mean of its
            symbols.
    """

    text: str
    start: int
    end: int
    confidence: float


@dataclass(frozen=True)
class Transcript:
    """What an utterance may be.

    Attributes:
        text: Words with one delimiter between them.
        score: What the search ranks by; minus infinity where no allowed transcript was found.
        log_probability: The part of the score that comes from the acoustic model.
        symbols: Each symbol with its frames, delimiters among them.
        words: Each word with its frames.
    """

    text: str
    score: float
    log_probability: float
    symbols: tuple[TimedText, ...]
    words: tuple[TimedText, ...]


class CTCDecoder:
    """Prefix beam search on the host, with language model, lexicon and hot words, in NumPy.

    Args:
        alphabet: What each symbol stands for; what stands at the blank does not matter.
        blank: Index of the blank.
        delimiter: What stands between words; without it in the alphabet, a transcript is one word.
        language_model: A model of words, or of symbols; for `unit` "symbol" it may call the
            delimiter ``"|"``. :func:`seqsuite.ngram_language_model.read_arpa` gives one.
        unit: What the tokens of the language model are: "word" or "symbol".
        language_model_weight: Weight of the language model's log-probabilities (alpha).
        length_bonus: Added for each token of the language model (beta), which pulls towards few.
        lexicon: The words that alone may be said; None: any.
        hot_words: Word -> bonus in nats.
        beam_width: Labellings kept from frame to frame.

    Raises:
        ValueError: ``unit`` is something else; words cannot be spelled, or there is no delimiter.

    Example:
        The second letter may be "o" or "u", and the lexicon decides:

        >>> alphabet = ["", " ", "n", "o", "t", "u"]
        >>> path = [2, 0, 3, 0, 4]
        >>> logits = 9.0 * np.eye(6)[path]
        >>> logits[2, 5] = 8.0
        >>> CTCDecoder(alphabet)(logits[None])[0][0].text
        'not'
        >>> best = CTCDecoder(alphabet, lexicon=["nut"])(logits[None])[0][0]
        >>> best.text, best.words[0].start, best.words[0].end
        ('nut', 0, 5)

    Reference:
        Hannun, Maas, Jurafsky, Ng 2014, "First-Pass Large Vocabulary Continuous Speech Recognition
        using Bi-Directional Recurrent DNNs".
    """

    def __init__(
        self,
        alphabet: Sequence[str],
        blank: int = 0,
        delimiter: str = " ",
        language_model: LanguageModel | None = None,
        unit: str = "word",
        language_model_weight: float = 0.5,
        length_bonus: float = 1.0,
        lexicon: Iterable[str] | None = None,
        hot_words: Mapping[str, float] | None = None,
        beam_width: int = 64,
    ):
        if unit not in ("word", "symbol"):
            raise ValueError(f"Argument `unit` must be 'word' or 'symbol'. Received: unit={unit!r}")
        # The blank stands for nothing, whatever it is called.
        self.alphabet = ["" if symbol == blank else text for symbol, text in enumerate(alphabet)]
        self.blank, self.delimiter, self.beam_width = blank, delimiter, beam_width
        self.scorers: list[PrefixScorer] = []
        needs_words = lexicon is not None or hot_words or (language_model and unit == "word")
        if needs_words and delimiter not in self.alphabet:
            raise ValueError(
                "Argument `delimiter` must be in the alphabet for words to be known. "
                f"Received: delimiter={delimiter!r}"
            )
        weights = language_model_weight, length_bonus
        if language_model is not None and unit == "word":
            scorer = WordScorer(language_model, self.alphabet, *weights, delimiter=delimiter)
            self.scorers.append(scorer)
        elif language_model is not None:
            names = {delimiter: "|"} if delimiter not in language_model else {}
            tokens = [names.get(text, text) for text in self.alphabet]
            self.scorers.append(SymbolScorer(language_model, tokens, *weights))
        if lexicon is not None:
            self.scorers.append(LexiconScorer(lexicon, self.alphabet, delimiter))
        if hot_words:
            self.scorers.append(HotWordScorer(hot_words, self.alphabet, delimiter))

    def __call__(
        self, logits: np.ndarray, lengths: np.ndarray | None = None, num_hypotheses: int = 1
    ) -> list[list[Transcript]]:
        """Transcribe a batch. A row's answer depends on that row alone, and not on its padding.

        Args:
            logits: Floating ``(batch, frames, symbols)``.
            lengths: Real frames of each row, int ``(batch,)``; None: all.
            num_hypotheses: At most so many transcripts of each row; no two have one text.

        Returns:
            For each row its transcripts, best first, at least one.

        Raises:
            ValueError: The logits are of another shape or are not numbers.
        """
        logits = np.asarray(logits)
        if logits.ndim != 3 or logits.shape[2] != len(self.alphabet):
            raise ValueError(
                f"Argument `logits` must be (batch, frames, {len(self.alphabet)}). "
                f"Received: shape {logits.shape}"
            )
        ends = [logits.shape[1]] * len(logits) if lengths is None else np.asarray(lengths)
        return [
            self._transcribe(row[:end], num_hypotheses)
            for row, end in zip(logits, ends, strict=True)
        ]

    def _transcribe(self, logits: np.ndarray, count: int) -> list[Transcript]:
        log_p = log_softmax(logits.astype(np.float64), axis=-1)
        # All that the beam holds: labellings that differ in delimiters are one text.
        found = ctc_beam_search(log_p, self.beam_width, self.beam_width, self.scorers, self.blank)
        by_text: dict[str, CTCHypothesis] = {}
        for hypothesis in found:
            by_text.setdefault(self._text(hypothesis.ids), hypothesis)
        best = list(by_text.items())[:count]
        return [self._timed(text, hypothesis, log_p) for text, hypothesis in best]

    def _text(self, ids: Sequence[int]) -> str:
        words = "".join(self.alphabet[symbol] for symbol in ids).split(self.delimiter)
        return self.delimiter.join(word for word in words if word)

    def _timed(self, text: str, hypothesis: CTCHypothesis, log_p: np.ndarray) -> Transcript:
        symbols = self._symbols(hypothesis.ids, log_p)
        words: list[list[TimedText]] = [[]]
        for symbol in symbols:
            if symbol.text == self.delimiter:
                words.append([])
            else:
                words[-1].append(symbol)
        return Transcript(
            text,
            hypothesis.score,
            hypothesis.log_probability,
            symbols,
            tuple(_joined(word) for word in words if word),
        )

    def _symbols(self, ids: Sequence[int], log_p: np.ndarray) -> tuple[TimedText, ...]:
        if not ids:
            return ()
        found = ctc_align(log_p, ids, self.blank)
        rows = zip(ids, found.starts, found.ends, found.confidences, strict=True)
        return tuple(
            TimedText(self.alphabet[symbol], int(start), int(end), float(confidence))
            for symbol, start, end, confidence in rows
        )


def _joined(symbols: Sequence[TimedText]) -> TimedText:
    return TimedText(
        "".join(symbol.text for symbol in symbols),
        symbols[0].start,
        symbols[-1].end,
        sum(symbol.confidence for symbol in symbols) / len(symbols),
    )
