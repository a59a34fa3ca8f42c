"""A task of another distribution is listed, trained, served and tested as those of seqsuite are."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(folder, *words):
    """Run Python where both distributions are found, and return what it prints."""
    paths = [str(folder / "installed"), str(ROOT)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder in which the distribution is installed, from a copy of its source."""
    folder = tmp_path_factory.mktemp("another")
    source = ROOT / "tests" / "distributions" / "reverse_digits"
    flags = ["--quiet", "--no-deps", "--no-build-isolation", "--target", str(folder / "installed")]
    copy = folder / "source"
    subprocess.run(["cp", "-r", str(source), str(copy)], check=True)
    subprocess.run([sys.executable, "-m", "pip", "install", *flags, str(copy)], check=True)
    return folder


@pytest.mark.slow
def test_it_is_listed_trained_evaluated_exported_and_answers(installed):
    assert "reverse_digits: strings of digits, reversed" in run(installed, "-m", "seqsuite")
    printed = run(installed, "-m", "reverse_digits", "--run_dir", "run")
    assert "python -m reverse_digits predict --model" in printed
    found = run(installed, "-m", "reverse_digits", "evaluate", "--run_dir", "run", "--json")
    result = json.loads(found)
    assert result["metrics"]["accuracy"] > 0.9
    assert result["baseline"]["copy of the input"]["accuracy"] < 0.3
    run(installed, "-m", "reverse_digits", "export", "--run_dir", "run", "--output", "served")
    answer = run(installed, "-m", "reverse_digits", "predict", "--model", "served", "--json", "407")
    assert json.loads(answer)["reversed"] == "704"


@pytest.mark.slow
def test_it_passes_the_conformance_suite(installed):
    tests = [str(ROOT / "tests" / "conformance" / f"test_{n}.py") for n in ("tasks", "serving")]
    words = ["-p", "no:cacheprovider", "-n", "0", "-k", "reverse_digits", "--rootdir", str(ROOT)]
    printed = run(installed, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), *words, *tests)
    assert " passed" in printed or "....." in printed
