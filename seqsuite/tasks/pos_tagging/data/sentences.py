"""From tagged sentences, whatever format they come from, to aligned examples."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError

# Stands for the tag of a word that has none, since its sentence is there for other columns. No file
# can hold it.
NO_TAG = "\0"

# A cut takes whole documents. Of fewer than these it would miss the asked share by far.
MIN_DOCUMENTS = 20


@dataclass(frozen=True)
class TaggedSentence:
    """A sentence: its tokens, and values aligned with them.

    Args:
        tokens: The words.
        tags: A tag for each.
        columns: Further names -> a value for each word.
        document: Number of the document that it is from.
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    document: int = 0


def build_examples(sentences: Iterable[TaggedSentence], where: object) -> Examples:
    """Collect sentences into examples.

    Args:
        sentences: All sentences of a split. Those without a token are left out and counted on
            standard error.
        where: Named in the note and in the error.

    Returns:
        ``tokens`` and the further columns, tags as labels, and as groups the documents, when the
        source marks enough of them.

    Raises:
        UserError: No sentence has a token.

    Example:
        >>> found = build_examples([TaggedSentence(("They", "can"), ("PRON", "AUX"))], "a.conll")
        >>> found.features["tokens"], found.labels
        ([('They', 'can')], [('PRON', 'AUX')])
    """
    every = list(sentences)
    kept = [sentence for sentence in every if sentence.tokens]
    if not kept:
        raise UserError(f"{where} is empty: expected sentences, a token and its tag on each line.")
    if len(kept) < len(every):
        print(
            f"note: {where}: {len(every) - len(kept)} of {len(every)} sentences have no token and "
            "are left out",
            file=sys.stderr,
        )
    features: dict[str, Sequence[Any]] = {"tokens": [sentence.tokens for sentence in kept]}
    for name in kept[0].columns:
        features[name] = [sentence.columns[name] for sentence in kept]
    tags = [sentence.tags for sentence in kept]
    groups = [sentence.document for sentence in kept]
    return Examples(features, tags, groups if len(set(groups)) >= MIN_DOCUMENTS else None)


def with_auxiliary(
    examples: Examples, others: Examples, name: str, columns: Sequence[str] = ()
) -> Examples:
    """Put sentences after the examples whose tags are another column, for multi-task training.

    Args:
        examples: The examples that the task is about.
        others: Sentences with tags of another kind.
        name: What the column of their tags is called, and what further columns begin with.
        columns: Their further columns that are kept.

    Returns:
        All sentences. Where a column, or a tag, is not known it is :data:`NO_TAG`.

    Example:
        >>> words = Examples({"tokens": [("Rome",)]}, [("B-place",)])
        >>> both = with_auxiliary(words, Examples({"tokens": [("go",)]}, [("VERB",)]), "upos")
        >>> both.features["upos"][1], both.labels[0]
        (('VERB',), ('B-place',))

    Reference:
        Collobert et al., "Natural Language Processing (Almost) from Scratch", JMLR 12, 2011.
    """

    def unknown(part: Examples) -> list[tuple[str, ...]]:
        return [(NO_TAG,) * len(tokens) for tokens in part.features["tokens"]]

    here, there = unknown(examples), unknown(others)
    features: dict[str, Sequence[Any]] = {
        column: [*values, *(others.features["tokens"] if column == "tokens" else there)]
        for column, values in examples.features.items()
    }
    for column, values in others.features.items():
        if column in columns:
            features[f"{name}_{column}"] = [*here, *values]
    features[name] = [*here, *(others.labels or there)]
    return Examples(features, [*(examples.labels or here), *there])


def tagged(examples: Examples) -> Examples:
    """Return the examples that have tags, without those of :func:`with_auxiliary`."""
    labels = examples.labels or []
    return examples.select([i for i, tags in enumerate(labels) if NO_TAG not in tags])
