"""Scores of tagged sentences: per token, per sentence, per tag, and per named entity."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from seqeval.metrics import v1 as seqeval
from seqeval.scheme import IOB2
from sklearn.metrics import precision_recall_fscore_support

from seqsuite.metrics.bootstrap import bootstrap_ratio_interval
from seqsuite.metrics.calibration import expected_calibration_error
from seqsuite.text.spans import spans, to_bio

Tags = Sequence[Sequence[str]]


def tag_scores(
    predicted: Tags,
    references: Tags,
    known: Sequence[np.ndarray] | None = None,
    entities: bool = False,
) -> dict[str, float]:
    """Score predicted tags against true ones.

    Args:
        predicted: Answered tags of each sentence.
        references: True tags of each sentence.
        known: Whether training held each word, bool ``(tokens,)`` per sentence.
        entities: Tags are spans (BIO); entities are scored first, exactly: the right type, from
            the right first to the right last token.

    Returns:
        With ``entities``: ``entity_f1`` with its 95 % bootstrap interval over sentences,
        ``entity_f1_low`` and ``entity_f1_high``; ``entity_precision``, ``entity_recall``, and each
        by type as ``f1/<type>``. Always: ``accuracy`` over tokens with its interval, also over
        sentences, ``accuracy_low``, ``accuracy_high``; ``accuracy_known`` and
        ``accuracy_unknown`` where both kinds of words occur; ``sentence_accuracy``.
        Without ``entities``: ``precision``, ``recall`` and ``f1`` averaged over tags, and each as
        ``f1/<tag>``.

    Raises:
        ValueError: Sentences or their lengths differ, or there is no token.

    Example:
        >>> tag_scores([["DET", "NOUN"]], [["DET", "VERB"]])["accuracy"]
        0.5

    Reference:
        Entities: Tjong Kim Sang and De Meulder, "Introduction to the CoNLL-2003 Shared Task".
    """
    lengths = [len(tags) for tags in references]
    if [len(tags) for tags in predicted] != lengths or not sum(lengths):
        raise ValueError(
            "Arguments `predicted` and `references` must hold the same sentences, with at least "
            f"one token. Received: {len(predicted)} and {len(references)} sentences"
        )
    answer = np.array([tag for tags in predicted for tag in tags])
    truth = np.array([tag for tags in references for tag in tags])
    right = answer == truth
    scores = _entity_scores(predicted, references) if entities else {}
    starts = np.cumsum([0, *lengths])
    by_sentence = [right[a:b] for a, b in itertools.pairwise(starts)]
    scores["accuracy"] = float(right.mean())
    scores |= _interval("accuracy", [row.sum() for row in by_sentence], lengths)
    if known is not None:
        seen = np.concatenate(list(known)).astype(bool)
        if seen.any() and not seen.all():
            scores["accuracy_known"] = float(right[seen].mean())
            scores["accuracy_unknown"] = float(right[~seen].mean())
    scores["sentence_accuracy"] = float(np.mean([row.all() for row in by_sentence]))
    return scores if entities else scores | _per_tag(answer, truth)


def calibration_error(confidence: np.ndarray, predicted: Tags, references: Tags) -> float:
    """Return the expected calibration error of answered tags.

    Args:
        confidence: Probability of each answer, float ``(tokens,)``.
        predicted: Answered tags of each sentence.
        references: True tags of each sentence.

    Example:
        >>> calibration_error(np.array([0.75, 0.75]), [["DET", "NOUN"]], [["DET", "VERB"]])
        0.25
    """
    answer, truth = (np.array(list(itertools.chain(*tags))) for tags in (predicted, references))
    return expected_calibration_error(confidence, answer == truth)


def _interval(name: str, parts: Sequence[int], wholes: Sequence[int]) -> dict[str, float]:
    low, high = bootstrap_ratio_interval(np.array(parts), np.array(wholes))
    return {f"{name}_low": low, f"{name}_high": high}


def _per_tag(answer: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    names = sorted(set(truth))
    parts = precision_recall_fscore_support(
        truth, answer, labels=names, average=None, zero_division=0
    )[:3]
    return _named(dict(zip(names, np.array(parts).T, strict=True)))


def _entity_scores(predicted: Tags, references: Tags) -> dict[str, float]:
    pairs = [to_bio(tags) for tags in references], [to_bio(tags) for tags in predicted]
    kinds = sorted({tag[2:] or "_" for tags in pairs[0] + pairs[1] for tag in tags if tag != "O"})
    names = ("entity_precision", "entity_recall", "entity_f1")
    if not kinds:
        return dict.fromkeys((*reversed(names), "entity_f1_low", "entity_f1_high"), 0.0)
    # A type that is only answered, or only true, has one of the two undefined: it counts as 0.
    settings = {"scheme": IOB2, "zero_division": 0}
    whole = seqeval.precision_recall_fscore_support(*pairs, average="micro", **settings)[:3]
    by_kind = seqeval.precision_recall_fscore_support(*pairs, average=None, **settings)[:3]
    scores = dict(zip(names, map(float, whole), strict=True))
    # The score that decides comes first.
    scores = {name: scores[name] for name in reversed(names)}
    # F1 is twice what both have over what each has, both of which are sums over sentences.
    found = [tuple(set(spans(tags)) for tags in pair) for pair in zip(*pairs, strict=True)]
    both = [2 * len(true & answered) for true, answered in found]
    scores |= _interval("entity_f1", both, [len(true) + len(answered) for true, answered in found])
    details = _named(dict(zip(kinds, np.array(by_kind).T, strict=True)))
    return scores | {name: value for name, value in details.items() if "/" in name}


def _named(by_name: dict[str, np.ndarray]) -> dict[str, float]:
    """Return the means over names, then ``precision/<name>``, ``recall/<name>``, ``f1/<name>``."""
    columns = ("precision", "recall", "f1")
    means = np.mean(list(by_name.values()), axis=0)
    scores = dict(zip(columns, map(float, means), strict=True))
    for name, values in by_name.items():
        scores |= {f"{column}/{name}": float(v) for column, v in zip(columns, values, strict=True)}
    return scores
