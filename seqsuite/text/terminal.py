"""Coloured words in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

Explanation = list[tuple[str, float]]

# Words that moved the answer by less than this share of the largest move are left unmarked.
_SHOWN_SHARE = 0.25
_GREEN, _RED, _PLAIN = "\x1b[42;30m", "\x1b[41;30m", "\x1b[0m"
_TAG_COLORS = (32, 34, 71, 130, 133, 136, 161, 166, 30, 97, 100, 168)


def highlight(explanation: Explanation, color: bool) -> str:
    """Return the text with its influential words marked.

    Args:
        explanation: Words, with the white space after each, and their effects.
        color: Mark with terminal colours; otherwise as ``[+word]`` and ``[-word]``.

    Example:
        >>> highlight([("so ", 0.0), ("good ", 0.3), ("but", -0.1)], color=False)
        'so [+good] [-but]'
    """
    largest = max([abs(effect) for _, effect in explanation], default=0.0)
    shown = []
    for part, effect in explanation:
        word = part.rstrip()
        space = " " * (word != part)
        if largest == 0 or abs(effect) < _SHOWN_SHARE * largest:
            shown.append(word + space)
        elif color:
            shown.append(f"{_GREEN if effect > 0 else _RED}{word}{_PLAIN}{space}")
        else:
            shown.append(f"[{'+' if effect > 0 else '-'}{word}]{space}")
    return "".join(shown)


def tagged(tokens: Sequence[str], tags: Sequence[str], color: bool) -> str:
    """Return words with their tags; words outside of any span (``O``) stand alone.

    Args:
        tokens: Words of a sentence.
        tags: As many tags.
        color: Write tags in terminal colours, one for each kind, rather than after a slash.

    Example:
        >>> tagged(["in", "Rome"], ["O", "B-place"], color=False)
        'in Rome/B-place'
    """
    shown = []
    for token, tag in zip(tokens, tags, strict=True):
        if tag == "O":
            shown.append(token)
        elif color:
            kind = tag.partition("-")[2] or tag
            # Of the terminal's 256 colours, those that are legible on black and on white.
            code = _TAG_COLORS[sum(kind.encode()) % len(_TAG_COLORS)]
            shown.append(f"{token}\x1b[38;5;{code}m/{tag}{_PLAIN}")
        else:
            shown.append(f"{token}/{tag}")
    return " ".join(shown)
