"""Checkpoints: arrays and a JSON record in one file, replaced atomically."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from seqsuite.data.writing import replaced
from seqsuite.errors import EnvironmentFailure, UserError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    Variable: TypeAlias = tf.Variable | keras.Variable

_RECORD = "record"


def save_checkpoint(
    path: Path, variables: Mapping[str, Sequence[Variable | np.ndarray]], record: dict
) -> None:
    """Write variables and a record, atomically.

    Args:
        path: The ``.npz`` file.
        variables: Named lists of variables or arrays.
        record: Other state, as JSON.

    Raises:
        EnvironmentFailure: The disk is full or the folder is not writable.
    """
    arrays: dict[str, Any] = {
        f"{name}/{index}": np.asarray(variable)
        for name, group in variables.items()
        for index, variable in enumerate(group)
    }
    arrays[_RECORD] = np.array(json.dumps(record))
    try:
        with replaced(path) as partial, open(partial, "wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        kept = "The last good checkpoint stays" if path.exists() else "No checkpoint was written"
        raise EnvironmentFailure(
            f"Could not write checkpoint {path}: {error.strerror}. {kept}; free some space or "
            "choose another --run_dir, then go on with --resume."
        ) from error


def load_checkpoint(path: Path) -> tuple[dict[str, list[np.ndarray]], dict]:
    """Read a file of :func:`save_checkpoint`.

    Args:
        path: The ``.npz`` file.

    Returns:
        The named lists of arrays, and the record.

    Raises:
        UserError: The file is missing or is not a checkpoint.
    """
    if not path.is_file():
        raise UserError(f"Checkpoint {path} does not exist. Was the run stopped before it began?")
    try:
        with np.load(path, allow_pickle=False) as file:
            record = json.loads(str(file[_RECORD]))
            groups: dict[str, dict[int, np.ndarray]] = {}
            for key in file.files:
                if key != _RECORD:
                    name, index = key.rsplit("/", 1)
                    groups.setdefault(name, {})[int(index)] = file[key]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is not a readable checkpoint: {error}.") from error
    return {name: [group[i] for i in sorted(group)] for name, group in groups.items()}, record


def assign(variables: Sequence[Variable], values: Sequence[np.ndarray]) -> None:
    """Assign arrays to variables, one to one.

    Raises:
        UserError: The shapes differ: the checkpoint belongs to another configuration.
    """
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [value.shape for value in values]:
        raise UserError(
            "The checkpoint does not fit the model: it was written with another configuration or "
            "another version of seqsuite."
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
