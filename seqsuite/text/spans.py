"""Labelled spans as one tag per token: the schemes BIO and BIOES, and which sequences are legal.

A tag is ``O``, or a prefix and a type such as ``B-name``. BIO: ``B`` begins a span, ``I`` continues
it. BIOES: ``E`` ends a span of several tokens, and ``S`` is a span of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

BIO = frozenset("BIO")
BIOES = frozenset("BIOES")

_SCHEMES = {"bio": BIO, "bioes": BIOES}
# What a tag of BIOES is in BIO, whatever stands beside it.
_IN_BIO = {"S": "B", "E": "I"}
# Other names of the same prefixes: BILOU (spaCy, Prodigy), BMEWO, BMES.
_ALIASES = {"U": "S", "W": "S", "L": "E", "M": "I"}


def to_bio(tags: Sequence[str]) -> list[str]:
    """Make a legal BIO sequence of any tags of the schemes IOB1, BIO, BIOES, BILOU and BMEWO.

    In IOB1, ``B`` is used only where a span touches another one of its type. BILOU and BMEWO have
    other letters for the prefixes of BIOES. A tag that continues a span which is not there begins
    one.

    Args:
        tags: Tags of one sequence, legal or not.

    Returns:
        As many tags; legal BIO is returned as it is.

    Raises:
        ValueError: For a tag of another form.

    Example:
        >>> to_bio(["I-name", "I-name", "B-name", "I-place", "O", "E-name"])
        ['B-name', 'I-name', 'B-name', 'B-place', 'O', 'B-name']
        >>> to_bio(["U-name", "B-place", "L-place"])
        ['B-name', 'B-place', 'I-place']
    """
    repaired = []
    continuing = None
    for tag in tags:
        prefix, kind = _split(_renamed(tag))
        begins = prefix in "BS" or kind != continuing
        repaired.append("O" if prefix == "O" else _join("B" if begins else "I", kind))
        continuing = kind if prefix in "BI" else None
    return repaired


def bio_to_bioes(tags: Sequence[str]) -> list[str]:
    """Mark the last token of each span.

    Args:
        tags: Legal BIO tags of one sequence.

    Returns:
        BIOES tags.

    Raises:
        ValueError: For an illegal sequence; `to_bio` repairs it.

    Example:
        >>> bio_to_bioes(["B-name", "I-name", "O", "B-place"])
        ['B-name', 'E-name', 'O', 'S-place']
    """
    _check(tags, BIO)
    marked = []
    for tag, following in zip(tags, [*tags, "O"][1:], strict=True):
        prefix, kind = _split(tag)
        if prefix != "O" and _split(following)[0] != "I":
            prefix = {"B": "S", "I": "E"}[prefix]
        marked.append(_join(prefix, kind))
    return marked


def bioes_to_bio(tags: Sequence[str]) -> list[str]:
    """Undo `bio_to_bioes`.

    Args:
        tags: Legal BIOES tags of one sequence.

    Returns:
        BIO tags.

    Raises:
        ValueError: For an illegal sequence; `to_bio` repairs it.

    Example:
        >>> bioes_to_bio(["B-name", "E-name", "O", "S-place"])
        ['B-name', 'I-name', 'O', 'B-place']
    """
    _check(tags, BIOES)
    return to_bio(tags)


def spans(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """List the spans of a sequence.

    Args:
        tags: Legal BIO or BIOES tags of one sequence.

    Returns:
        ``(type, start, end)`` of each span in order; ``end`` is the index after its last token.

    Raises:
        ValueError: For an illegal sequence; `to_bio` repairs it.

    Example:
        >>> spans(["B-name", "I-name", "O", "B-place"])
        [('name', 0, 2), ('place', 3, 4)]
    """
    _check(tags, _scheme(tags))
    found: list[tuple[str, int, int]] = []
    for index, tag in enumerate(to_bio(tags)):
        prefix, kind = _split(tag)
        if prefix == "B":
            found.append((kind, index, index + 1))
        elif prefix == "I":
            found[-1] = (kind, found[-1][1], index + 1)
    return found


def in_bio(tag: str) -> str:
    """Rename one tag alone: ``S`` begins a span, ``E`` goes on with it.

    Args:
        tag: A tag of BIO or BIOES.

    Returns:
        The tag of BIO.

    Raises:
        ValueError: For a tag of another form.

    Example:
        >>> in_bio("S-name"), in_bio("E-name"), in_bio("O")
        ('B-name', 'I-name', 'O')
    """
    prefix, kind = _split(tag)
    return _join(_IN_BIO.get(prefix, prefix), kind)


def completed(tags: Iterable[str], scheme: str) -> list[str]:
    """Return all tags of a scheme for the types that occur, sorted, and ``O``.

    Args:
        tags: Tags that occur.
        scheme: ``"bio"`` or ``"bioes"``.

    Raises:
        ValueError: For a tag of another form.

    Example:
        >>> completed(["B-name", "O"], "bioes")
        ['B-name', 'E-name', 'I-name', 'O', 'S-name']
    """
    kinds = {kind for prefix, kind in map(_split, tags) if prefix != "O"}
    prefixes = _SCHEMES[scheme] - {"O"}
    return sorted({"O", *(_join(prefix, kind) for prefix in prefixes for kind in kinds)})


def look_like_spans(tags: Iterable[str]) -> bool:
    """Return whether tags look like spans: ``O``, or a prefix with a type.

    Args:
        tags: All distinct tags of a data set.

    Example:
        >>> look_like_spans(["O", "B-name"]), look_like_spans(["O", "B"])
        (True, False)
    """
    named = [_renamed(tag).partition("-") for tag in tags if tag != "O"]
    return bool(named) and all(prefix in tuple(BIOES - {"O"}) and kind for prefix, _, kind in named)


def span_constraints(
    labels: Sequence[str],
) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...], tuple[int, ...]]:
    """Return the forbidden transitions, first labels and last labels of a scheme.

    Args:
        labels: All labels, in the order of their ids. The scheme is BIOES when one of them begins
            with ``E`` or ``S``, else BIO.

    Returns:
        Forbidden transitions as pairs of ids, forbidden first ids, forbidden last ids: the
        arguments of :class:`seqsuite.layers.CRF` after the number of tags.

    Raises:
        ValueError: For a label of another form, or one that occurs twice.

    Example:
        >>> span_constraints(["O", "B-name", "I-name"])
        (((0, 2),), (2,), ())
    """
    if len(set(labels)) < len(labels):
        raise ValueError(f"Argument `labels` must not repeat a label. Received: labels={labels}")
    scheme = _scheme(labels)
    ids = range(len(labels))
    transitions = tuple(
        (a, b) for a in ids for b in ids if not _may_follow(labels[a], labels[b], scheme)
    )
    # A sequence is legal if it would be within a text: between two tokens outside of all spans.
    starts = tuple(a for a in ids if not _may_follow("O", labels[a], scheme))
    ends = tuple(a for a in ids if not _may_follow(labels[a], "O", scheme))
    return transitions, starts, ends


def _may_follow(previous: str, tag: str, scheme: frozenset[str]) -> bool:
    """Whether a tag may stand after another one."""
    (before, open_kind), (prefix, kind) = _split(previous), _split(tag)
    is_open = before in "BI"
    continues = prefix in "IE"
    if continues:
        return is_open and kind == open_kind
    return scheme == BIO or not is_open


def _check(tags: Sequence[str], scheme: frozenset[str]) -> None:
    for index, (previous, tag) in enumerate(zip(["O", *tags], [*tags, "O"], strict=True)):
        if _split(tag)[0] not in scheme or not _may_follow(previous, tag, scheme):
            name = "BIO" if scheme == BIO else "BIOES"
            raise ValueError(
                f"Argument `tags` must be legal {name}; `to_bio` repairs others. "
                f"Received: {tag!r} after {previous!r} at index {index} of tags={list(tags)}"
            )


def _scheme(tags: Sequence[str]) -> frozenset[str]:
    return BIOES if any(_split(tag)[0] in "ES" for tag in tags) else BIO


def _renamed(tag: str) -> str:
    """Return a tag with the prefix that BIOES has for it."""
    return _ALIASES.get(tag[:1], tag[:1]) + tag[1:] if tag[1:2] in ("", "-") else tag


def _split(tag: str) -> tuple[str, str]:
    """Part a tag into prefix and type, which may be empty and may contain hyphens."""
    prefix, hyphen, kind = tag.partition("-")
    if (
        len(prefix) != 1
        or prefix not in BIOES
        or bool(hyphen) != bool(kind)
        or (prefix == "O" and hyphen)
    ):
        raise ValueError(
            "Argument `tags` must hold 'O', or one of B, I, E, S with a type, such as 'B-name'. "
            f"Received: {tag!r}"
        )
    return prefix, kind


def _join(prefix: str, kind: str) -> str:
    return f"{prefix}-{kind}" if kind else prefix
