"""Run directories are read by other processes and later versions."""

from __future__ import annotations

import subprocess
import sys

import pytest

from seqsuite.config import build_config
from seqsuite.tasks import find_task


@pytest.mark.full
def test_a_preprocessor_is_found_whatever_module_it_was_in(tmp_path):
    task_class = find_task("memory")
    task = task_class(build_config(task_class.config_class))
    task.build_preprocessor(task.load_examples("validation")).save_to(tmp_path)
    file = tmp_path / "preprocessor.json"
    text = file.read_text(encoding="utf-8")
    assert "seqsuite.tasks.memory.preprocessor" in text
    file.write_text(text.replace("tasks.memory.preprocessor", "of_old"), encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from seqsuite.tasks import find_task\n"
        "from seqsuite.training.runs import read_preprocessor\n"
        "task = find_task('memory')()\n"
        "print(read_preprocessor(task, Path(sys.argv[1])).problem.name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == task.problem.name
