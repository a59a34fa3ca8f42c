"""The verbs ``compress`` and ``decompress``: files through an exported character language model."""

from __future__ import annotations

import hashlib
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from seqsuite.cli import parsing, terminal
from seqsuite.errors import UserError
from seqsuite.task import Task, command
from seqsuite.tasks.char_lm.compression import codec

SUFFIX = ".seqz"


def compress(task_class: type[Task], words: list[str]) -> int:
    """Write FILE.seqz and compare its size with those of gzip, bz2 and xz."""
    parser = _parser(task_class, "compress", "Compress a file with an exported model.")
    parser.add_argument("--lanes", type=int, help="parts coded side by side (default: by length)")
    options = parser.parse_args(words)
    terminal.quiet_tensorflow()
    source = _readable(options.file)
    target = _writable(options.output or f"{options.file}{SUFFIX}", source)
    if options.lanes is not None and options.lanes < 1:
        raise UserError(f"--lanes must be at least 1. Received: {options.lanes}.")
    model = _served(task_class, options.model)
    data, started = source.read_bytes(), time.monotonic()
    found = codec.compress_measured(
        data, model, options.lanes, terminal.ProgressPercent("compress")
    )
    target.write_bytes(found.blob)
    seconds = time.monotonic() - started
    sizes = {"seqsuite": len(found.blob), **codec.standard_sizes(data)}
    print(f"{target}: {len(found.blob):,} bytes of {len(data):,}, {seconds:.0f} s")
    for name, size in sorted(sizes.items(), key=lambda item: item[1]):
        share = f"{8 * size / len(data):.3f} bits per byte" if data else ""
        print(f"{name:>8}  {size:>12,} bytes  {share}")
    if found.num_symbols:
        measured, ideal = 8 * len(found.blob), found.ideal_bits
        print(
            f"{measured / found.num_symbols:.4f} bits per character; by the model's probabilities "
            f"{ideal / found.num_symbols:.4f}; {found.escapes:,} characters it does not know"
        )
    print(command(task_class, "decompress", "--model", options.model, str(target)))
    return 0


def decompress(task_class: type[Task], words: list[str]) -> int:
    """Write back the file that ``compress`` read."""
    parser = _parser(task_class, "decompress", "Restore a compressed file, bit by bit.")
    options = parser.parse_args(words)
    terminal.quiet_tensorflow()
    source = _readable(options.file)
    if options.output is None and source.suffix != SUFFIX:
        raise UserError(
            f"{source} does not end in {SUFFIX}: say with --output FILE where to write."
        )
    target = _writable(options.output or source.with_suffix(""), source)
    if target.exists() and not options.output:
        raise UserError(
            f"{target} exists. Give --output FILE to write elsewhere, or to replace it."
        )
    model = _served(task_class, options.model)
    data = codec.decompress(source.read_bytes(), model, terminal.ProgressPercent("decompress"))
    target.write_bytes(data)
    print(f"{target}: {len(data):,} bytes")
    return 0


class ServedSymbolModel:
    """An exported model as the coder asks it: one character of each lane at a time.

    Encoder and decoder call the same graph with the same number of rows in the same order, so on
    one machine they get the same probabilities, bit by bit, whatever process they run in.

    Args:
        server: The exported model.
    """

    unknown_id = 0

    def __init__(self, server: Any):
        from seqsuite.tasks.char_lm.character_stream import CharacterStream

        self.fingerprint = _fingerprint(server.version)
        self._open = partial(CharacterStream, server, server.extra, server.signatures["step"])
        self._stream = self._open()
        self.symbols = [-1, *self._stream.alphabet]
        self.byte_level = self._stream.unit == "byte"

    def start(self, lanes: int) -> np.ndarray:
        """Forget everything and return float ``(lanes, symbols)``."""
        self._stream = self._open(rows=lanes)
        return self._stream.read([b""] * lanes)

    def advance(self, ids: np.ndarray) -> np.ndarray:
        """Read ids ``(lanes,)`` and return float ``(lanes, symbols)`` for the next."""
        return self._stream.read(self._stream.pieces[ids])


def _parser(task_class: type[Task], verb: str, description: str) -> parsing.Parser:
    parser = parsing.Parser(
        prog=command(task_class, verb),
        description=description,
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="what to read")
    parser.add_argument("--model", required=True, help="exported model (a version, or its parent)")
    parser.add_argument("--output", help=f"what to write (default: FILE with or without {SUFFIX})")
    return parser


def _readable(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise UserError(f"{name} is not a file.")
    return path


def _writable(name: str | Path, source: Path) -> Path:
    """Fail before the work, not after it, when its result could not be kept."""
    path = Path(name)
    if not path.parent.is_dir():
        raise UserError(f"{path} cannot be written: {path.parent} is not a folder.")
    if path.exists() and path.samefile(source):
        raise UserError(f"{path} would replace itself. Give another --output FILE.")
    return path


def _served(task_class: type[Task], folder: str) -> ServedSymbolModel:
    from seqsuite.serving import exported_model
    from seqsuite.tasks.char_lm.character_stream import SYMBOLS_FILE

    server = exported_model.ExportedModel(folder)
    if not (server.extra / SYMBOLS_FILE).is_file():
        raise UserError(
            f"{server.version} is no character language model: it has no {SYMBOLS_FILE}."
        )
    return ServedSymbolModel(server)


def _fingerprint(version: Path) -> str:
    """Return a digest of all that the model's probabilities depend on."""
    digest = hashlib.sha256()
    for path in sorted([version / "saved_model.pb", *(version / "variables").glob("*.data*")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()
