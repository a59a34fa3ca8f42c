"""A dependency tree as one label per word: what lets a tagger learn syntax along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Heads farther away, in words of the same tag, are told apart no more.
_FARTHEST = 3

EMPTY = "_"


def head_labels(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Name the head of each word by its tag: ``+2 VERB`` is the second verb to the right.

    Args:
        rows: For each word of a sentence its columns of CoNLL-U: ``id``, ``head`` and ``upos``.

    Returns:
        For each word the label of its head; ``0`` for the root, ``_`` where the head is not known.
        Distances of more than 3 are given as 3.

    Example:
        >>> tree = [("She", "PRON", 2), ("saw", "VERB", 0), ("it", "PRON", 2)]
        >>> rows = [{"id": i, "upos": u, "head": h} for i, (_, u, h) in enumerate(tree, start=1)]
        >>> head_labels(rows)
        ('+1 VERB', '0', '-1 VERB')

    Reference:
        Strzyz, Vilares and Gomez-Rodriguez, "Viable Dependency Parsing as Sequence Labeling",
        NAACL 2019, https://aclanthology.org/N19-1077/
    """
    places = {str(row.get("id")): place for place, row in enumerate(rows)}
    tags = [row.get("upos", EMPTY) for row in rows]
    labels = []
    for place, row in enumerate(rows):
        head = str(row.get("head"))
        if head == "0":
            labels.append(head)
        elif places.get(head, place) == place:
            labels.append(EMPTY)
        else:
            there = places[head]
            between = tags[place + 1 : there + 1] if there > place else tags[there:place]
            distance = min(between.count(tags[there]), _FARTHEST)
            labels.append(f"{'+' if there > place else '-'}{distance} {tags[there]}")
    return tuple(labels)
