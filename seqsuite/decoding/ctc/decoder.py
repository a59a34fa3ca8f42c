"""CTC decoder: transcripts with word times from logits."""

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
        text: The text.
        start: First frame.
        end: The frame after the last.
        confidence: Mean probability over the frames of a symbol, and over the symbols of a word.
    """

    text: str
    start: int
    end: int
    confidence: float


@dataclass(frozen=True)
class Transcript:
    """A transcript of an utterance.

    Attributes:
        text: Words with one delimiter between them.
        score: Score of the search; -inf if no allowed transcript was found.
        log_probability: The acoustic part of the score.
        symbols: Symbols with their frames, including delimiters.
        words: Words with their frames.
    """

    text: str
    score: float
    log_probability: float
    symbols: tuple[TimedText, ...]
    words: tuple[TimedText, ...]


class CTCDecoder:
    """Prefix beam search in NumPy with language model, lexicon and hot words.

    Args:
        alphabet: Text of each symbol; that of the blank is ignored.
        blank: Index of the blank.
        delimiter: Text between words; without it in the alphabet, a transcript is one word.
        language_model: A model of words or symbols, for instance from
            :func:`seqsuite.ngram_language_model.read_arpa`; a model of symbols may use ``"|"`` for
            the delimiter.
        unit: Unit of the language model: "word" or "symbol".
        language_model_weight: Weight of the language model's log-probabilities (alpha).
        length_bonus: Bonus for each token of the language model (beta), which prefers few tokens.
        lexicon: The only words of transcripts; None: any.
        hot_words: Word -> bonus in nats.
        beam_width: Labellings kept at each frame.

    Raises:
        ValueError: For an unknown `unit`, words that are phrases or cannot be spelled, or an
            alphabet without the delimiter.

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
        # The blank has no text, whatever its name.
        self.alphabet = ["" if symbol == blank else text for symbol, text in enumerate(alphabet)]
        self.blank, self.delimiter, self.beam_width = blank, delimiter, beam_width
        self.scorers: list[PrefixScorer] = []
        needs_words = lexicon is not None or hot_words or (language_model and unit == "word")
        if needs_words and delimiter not in self.alphabet:
            raise ValueError(
                "Argument `delimiter` must be in the alphabet to separate words. "
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
        """Transcribe a batch. Rows are independent of each other and of their padding.

        Args:
            logits: Floating ``(batch, frames, symbols)``.
            lengths: Real frames of each row, int ``(batch,)``; None: all.
            num_hypotheses: Maximum number of transcripts of each row, with different texts.

        Returns:
            For each row its transcripts, best first, at least one.

        Raises:
            ValueError: If the logits have another shape or contain NaN.
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
        # The whole beam: several labellings with different delimiters have one text.
        hypotheses = ctc_beam_search(
            log_p, self.beam_width, self.beam_width, self.scorers, self.blank
        )
        by_text: dict[str, CTCHypothesis] = {}
        for hypothesis in hypotheses:
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
        alignment = ctc_align(log_p, ids, self.blank)
        frames = (alignment.starts, alignment.ends, alignment.confidences)
        rows = zip(ids, *frames, strict=True)
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
