"""Parsing of flags and of the configuration of a run."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from seqsuite.config import parse, section_names
from seqsuite.errors import UserError
from seqsuite.task import TaskSpec


class Parser(argparse.ArgumentParser):
    """An argument parser that raises one-line user errors."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}. See {self.prog.split()[-1]} --help.")


def refuse_other_sections(
    task: TaskSpec, words: Sequence[str], verb: str, kept: str | None = None
) -> None:
    """Refuse configuration flags that a verb takes from the run.

    Args:
        task: The task's entry.
        words: Command-line words after the verb.
        verb: Name of the verb, for the error.
        kept: The section whose flags are allowed.

    Raises:
        UserError: One of the words is such a flag.
    """
    others = {"config", *section_names(task.config_class)} - {kept}
    flags = [re.match(r"--(\w+)", word) for word in words]
    if any(flag and flag[1] in others for flag in flags):
        mend = "leave its flags out, or start another run with another --run_dir"
        if kept:
            mend = f"only --{kept} flags may differ"
        raise UserError(f"{verb} takes the configuration of the run itself; {mend}.")


def read_run_config(
    task: TaskSpec, run_dir: Path, words: Sequence[str] = (), section: str = "data"
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
    return parse(task.config_class, flags, inherited=True)[0]
