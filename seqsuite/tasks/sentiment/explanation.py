"""Answers shown in a line of text: which words moved them, and tags beside words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from seqsuite.text.terminal import Explanation

_MOST_PARTS = 400
# Thai, Lao, Myanmar, Khmer, Kana, Han, in the order of their blocks.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U000323af"
)
# Vowels and tones that stand above, below or behind a letter.
_MARKS = (
    "\u0e30-\u0e3a\u0e45\u0e47-\u0e4e\u0eb0-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059\u17b6-\u17d3"
    "\u3099\u309a\u30fc\uff9e\uff9f"
)
_WORDS = re.compile(rf"(?:[{_UNSPACED}][{_MARKS}]*|[^\s{_UNSPACED}]+)\s*")


def leave_one_out(
    probabilities_of: Callable[[Sequence[str]], np.ndarray], text: str, chunk: int = 64
) -> Explanation:
    """Measure how far the probability of the answer falls when a word is left out.

    Args:
        probabilities_of: Texts -> probabilities ``(texts, labels)``.
        text: The text. Words are what white space separates; in scripts without spaces (Chinese,
            Japanese, Thai and their kin) each character with its marks is one.
        chunk: Texts per call.

    Returns:
        Each word (in a text of thousands, each run of words), with the white space after it, and
        its effect: positive where it spoke for the answer, negative where against.

    Example:
        >>> def classify(texts):
        ...     return np.array([[0.9, 0.1] if "good" in t else [0.6, 0.4] for t in texts])
        >>> [(word, round(effect, 2)) for word, effect in leave_one_out(classify, "so good")]
        [('so ', 0.0), ('good', 0.3)]

    Reference:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014
        (occlusion).
    """
    words = _WORDS.findall(text.strip())
    # A very long text is explained by runs of words, or it would take as many calls as words.
    size = -(-len(words) // _MOST_PARTS) if words else 1
    parts = [words[i : i + size] for i in range(0, len(words), size)]
    whole = probabilities_of([text])[0]
    answer = whole.argmax()
    explanation = []
    for first in range(0, len(parts), chunk):
        last = min(first + chunk, len(parts))
        texts = ["".join(words[: i * size] + words[(i + 1) * size :]) for i in range(first, last)]
        effects = whole[answer] - probabilities_of(texts)[:, answer]
        explanation += [
            ("".join(part), float(effect))
            for part, effect in zip(parts[first:last], effects, strict=True)
        ]
    return explanation
