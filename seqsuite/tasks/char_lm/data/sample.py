"""The sample of running text: the manual that Python carries for its own ``help()``."""

from __future__ import annotations

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.char_lm.config import CharLmDataConfig
from seqsuite.tasks.char_lm.data.text import contiguous_split, text_of_bytes

NAME = "sample"
DESCRIPTION = "built-in sample, no network: Python's manual"

# A quarter of Tiny Shakespeare: a small model learns its spelling from it in a minute or two.
MAX_CHARACTERS = 300_000


def load(split: str, options: CharLmDataConfig) -> Examples | None:
    """Cut a split from the manual; the same every time.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section; ``unit`` asks for characters or bytes.
    """
    unit = getattr(options, "unit", "character")
    text = text_of_bytes(manual().encode("utf-8"), unit)
    return contiguous_split(split, options, lambda _: [text], where="the sample")


def manual() -> str:
    """Return the manual's topics in the order of their names.

    Topics repeat each other: of all statements there is a chapter, and of each a topic that quotes
    it. Of paragraphs that recur only the first is kept, else most of the test split could be
    recited from the training split. The text differs between versions of Python.

    Raises:
        UserError: This Python was installed without its manual.

    Example:
        >>> manual()[:22]
        'The "assert" statement'
    """
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise UserError(
            "This Python was installed without pydoc_data, its manual. Install all of its standard "
            "library, or give a text with --data.source files --data.train FILE."
        ) from error
    paragraphs = (part for name in sorted(topics) for part in topics[name].split("\n\n"))
    return "\n\n".join(dict.fromkeys(paragraphs))[:MAX_CHARACTERS]
