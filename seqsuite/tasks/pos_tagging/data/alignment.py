"""Where the words of a sentence stand in its text."""

from __future__ import annotations

import re
from collections.abc import Sequence

_APOSTROPHES = re.compile("[\u2018\u2019\u02bc]")


def places_of(text: str, tokens: Sequence[str]) -> list[tuple[int, int]] | None:
    """Return start and end of each word in a text.

    Args:
        text: The sentence.
        tokens: Its words in order, with nothing but white space between; every apostrophe is ``'``.

    Returns:
        A pair for each word; None where the text has other characters than the words.

    Example:
        >>> places_of("Don\u2019t  go", ["Do", "n't", "go"])
        [(0, 2), (2, 5), (7, 9)]
    """
    places, place = [], 0
    for token in tokens:
        while place < len(text) and text[place].isspace():
            place += 1
        end = place + len(token)
        if _APOSTROPHES.sub("'", text[place:end]) != token:
            return None
        places.append((place, end))
        place = end
    return places
