"""Lines for the user about tags that are not what they might seem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from seqsuite.text.spans import look_like_spans

_NAMED = 10


def unseen_note(tags: Sequence[Sequence[str]], unseen: Sequence[Sequence[bool]]) -> str:
    """Return which tags are unseen and how many words have them, or nothing when there are none.

    Args:
        tags: Tags of each sentence, as written.
        unseen: Whether training lacked each of them.

    Example:
        >>> unseen_note([("NOUN", "X"), ("X",)], [[False, True], [True]])
        'note: 2 of 3 words have a tag that training never saw, and count as wrong: X (2)'
    """
    rows = zip(tags, unseen, strict=True)
    pairs = (pair for row, marks in rows for pair in zip(row, marks, strict=True))
    found = Counter(tag for tag, mark in pairs if mark)
    if not found:
        return ""
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{tag} ({count:,})" for tag, count in ranked[:_NAMED]]
    named += [f"{len(ranked) - _NAMED} more"] if len(ranked) > _NAMED else []
    return (
        f"note: {found.total():,} of {sum(map(len, tags)):,} words have a tag that training never "
        f"saw, and count as wrong: {', '.join(named)}"
    )


def spans_note(labels: Sequence[str]) -> str:
    """Return that tags which are learned one by one look like spans, or nothing.

    Args:
        labels: All distinct tags.

    Example:
        >>> spans_note(["ADJ", "NOUN"])
        ''
    """
    if not look_like_spans(labels):
        return ""
    return (
        "note: the tags look like spans (B-name, I-name): add --data.scheme bio or bioes to have "
        "entities scored, and only legal ones answered"
    )
