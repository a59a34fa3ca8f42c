"""The verb ``predict``: predictions of an exported model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from seqsuite.cli import terminal
from seqsuite.cli.parsing import Parser
from seqsuite.client import Client
from seqsuite.config import check_encoding, parse
from seqsuite.data.inputs import TABLES
from seqsuite.errors import UserError
from seqsuite.task import CONFIG_FILE, TaskSpec


def predict(task: TaskSpec, words: list[str]) -> int:
    """Predict with an exported model and return the exit code."""
    parser = Parser(
        prog=task.command("predict"),
        description="Predict with an exported model.",
        allow_abbrev=False,
    )
    parser.add_argument("items", nargs="*", metavar="ITEM", help="inputs")
    parser.add_argument("--model", required=True, help="exported model (a version, or its parent)")
    parser.add_argument("--input", help="a file of lines, or a table; - for a pipe")
    parser.add_argument("--column", help="column of a table; several: a,b; without a header: 0, 1")
    parser.add_argument(
        "--input_format",
        choices=("text", *TABLES, *(set(task.client_class.formats) - set(Client.formats))),
        help="how --input is read (default: by its ending; a pipe as text, with --column as csv)",
    )
    parser.add_argument("--encoding", help="encoding of --input (default: UTF-8, or its mark)")
    parser.add_argument("--output", default="-", help="file to write (a table by its ending)")
    client_class = task.client_class
    formats = client_class.formats
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--format", choices=formats, help="what to write; tables keep the columns of the input"
    )
    explains = client_class.explain is not Client.explain
    explain_help = "mark the words that influenced the answer" if explains else argparse.SUPPRESS
    parser.add_argument("--explain", action="store_true", help=explain_help)
    parser.add_argument("--batch_size", type=int, help="items per call (default: 64)")
    client_class.add_arguments(parser)
    options = parser.parse_intermixed_args(words)
    if not options.items and options.input is None:
        raise UserError("Nothing to predict: give items, or --input FILE (- for a pipe).")
    check_encoding(options.encoding)
    if options.explain and not explains:
        raise UserError(f"Task {task.name} has no --explain. Leave it out.")
    if options.json and options.format not in (None, "json"):
        raise UserError(f"--json and --format {options.format} exclude each other: choose one.")
    if options.batch_size is not None and options.batch_size < 1:
        raise UserError(f"--batch_size must be at least 1. Received: {options.batch_size}.")
    terminal.quiet_tensorflow()
    from seqsuite.serving import exported_model, predict

    model = exported_model.ExportedModel(options.model)
    config = exported_config(task, model.version)
    return predict.run(client_class(model, config, options), options)


def exported_config(task: TaskSpec, version: Path) -> Any:
    """Return the configuration of an exported model."""
    recipe = version / CONFIG_FILE
    words = [f"--config={recipe}"] if recipe.is_file() else []
    try:
        return parse(task.config_class, words, inherited=True)[0]
    except UserError as error:
        raise UserError(
            f"{version} is no model that this version of {task.name} can ask: it was exported by "
            f"another task, or by an earlier version. {error}"
        ) from error
