"""CTC prefix beam search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from seqsuite.decoding.ctc.prefix_tree import ROOT, PrefixTree
from seqsuite.decoding.ctc.scorers import PrefixScorer


@dataclass(frozen=True)
class CTCHypothesis:
    """A labelling of an utterance.

    Attributes:
        ids: Its symbols.
        score: Its log-probability plus the gains of all scorers.
        log_probability: Its log-probability, summed over the alignments in the beam.
    """

    ids: tuple[int, ...]
    score: float
    log_probability: float


def ctc_beam_search(
    logits: np.ndarray,
    beam_width: int = 64,
    num_hypotheses: int = 1,
    scorers: Sequence[PrefixScorer] = (),
    blank: int = 0,
    symbol_threshold: float = 0.0,
) -> list[CTCHypothesis]:
    """Find the labellings of one utterance with the highest scores.

    The result is exact when the beam holds all labellings, and approximate otherwise.

    Args:
        logits: Logits of one utterance without padding, floating ``(frames, symbols)``.
        beam_width: Labellings kept at each frame.
        num_hypotheses: Maximum number of hypotheses to return.
        scorers: Language models, lexicons and hot words, whose gains are added to the
            log-probability: `WordScorer`, `SymbolScorer`, `LexiconScorer`, `HotWordScorer`, or
            any other `PrefixScorer`.
        blank: Index of the blank.
        symbol_threshold: Minimum probability of a symbol in a frame to extend labellings; faster
            with many symbols, exact at 0.

    Returns:
        Hypotheses, best first. If the scorers forbid all, the empty one with score -inf.

    Raises:
        ValueError: If the logits have another rank or contain NaN, or a width is below 1.

    References:
        Graves 2012, "Supervised Sequence Labelling with Recurrent Neural Networks", chapter 7
        (prefix search); Hannun, Maas, Jurafsky, Ng 2014, "First-Pass Large Vocabulary Continuous
        Speech Recognition using Bi-Directional Recurrent DNNs" (this beam search and its fusion
        with a language model).

    Example:
        The best path is blank twice, 0.36, but 11, 10 and 01 are all "1", together 0.64:

        >>> best = ctc_beam_search(np.log([[0.6, 0.4], [0.6, 0.4]]))[0]
        >>> best.ids, round(float(np.exp(best.log_probability)), 4)
        ((1,), 0.64)
    """
    logits = np.asarray(logits, np.float64)
    log_p = log_softmax(logits, axis=-1)
    if logits.ndim != 2 or np.isnan(log_p).any():
        raise ValueError(
            "Argument `logits` must be distributions of shape (frames, symbols). Received: shape "
            f"{logits.shape}, {int(np.isnan(log_p).sum())} NaN after normalisation"
        )
    if beam_width < 1 or num_hypotheses < 1:
        raise ValueError(
            "Arguments `beam_width` and `num_hypotheses` must be positive. Received: "
            f"beam_width={beam_width}, num_hypotheses={num_hypotheses}"
        )
    tree = PrefixTree(logits.shape[1], scorers)
    beam = _Beam(np.array([ROOT]), np.zeros(1), np.full(1, -np.inf))
    with np.errstate(divide="ignore"):
        log_threshold = np.log(symbol_threshold)
    for frame in log_p:
        symbols = np.flatnonzero(frame >= log_threshold)
        beam = _advanced(beam, frame, symbols[symbols != blank], blank, tree, beam_width)
    return _best(beam, tree, num_hypotheses, float(log_p[:, blank].sum()))


@dataclass(frozen=True)
class _Beam:
    """Labellings, and the log-probabilities of their alignments by last symbol."""

    nodes: np.ndarray  # (n,)
    in_blank: np.ndarray  # (n,)
    in_symbol: np.ndarray  # (n,)

    @property
    def total(self) -> np.ndarray:
        return np.logaddexp(self.in_blank, self.in_symbol)


def _advanced(
    beam: _Beam, frame: np.ndarray, symbols: np.ndarray, blank: int, tree: PrefixTree, width: int
) -> _Beam:
    """Advance the beam by one frame: keep or extend labellings, and prune."""
    nodes, total, last = beam.nodes, beam.total, tree.symbols[beam.nodes]
    in_blank = total + frame[blank]
    in_symbol = np.where(last >= 0, beam.in_symbol + frame[last], -np.inf)
    # A repeated symbol is a new one only after a blank.
    longer = np.where(last[:, None] == symbols, beam.in_blank[:, None], total[:, None])
    longer = longer + frame[symbols]
    # A labelling in the beam is also reached from its parent, which is then not extended to it.
    places = np.full(len(tree), -1)
    places[nodes] = np.arange(len(nodes))
    children = np.flatnonzero(last >= 0)
    parents = places[tree.parents[nodes[children]]]
    children, parents = children[parents >= 0], parents[parents >= 0]
    before = np.where(last[parents] == last[children], beam.in_blank[parents], total[parents])
    in_symbol[children] = np.logaddexp(in_symbol[children], before + frame[last[children]])
    columns = np.full(len(frame), -1)
    columns[symbols] = np.arange(len(symbols))
    columns = columns[last[children]]
    longer[parents[columns >= 0], columns[columns >= 0]] = -np.inf

    scores = longer
    if tree.scorers:
        scores = longer + tree.scores[nodes, None] + tree.gains[np.ix_(nodes, symbols)]
    stay = np.logaddexp(in_blank, in_symbol) + tree.scores[nodes]
    kept = _largest(np.concatenate([stay, scores.ravel()]), width)
    staying, prolonged = kept[kept < len(nodes)], kept[kept >= len(nodes)] - len(nodes)
    rows, columns = np.divmod(prolonged, max(len(symbols), 1))
    pairs = zip(nodes[rows].tolist(), symbols[columns].tolist(), strict=True)
    new = np.array([tree.child(node, symbol) for node, symbol in pairs], int)
    return _Beam(
        np.concatenate([nodes[staying], new]),
        np.concatenate([in_blank[staying], np.full(len(new), -np.inf)]),
        np.concatenate([in_symbol[staying], longer[rows, columns]]),
    )


def _largest(scores: np.ndarray, count: int) -> np.ndarray:
    """Return the indices of the largest scores above -inf, in any order."""
    if len(scores) > count:
        places = np.argpartition(-scores, count - 1)[:count]
    else:
        places = np.arange(len(scores))
    return places[scores[places] > -np.inf]


def _best(beam: _Beam, tree: PrefixTree, count: int, log_silence: float) -> list[CTCHypothesis]:
    """Add the final gains and return the best labellings; the empty one if none may end."""
    hypotheses = []
    for node, log_probability in zip(beam.nodes.tolist(), beam.total.tolist(), strict=True):
        score = log_probability + tree.final(node)
        if score > -np.inf:
            hypotheses.append(CTCHypothesis(tree.labelling(node), score, log_probability))
    if not hypotheses:
        return [CTCHypothesis((), -np.inf, log_silence)]
    return sorted(hypotheses, key=lambda hypothesis: (-hypothesis.score, hypothesis.ids))[:count]
