"""Sequences whose answer must be remembered: copying, adding, delayed and associative recall.

Each is generated from a seed, so there are no files. An example is a text of tokens between spaces,
one a step, and its label is the answer as a text.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seqsuite.errors import UserError

BLANK, MARKER, MARK = "_", "?", "*"
NUM_COPIED = 10
_DIGITS = tuple("01234567")
_LETTERS = tuple(string.ascii_lowercase)
_DISTRACTORS = _LETTERS[:8]
_NUM_FRACTIONS = 1000
# So many digits are read without overflow.
NUMBER = r"-?[0-9]{0,12}\.?[0-9]{1,12}"

Generated = tuple[list[str], list[str]]
"""Sequences and their answers, both as texts."""


@dataclass(frozen=True)
class MemoryProblem:
    """A problem that needs memory, and what must be known to score answers.

    Args:
        name: What ``data.source`` calls it.
        description: One line.
        symbols: The tokens of a sequence; none where tokens are numbers.
        answers: What is answered at a step, one of them; none where the answer is a number.
        num_recalled: The last steps of a sequence, at which what is remembered is answered.
        blanks_count: Whether :data:`BLANK` must be answered at all steps before those.
        memoryless: Accuracy, or mean squared error, of the best constant answer.
        generate: Function of (count, length, load, generator).
        distance: Steps from what must be remembered to its answer, from a sequence's tokens.
    """

    name: str
    description: str
    symbols: tuple[str, ...]
    answers: tuple[str, ...]
    num_recalled: int
    blanks_count: bool
    memoryless: float
    generate: Callable[[int, int, int, np.random.Generator], Generated]
    distance: Callable[[list[str]], int]

    @property
    def numeric(self) -> bool:
        """Whether the answer is a number."""
        return not self.answers

    def reads(self, token: str) -> bool:
        """Return whether a token is one of the problem's sequences.

        Example:
            >>> DELAYED_RECALL.reads("a"), DELAYED_RECALL.reads("x9"), ADDING.reads("0.25*")
            (True, False, True)
        """
        if not self.symbols:
            return re.fullmatch(NUMBER, token.removesuffix(MARK)) is not None
        return token in self.symbols

    def step_answers(self, tokens: list[str], answer: str) -> np.ndarray:
        """Return the answer due at each step, as an index into ``answers``; -1: none.

        Args:
            tokens: A sequence.
            answer: Its label.

        Returns:
            int32 ``(steps,)``.

        Example:
            >>> DELAYED_RECALL.step_answers(["b", "3", "a", "?"], "3").tolist()
            [-1, -1, -1, 3]
        """
        before = self.answers.index(BLANK) if self.blanks_count else -1
        steps = np.full(len(tokens), before, np.int32)
        recalled = [self.answers.index(symbol) for symbol in answer.split()]
        steps[len(tokens) - len(recalled) :] = recalled
        return steps


def _texts(ids: np.ndarray, tokens: tuple[str, ...]) -> list[str]:
    table = np.array(tokens, object)
    return [" ".join(row) for row in table[ids]]


def _copying(count: int, length: int, load: int, generator: np.random.Generator) -> Generated:
    _check(length >= 1, f"data.length of copying must be at least 1. Received: {length}.")
    tokens = COPYING.symbols
    ids = np.full((count, length + 2 * NUM_COPIED), tokens.index(BLANK))
    copied = generator.integers(len(_DIGITS), size=(count, NUM_COPIED))
    ids[:, :NUM_COPIED] = copied
    # The marker stands at the step before the first answer, so its own input is the last wait.
    ids[:, -NUM_COPIED - 1] = tokens.index(MARKER)
    return _texts(ids, tokens), _texts(copied, tokens)


def _adding(count: int, length: int, load: int, generator: np.random.Generator) -> Generated:
    _check(length >= 2, f"data.length of adding must be at least 2. Received: {length}.")
    plain = [f"{number / _NUM_FRACTIONS:.3f}" for number in range(_NUM_FRACTIONS)]
    ids = generator.integers(_NUM_FRACTIONS, size=(count, length))
    rows, half = np.arange(count), length // 2
    marked = generator.integers(half, size=count), generator.integers(half, length, size=count)
    sums = (ids[rows, marked[0]] + ids[rows, marked[1]]) / _NUM_FRACTIONS
    for steps in marked:
        ids[rows, steps] += _NUM_FRACTIONS
    tokens = (*plain, *(number + MARK for number in plain))
    return _texts(ids, tokens), [f"{total:.3f}" for total in sums]


def _delayed_recall(
    count: int, length: int, load: int, generator: np.random.Generator
) -> Generated:
    _check(length >= 1, f"data.length of delayed_recall must be at least 1. Received: {length}.")
    tokens = DELAYED_RECALL.symbols
    ids = generator.integers(len(_DISTRACTORS), size=(count, length + 1)) + len(_DIGITS)
    shown = generator.integers(len(_DIGITS), size=count)
    ids[np.arange(count), generator.integers(length, size=count)] = shown
    ids[:, -1] = tokens.index(MARKER)
    return _texts(ids, tokens), _texts(shown[:, None], tokens)


def _associative_recall(
    count: int, length: int, load: int, generator: np.random.Generator
) -> Generated:
    _check(
        1 <= load <= len(_LETTERS) and length >= 2 * load,
        f"data.load of associative_recall must be between 1 and {len(_LETTERS)}, and data.length "
        f"at least twice as much. Received: load {load}, length {length}.",
    )
    tokens = ASSOCIATIVE_RECALL.symbols
    ids = np.full((count, length + 2), tokens.index(BLANK))
    letters = np.tile(np.arange(len(_LETTERS)), (count, 1))
    keys = generator.permuted(letters, axis=1)[:, :load] + len(_DIGITS)
    values = generator.integers(len(_DIGITS), size=(count, load))
    ids[:, 0 : 2 * load : 2], ids[:, 1 : 2 * load : 2] = keys, values
    rows, asked = np.arange(count), generator.integers(load, size=count)
    ids[:, -2], ids[:, -1] = tokens.index(MARKER), keys[rows, asked]
    return _texts(ids, tokens), _texts(values[rows, asked][:, None], tokens)


def _check(valid: bool, message: str) -> None:
    if not valid:
        raise UserError(message)


def _first(tokens: list[str], found: Callable[[str], bool]) -> int:
    """Return the step of the first token that is looked for; of foreign text the last one."""
    return next((step for step, token in enumerate(tokens) if found(token)), len(tokens) - 1)


def _since_digit(tokens: list[str]) -> int:
    return len(tokens) - 1 - _first(tokens, _DIGITS.__contains__)


def _since_mark(tokens: list[str]) -> int:
    return len(tokens) - 1 - _first(tokens, lambda token: token.endswith(MARK))


def _since_value(tokens: list[str]) -> int:
    # The value stands one step after its key.
    return max(0, len(tokens) - 2 - _first(tokens, lambda token: token == tokens[-1]))


COPYING = MemoryProblem(
    "copying",
    "10 symbols of 8, T blanks, a marker: recall all in order (generated)",
    symbols=(*_DIGITS, BLANK, MARKER),
    answers=(*_DIGITS, BLANK),
    num_recalled=NUM_COPIED,
    blanks_count=True,
    memoryless=1 / len(_DIGITS),
    generate=_copying,
    distance=lambda tokens: max(0, len(tokens) - NUM_COPIED),
)
ADDING = MemoryProblem(
    "adding",
    "T numbers, two of them marked: name their sum (generated)",
    symbols=(),
    answers=(),
    num_recalled=1,
    blanks_count=False,
    memoryless=1 / 6,  # the variance of the sum of two uniform numbers
    generate=_adding,
    distance=_since_mark,
)
DELAYED_RECALL = MemoryProblem(
    "delayed_recall",
    "one digit among T letters: name it at the end (generated)",
    symbols=(*_DIGITS, *_DISTRACTORS, MARKER),
    answers=_DIGITS,
    num_recalled=1,
    blanks_count=False,
    memoryless=1 / len(_DIGITS),
    generate=_delayed_recall,
    distance=_since_digit,
)
ASSOCIATIVE_RECALL = MemoryProblem(
    "associative_recall",
    "pairs of letter and digit, then a letter: name its digit (generated)",
    symbols=(*_DIGITS, *_LETTERS, BLANK, MARKER),
    answers=_DIGITS,
    num_recalled=1,
    blanks_count=False,
    memoryless=1 / len(_DIGITS),
    generate=_associative_recall,
    distance=_since_value,
)
PROBLEMS = {
    problem.name: problem for problem in (COPYING, ADDING, DELAYED_RECALL, ASSOCIATIVE_RECALL)
}
