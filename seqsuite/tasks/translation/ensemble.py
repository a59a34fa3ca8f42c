"""Finished runs that translate together with another: where they are, and whether they fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from seqsuite.config import parse
from seqsuite.errors import UserError
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.translation.config import TranslationConfig
from seqsuite.tasks.translation.model import build_translation_model
from seqsuite.training.checkpoint import assign, load_checkpoint

if TYPE_CHECKING:
    from seqsuite.tasks.translation.preprocessor import TranslationPreprocessor


def check_runs(runs: Sequence[str], preprocessor: TranslationPreprocessor) -> list[Path]:
    """Find the runs of an ensemble, and whether they know the same pieces.

    Args:
        runs: Run directories.
        preprocessor: The adapted ``TranslationPreprocessor`` of the run they are to join.

    Returns:
        The directories.

    Raises:
        UserError: One is not a finished run, or has another vocabulary.
    """
    directories = [Path(name).expanduser() for name in runs]
    for directory in directories:
        if any(not (directory / name).is_file() for name in ("metrics.json", "best.npz")):
            raise UserError(
                f"decoding.ensemble_runs: {directory} is no finished run. Give directories that "
                "`train` wrote."
            )
        if _vocabulary(preprocessor) != _vocabulary(Preprocessor.load_from(directory)):
            raise UserError(
                f"decoding.ensemble_runs: {directory} has another vocabulary. Runs translate "
                "together when their --data flags, and what these stand for, are the same."
            )
    return directories


def _vocabulary(preprocessor: Preprocessor) -> tuple[Any, ...]:
    settings = (getattr(preprocessor, name, None) for name in ("model_type", "joint"))
    return (*settings, preprocessor.get_state())


def ensemble_members(
    runs: Sequence[str], preprocessor: TranslationPreprocessor, model: keras.Model
) -> list[keras.Model]:
    """Return the models of other runs that translate together with a model.

    They are loaded once, and an exported model holds their weights.

    Args:
        runs: As in :func:`check_runs`.
        preprocessor: As in :func:`check_runs`.
        model: The model that they join.

    Raises:
        UserError: A run does not fit.
    """
    if getattr(model, "ensemble", None) is None:
        others = tf.Module()
        others.models = [_load(one, preprocessor) for one in check_runs(runs, preprocessor)]
        # A module is saved with the model but is none of its layers, whose weights fill its own
        # checkpoints.
        model.ensemble = others
    return list(model.ensemble.models)


def _load(directory: Path, preprocessor: TranslationPreprocessor) -> keras.Model:
    config, _ = parse(TranslationConfig, [f"--config={directory / 'config.toml'}"])
    model = build_translation_model(preprocessor, config.model, config.training)
    assign(model.weights, load_checkpoint(directory / "best.npz")[0]["weights"])
    for layer in model._flatten_layers():
        # What is served runs on any machine, and export knows the run's own model alone.
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False
    return model
