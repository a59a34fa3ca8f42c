"""Modules import only what lies below them: the rule that keeps the package easy to change."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import seqsuite

PACKAGE = Path(seqsuite.__file__).parent
RANKS = [
    {"", "errors"},
    {
        "config",
        "schedules",
        "scoring",
        "translation_scores",
        "distributions",
        "forecast_levels",
        "series_scales",
        "forecast_windows",
        "classical_forecasts",
        "conformal",
        "spans",
        "spelling",
        "datasets",
        "naive_bayes",
        "word_vectors",
        "explanation",
        "ngram_language_model",
        "arithmetic_coding",
        "compressed_file",
        "ctc_padding",
        "speech_scores",
        "template_matching",
        "resampling",
    },
    {
        "layers",
        "losses",
        "metrics",
        "decoding",
        "pipeline",
        "streams",
        "compression",
        "baselines",
        "plotting",
        "optimizers",
        "tag_scores",
        "tag_baselines",
        "lexicon_translation",
        "forecast_config",
        "translation_config",
        "series_losses",
        "series_windows",
        "simple_forecasts",
        "checkpoint",
        "backtest",
        "scheduled_training",
        "wave_decoding",
        "forecast_scores",
        "equalization",
        "speech_config",
    },
    {
        "preprocessing",
        "diagnostics",
        "classification_report",
        "tagging_report",
        "tag_heads",
        "word_representation",
        "stream_prediction",
        "dynamic_evaluation",
        "translation_model",
        "translation_prediction",
        "translation_report",
        "stream_plots",
        "forecast_baselines",
        "forecast_plots",
        "backtest_scores",
        "streaming_front_end",
        "speech_model",
        "speech_decoding",
        "speech_recordings",
        "equalized_files",
        "speech_report",
        "speech_baselines",
        "memory_scores",
        "memory_baselines",
    },
    {
        "task",
        "character_server",
        "character_stream",
        "tagging_model",
        "translator",
        "translation_ensemble",
        "forecast_files",
        "forecast_models",
        "forecast_prediction",
        "forecaster",
        "backtest_tables",
        "speech_prediction",
        "speech_server",
        "speech_stream",
        "speech_export",
        "memory_report",
    },
    {"tasks", "training", "evaluation", "export", "callbacks", "report", "averaging"},
    {"runs", "prediction"},
    {"cli", "backtest_models"},
    {"compress_files", "backtest_verb", "diagnose_run", "__main__"},
]
# These know the task contract only, and modules of this rank may know each other.
TRAINING = {"training", "evaluation", "export", "callbacks", "report", "averaging"}
# A task's last two lines hand it to the command line; so does the main module of diagnostics.
ALLOWED = {("tasks", "cli"), ("diagnostics", "diagnose_run")}
MODULES = sorted(PACKAGE.rglob("*.py"))


def rank_of(area: str) -> int:
    return next((rank for rank, areas in enumerate(RANKS) if area in areas), -1)


def area_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def imported_areas(tree: ast.AST) -> set[str]:
    """The parts of seqsuite that a module imports, at its top or inside its functions."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    areas = {[*name.split("."), ""][1] for name in names if name.split(".")[0] == "seqsuite"}
    return {area if rank_of(area) >= 0 else "" for area in areas}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_lies_below_it(path):
    area = area_of(path)
    assert rank_of(area) >= 0, f"give {area!r} a rank in {__file__}"
    for other in imported_areas(ast.parse(path.read_text(encoding="utf-8"))):
        below = rank_of(other) < rank_of(area)
        allowed = other == area or (area, other) in ALLOWED or {area, other} <= TRAINING
        assert below or allowed, f"seqsuite.{area} must not import seqsuite.{other}"


LIGHT = [
        "seqsuite", "seqsuite.errors", "seqsuite.config", "seqsuite.schedules",
        "seqsuite.scoring", "seqsuite.datasets", "seqsuite.task", "seqsuite.tasks",
        "seqsuite.tasks.sentiment", "seqsuite.tasks.pos_tagging", "seqsuite.plotting",
        "seqsuite.cli", "seqsuite.__main__", "seqsuite.diagnostics", "seqsuite.diagnose_run",
    ]  # fmt: skip


@pytest.mark.parametrize("name", [name for name in LIGHT if importlib.util.find_spec(name)])
def test_importing_it_imports_neither_tensorflow_nor_keras(name):
    code = f"import sys, {name}; print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip() == "[]"
