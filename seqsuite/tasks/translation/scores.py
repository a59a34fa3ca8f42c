"""Scores of translations, by sacreBLEU, and how sure they are.

BLEU depends on how texts are cut into words, so a number without its protocol says nothing. Two are
computed here, and each has a signature to print beside it:

- ``bleu``: sacreBLEU's default. Raw text as a reader sees it, cased, cut by its ``13a`` tokeniser.
- ``bleu_lowercased``: the protocol of the literature on Multi30k. Predictions and references are
  put in lower case, their punctuation is normalised and they are tokenised, all as by Moses'
  scripts ``lowercase.perl | normalize-punctuation.perl -l LANGUAGE | tokenizer.perl -l LANGUAGE``
  (the order in which upstream made the files ``data/task1/tok/*.lc.norm.tok.*`` of Multi30k), and
  BLEU is computed on the tokens without smoothing, as by ``multi-bleu.perl``. No tokeniser of
  sacreBLEU's does that; sacremoses, a port of Moses' scripts, gives those files byte for byte
  (:func:`moses_tokens`). Papers that score a model's own lower-cased tokens report this number,
  which is mostly the higher of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np
from sacrebleu.metrics import BLEU, CHRF
from sacremoses import MosesPunctNormalizer, MosesTokenizer

Reference = str | Sequence[str]


def translation_scores(
    predicted: Sequence[str],
    references: Sequence[Reference],
    language: str = "en",
    seed: int = 0,
    resamples: int = 1000,
) -> dict[str, float]:
    """Score translations against one reference each, or against several.

    Args:
        predicted: Translations as raw text.
        references: For each a reference as raw text, or a sequence of them.
        language: Of the translations, for Moses' rules: en, de, fr, cs, ... (one that Moses does
            not know is cut by its rules for English).
        seed: Seed of the bootstrap.
        resamples: Number of resamples.

    Returns:
        Percentages: ``bleu`` with its 95 % bootstrap interval over sentences, ``bleu_low`` and
        ``bleu_high``; ``bleu_lowercased``; ``chrf`` (chrF2, of characters, cased).

    Raises:
        ValueError: There are no sentences, not as many references, or a sentence has none.

    Example:
        >>> scores = translation_scores(["Ein Hund läuft."], ["ein Hund läuft ."], "de")
        >>> round(scores["bleu"], 1), round(scores["bleu_lowercased"], 1)
        (59.5, 100.0)

    Reference:
        Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", 2002,
        https://aclanthology.org/P02-1040; Post, "A Call for Clarity in Reporting BLEU Scores",
        2018, https://arxiv.org/abs/1804.08771; Popović, "chrF: character n-gram F-score for
        automatic MT evaluation", 2015, https://aclanthology.org/W15-3049.
    """
    known = _checked(predicted, references)
    statistics = _bleu_statistics(predicted, known)
    low, high = np.quantile(_resampled(statistics, seed, resamples), [0.025, 0.975])
    tokens = [moses_tokens(text, language) for text in predicted]
    token_references = [[moses_tokens(text, language) for text in texts] for texts in known]
    lowercased, chrf = _lowercased_bleu(), _chrf()
    return {
        "bleu": _bleu_of(statistics.sum(axis=0)),
        "bleu_low": float(low),
        "bleu_high": float(high),
        "bleu_lowercased": lowercased.corpus_score(tokens, _streams(token_references)).score,
        "chrf": chrf.corpus_score(list(predicted), _streams(known)).score,
    }


def corpus_bleu(predicted: Sequence[str], references: Sequence[Reference]) -> float:
    """Return the ``bleu`` of :func:`translation_scores` alone, which costs much less.

    Args:
        predicted: Translations as raw text.
        references: For each one reference or several.

    Example:
        >>> round(corpus_bleu(["Ein Hund läuft."], ["ein Hund läuft ."]), 1)
        59.5
    """
    known = _checked(predicted, references)
    return _bleu_of(_bleu_statistics(predicted, known).sum(axis=0))


def signatures(references: Sequence[Reference], language: str = "en") -> dict[str, str]:
    """Return sacreBLEU's signatures of the scores: the protocol, to print beside each number.

    Args:
        references: As they are scored against.
        language: As it is scored with.

    Returns:
        Signatures of ``bleu``, ``bleu_lowercased`` and ``chrf``.

    Example:
        >>> signatures(["A dog."])["bleu"].rpartition("|")[0]
        'nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp'
    """
    streams = _streams([references_of(reference) for reference in references])
    lowercased = _lowercased_bleu(references=streams).get_signature()
    lowercased.update("case", "lc")
    lowercased.update("tok", f"moses-{language}-sacremoses-{version('sacremoses')}")
    return {
        "bleu": BLEU(references=streams).get_signature().format(),
        "bleu_lowercased": lowercased.format(),
        "chrf": CHRF(references=streams).get_signature().format(),
    }


def paired_bootstrap(
    first: Sequence[str],
    second: Sequence[str],
    references: Sequence[Reference],
    seed: int = 0,
    resamples: int = 1000,
) -> dict[str, float]:
    """Compare two systems on the same sentences by BLEU (cased, 13a).

    Both are scored on the same resamples, so what makes a sentence hard for both cancels out, and
    differences much smaller than each system's own interval are seen.

    Args:
        first: One system's translations.
        second: The other's.
        references: For each sentence one reference or several.
        seed: Seed of the bootstrap.
        resamples: Number of resamples.

    Returns:
        ``difference`` of BLEU, second minus first, with its 95 % interval ``difference_low`` and
        ``difference_high``; ``second_better``, the share of resamples in which it is.

    Raises:
        ValueError: There are no sentences, or not as many of all three.

    Example:
        >>> found = paired_bootstrap(["A cat sat."] * 9, ["A dog sat."] * 9, ["A dog sat."] * 9)
        >>> found["second_better"]
        1.0

    Reference:
        Koehn, "Statistical Significance Tests for Machine Translation Evaluation", 2004,
        https://aclanthology.org/W04-3250.
    """
    known = _checked(first, references)
    _checked(second, references)
    pair = [_bleu_statistics(texts, known) for texts in (first, second)]
    worse, better = (_resampled(statistics, seed, resamples) for statistics in pair)
    low, high = np.quantile(better - worse, [0.025, 0.975])
    return {
        "difference": _bleu_of(pair[1].sum(axis=0)) - _bleu_of(pair[0].sum(axis=0)),
        "difference_low": float(low),
        "difference_high": float(high),
        "second_better": float(np.mean(better > worse)),
    }


def references_of(label: Reference) -> tuple[str, ...]:
    """Return the references that a label holds; the first is the one to learn from.

    Example:
        >>> references_of("Salut !"), references_of(("Cours !", "Courez !"))
        (('Salut !',), ('Cours !', 'Courez !'))
    """
    return (label,) if isinstance(label, str) else tuple(label)


@lru_cache(maxsize=2**16)
def moses_tokens(text: str, language: str) -> str:
    """Return a sentence in lower case, normalised and tokenised as by Moses' scripts.

    Special characters are escaped (``&apos;``) as Moses' tokeniser does by default.

    Args:
        text: One sentence.
        language: Its language.

    Returns:
        Tokens joined by spaces. For all 124,056 lines of the training, validation and
        test_2016_flickr files of Multi30k in en, de, fr and cs this is what upstream's tokenised
        files hold.

    Example:
        >>> moses_tokens("L'homme dit: «Bonjour.»", "fr")
        'l&apos; homme dit : &quot; bonjour &quot; .'
    """
    tokenizer, normalizer = _moses(language)
    # The script reads lines with their ends, and one of its rules matches such an end.
    return tokenizer.tokenize(normalizer.normalize(f"{text.lower()}\n"), return_str=True)


@cache
def _moses(language: str) -> tuple[Any, Any]:
    # With `perl_parity` the port keeps two oddities of the script that it mends otherwise.
    return MosesTokenizer(language), MosesPunctNormalizer(language, perl_parity=True)


def _lowercased_bleu(references: Sequence[Sequence[str]] | None = None) -> Any:
    # What is scored is tokenised, which sacreBLEU would warn of.
    return BLEU(tokenize="none", smooth_method="none", force=True, references=references)


def _chrf() -> Any:
    return CHRF()


def _checked(predicted: Sequence[str], references: Sequence[Reference]) -> list[tuple[str, ...]]:
    known = [references_of(reference) for reference in references]
    if len(predicted) != len(known) or not known or not all(known):
        raise ValueError(
            "Arguments `predicted` and `references` must hold the same sentences, at least one, "
            "each with a reference. "
            f"Received: {len(predicted)} and {len(known)}, {known.count(())} of them without any"
        )
    return known


def _streams(references: Sequence[Sequence[str]]) -> Any:
    """Return references as sacreBLEU takes them: all first ones, all second ones, ..."""
    most = max(map(len, references))
    return [[texts[i] if i < len(texts) else None for texts in references] for i in range(most)]


def _bleu_statistics(predicted: Sequence[str], references: Sequence[Sequence[str]]) -> np.ndarray:
    """Return what BLEU is a function of the sums of, int ``(sentences, 10)``.

    Columns are matching n-grams and n-grams of n = 1 to 4, length, and length of the reference.
    """
    # Counts do not depend on the effective order; without it sacreBLEU warns of single sentences.
    metric = BLEU(effective_order=True)
    scores = [metric.sentence_score(p, list(r)) for p, r in zip(predicted, references, strict=True)]
    return np.array([[*s.counts, *s.totals, s.sys_len, s.ref_len] for s in scores], np.int64)


def _bleu_of(sums: np.ndarray) -> float:
    *counts, length, reference_length = sums.tolist()
    found = BLEU.compute_bleu(counts[:4], counts[4:], length, reference_length, smooth_method="exp")
    return float(found.score)


def _resampled(statistics: np.ndarray, seed: int, resamples: int) -> np.ndarray:
    """Return BLEU of resamples of the sentences, drawn with replacement."""
    generator, count = np.random.default_rng(seed), len(statistics)
    drawn = (generator.integers(0, count, count) for _ in range(resamples))
    return np.array([_bleu_of(statistics[indices].sum(axis=0)) for indices in drawn])
