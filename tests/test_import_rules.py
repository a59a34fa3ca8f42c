"""An import against the rule is found: of one task by another, of a task by a library."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.full

PLANTS = {
    "a task imports another": (
        "tasks/sentiment/model.py",
        "import seqsuite.tasks.memory.problems",
        "No task imports another",
    ),
    "a library imports a task": (
        "losses/labels.py",
        "import seqsuite.tasks.memory.problems",
        "Tasks import the framework and the libraries",
    ),
    "the framework imports a task": (
        "training/splits.py",
        "from seqsuite.tasks import memory",
        "Tasks import the framework and the libraries",
    ),
    "two modules import each other": (
        "data/upstream.py",
        "import seqsuite.data.tfds_builders",
        "No circles",
    ),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_import_is_found(plant, repository, tmp_path):
    pytest.importorskip("importlinter")
    file, line, contract = PLANTS[plant]
    copy = tmp_path / "seqsuite"
    shutil.copytree(repository / "seqsuite", copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(repository / "pyproject.toml", tmp_path)
    path = copy / file
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [text for text in done.stdout.splitlines() if text.endswith("BROKEN")]
    assert any(text.startswith(contract) for text in broken), done.stdout
