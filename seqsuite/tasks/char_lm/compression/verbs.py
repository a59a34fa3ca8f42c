"""The verbs ``compress`` and ``decompress``: files through an exported character language model."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from seqsuite.cli import parsing, terminal
from seqsuite.data.writing import write_bytes
from seqsuite.errors import UserError
from seqsuite.task import TaskSpec
from seqsuite.tasks.char_lm.compression import codec
from seqsuite.training.progress import ProgressLine

if TYPE_CHECKING:
    from seqsuite.tasks.char_lm.compression.served_model import ServedSymbolModel

SUFFIX = ".seqz"


def compress(task: TaskSpec, words: list[str]) -> int:
    """Write FILE.seqz and compare its size with those of gzip, bz2 and xz."""
    parser = _parser(task, "compress", "Compress a file with an exported model.")
    parser.add_argument("--lanes", type=int, help="parts coded side by side (default: by length)")
    options = parser.parse_args(words)
    terminal.quiet_tensorflow()
    source = _readable(options.file)
    target = _writable(options.output or f"{options.file}{SUFFIX}", source)
    if options.lanes is not None and options.lanes < 1:
        raise UserError(f"--lanes must be at least 1. Received: {options.lanes}.")
    model = _model(options.model)
    data, started = source.read_bytes(), time.monotonic()
    found = codec.compress_measured(data, model, options.lanes, ProgressLine("compress"))
    write_bytes(target, found.blob)
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
    print(task.command("decompress", "--model", options.model, str(target)))
    return 0


def decompress(task: TaskSpec, words: list[str]) -> int:
    """Write back the file that ``compress`` read."""
    parser = _parser(task, "decompress", "Restore a compressed file, bit by bit.")
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
    model = _model(options.model)
    data = codec.decompress(source.read_bytes(), model, ProgressLine("decompress"))
    write_bytes(target, data)
    print(f"{target}: {len(data):,} bytes")
    return 0


def _parser(task: TaskSpec, verb: str, description: str) -> parsing.Parser:
    parser = parsing.Parser(
        prog=task.command(verb),
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


def _model(folder: str) -> ServedSymbolModel:
    from seqsuite.tasks.char_lm.compression.served_model import served_symbol_model

    return served_symbol_model(folder)
