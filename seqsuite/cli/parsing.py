"""Parsing of flags and of the configuration of a run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from seqsuite.config import parse
from seqsuite.errors import UserError
from seqsuite.task import Task


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are one line, like all other mistakes."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}. See {self.prog.split()[-1]} --help.")


def read_run_config(
    task_class: type[Task], run_dir: Path, words: Sequence[str] = (), section: str = "data"
) -> Any:
    """Return the configuration of a run, under the flags of a section among ``words``."""
    recipe = run_dir / "config.toml"
    if not recipe.is_file():
        raise UserError(
            f"{run_dir} is not a run directory: it has no config.toml. Give --run_dir the folder "
            "that `train` wrote (it prints it at the end)."
        )
    flags = [f"--config={recipe}"]
    for index, word in enumerate(words):
        if word.startswith(f"--{section}."):
            flags += [word] if "=" in word else words[index : index + 2]
    return parse(task_class.config_class, flags)[0]
