"""Running text: read without loss, and cut into contiguous splits.

A text is one sequence, not a set of examples. A random cut would leave each held-out piece between
two pieces that were trained on, so the readers themselves cut: the last tenth is the test split, as
is usual for Tiny Shakespeare, and validation is held out in front of it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Sequence

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.char_lm.config import CharLmDataConfig

UNITS = ("character", "byte")
UNKNOWN_CHARACTER = "\ufffd"
# char-rnn's text has no split of its own; nanoGPT's 90/10 became the usual one.
LEARNED_SHARE = 0.9
# Of a held-out text; shorter blocks would be read mostly without the context they need.
_MOST_BLOCKS, _SMALLEST_BLOCK = 8, 1_000
# Less than a page teaches nothing: most often it is the wrong file.
MIN_TRAINING_LENGTH = 1000

# Text with a stray byte is still text. Above this share it is another encoding, or no text.
_MAX_INVALID_SHARE = 0.1
# What Python makes of bytes that are not UTF-8 when it is asked to keep them.
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")


def text_of_bytes(data: bytes, unit: str) -> str:
    r"""Return bytes as text from which :func:`bytes_of_text` gives the same bytes again.

    Line ends, NUL and a byte order mark are characters like all others.

    Args:
        data: Any bytes.
        unit: ``"character"`` reads UTF-8; a byte that is not UTF-8 becomes a lone surrogate.
            ``"byte"`` makes each byte the code point of its own number.

    Example:
        >>> text_of_bytes(b"\xc3\xbc\xff", "character"), text_of_bytes(b"\xc3\xbc", "byte")
        ('ü\udcff', 'Ã¼')
    """
    return data.decode("latin-1") if unit == "byte" else data.decode("utf-8", "surrogateescape")


def bytes_of_text(text: str, unit: str) -> bytes:
    """Return the bytes that :func:`text_of_bytes` read.

    Args:
        text: As read with the same unit. U+FFFD, which stands for what a model does not know, is
            written in UTF-8 with either unit.
        unit: ``"character"`` or ``"byte"``.
    """
    if unit == "byte":
        return text.replace(UNKNOWN_CHARACTER, "\xef\xbf\xbd").encode("latin-1")
    return text.encode("utf-8", "surrogateescape")


def contiguous_split(
    split: str,
    options: CharLmDataConfig,
    read: Callable[[str], Sequence[str]],
    present: Collection[str] = ("train",),
    where: str = "the data",
) -> Examples:
    """Return a split as its source has it, or the slice of the training text that stands for it.

    Of the training text's n characters the first ``int(0.9 n)`` are for learning and the rest is
    the test split. The validation split is ``validation_fraction`` of those for learning, in blocks
    spread over all of it: the characters just before the test text are the most like it, and are
    learned from. What the source has as a split of its own is not cut. Several documents count as
    one text in their order, and a cut may go through one of them.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``validation_fraction``, ``unit``).
        read: Split -> its documents; asked for splits in ``present`` only.
        present: Splits that the source has, ``train`` among them where any is to be cut.
        where: Named in errors.

    Returns:
        ``text``: one string per document.

    Raises:
        UserError: The split is empty, too short to learn from, or not text.

    Example:
        >>> text = "ab" * 1000
        >>> splits = [contiguous_split(s, None, lambda _: [text]) for s in ("train", "test")]
        >>> [len("".join(split.features["text"])) for split in splits]
        [1620, 200]
    """
    documents = read(split if split in present else "train")
    if split == "train" or split not in present:
        fraction = getattr(options, "validation_fraction", 0.1)
        total = sum(map(len, documents))
        learned = total if "test" in present else int(total * LEARNED_SHARE)
        held_out = [] if "validation" in present else _blocks(learned, round(learned * fraction))
        ends = [0, *(edge for block in held_out for edge in block), learned]
        bounds = {
            "train": list(zip(ends[::2], ends[1::2], strict=True)),
            "validation": held_out,
            "test": [(learned, total)],
        }
        documents = [
            part for start, end in bounds[split] for part in _between(documents, start, end)
        ]
    _check(documents, split, getattr(options, "unit", "character"), where)
    return Examples({"text": [document for document in documents if document]})


def _blocks(total: int, count: int) -> list[tuple[int, int]]:
    """Return where the blocks begin and end that together hold `count` of `total` characters."""
    number = max(1, min(_MOST_BLOCKS, count // _SMALLEST_BLOCK))
    sizes = [count // number + (index < count % number) for index in range(number)]
    starts = [int((index + 0.5) * total / number - size / 2) for index, size in enumerate(sizes)]
    return [(start, start + size) for start, size in zip(starts, sizes, strict=True)]


def _between(documents: Sequence[str], start: int, end: int) -> list[str]:
    """Return what of each document lies between two positions of all of them joined."""
    pieces, position = [], 0
    for document in documents:
        pieces.append(document[max(0, start - position) : max(0, end - position)])
        position += len(document)
    return pieces


def _check(documents: Sequence[str], split: str, unit: str, where: str) -> None:
    length, kind = sum(map(len, documents)), "training" if split == "train" else split
    if not length:
        raise UserError(f"{where}: the {kind} text is empty. Give a file that holds text.")
    if split == "train" and length < MIN_TRAINING_LENGTH:
        raise UserError(
            f"{where}: the training text has {length} {unit}s, expected at least "
            f"{MIN_TRAINING_LENGTH:,}. Give a longer text."
        )
    # Only texts with characters beyond ASCII can hold such a byte.
    suspects = [] if unit == "byte" else [d for d in documents if not d.isascii()]
    invalid = sum(len(_ESCAPED_BYTE.findall(document)) for document in suspects)
    if invalid > _MAX_INVALID_SHARE * length:
        raise UserError(
            f"{where}: {invalid:,} of {length:,} characters of the {kind} text are not UTF-8. Name "
            "its encoding, such as --data.encoding windows-1252; or add --data.unit byte, which "
            "reads any file."
        )
    if invalid:
        print(
            f"note: {where}: {invalid:,} of {length:,} characters of the {kind} text are bytes "
            "that are not UTF-8 and count as unknown characters (--data.encoding names another "
            "encoding, such as windows-1252; --data.unit byte learns bytes)",
            file=sys.stderr,
        )
