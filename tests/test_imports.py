"""Command-line help answers at once: what it imports imports neither TensorFlow nor Keras."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from seqsuite.tasks import task_names

LIGHT = [
    "seqsuite", "seqsuite.errors", "seqsuite.config", "seqsuite.schedules",
    "seqsuite.metrics.classification", "seqsuite.data", "seqsuite.task", "seqsuite.tasks",
    "seqsuite.tasks.sentiment", "seqsuite.tasks.pos_tagging", "seqsuite.plotting",
    "seqsuite.cli.main", "seqsuite.__main__",
    "seqsuite.diagnostics", "seqsuite.cli.diagnose",
    *(f"seqsuite.tasks.{task}.client" for task in task_names()),
]  # fmt: skip


@pytest.mark.parametrize("name", LIGHT)
def test_importing_it_imports_neither_tensorflow_nor_keras(name):
    code = f"import sys, {name}; print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip() == "[]"
