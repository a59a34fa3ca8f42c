"""Data sections and stand-ins that tests of readers share."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import tensorflow_datasets as tfds

from seqsuite.data.discovery import load_examples
from seqsuite.tasks.sentiment.config import SentimentDataConfig


def section_builder(**own):
    """Return a builder of a data section that has a task's own keys beside those of all tasks."""
    shared = dict.fromkeys(("dir", "train", "validation", "test", "encoding"))
    defaults = {"source": "files", **shared, "download": False, **own}

    def build(**changes):
        assert set(changes) <= set(defaults)
        for name, value in changes.items():
            if defaults[name] == () and isinstance(value, str):  # as on the command line
                changes[name] = tuple(value.split(","))
        return SimpleNamespace(**{**defaults, **changes})

    return build


@pytest.fixture
def options(monkeypatch):
    """Build a data section; the surroundings' data folder is out of sight."""
    monkeypatch.delenv("SEQSUITE_DATA", raising=False)
    return lambda **changes: SentimentDataConfig(**{"source": "files", **changes})


@pytest.fixture
def tagging_options(monkeypatch):
    """Build a data section of tagged sentences; the surroundings' data folder is out of sight."""
    monkeypatch.delenv("SEQSUITE_DATA", raising=False)
    columns = {"tag_column": "auto", "token_column": 0, "label_column": -1}
    return section_builder(**columns, scheme="none", language="english")


@pytest.fixture
def load_speech(monkeypatch):
    """Load a split of speech; keys of the task that are not given are absent from the section."""
    monkeypatch.delenv("SEQSUITE_DATA", raising=False)

    def load(source, split="train", **given):
        section = section_builder()(source=source)
        vars(section).update(given)
        return load_examples(source, split, section, "seqsuite.tasks.speech_recognition")

    return load


@pytest.fixture
def mocked(monkeypatch):
    """Public builders as if prepared, with made-up rows."""
    info = {
        name: tfds.core.SplitInfo(name=name, shard_lengths=[6], num_bytes=1, filename_template=None)
        for name in ("train", "validation")
    }
    monkeypatch.setattr(tfds.core.DatasetBuilder, "is_prepared", lambda self: True)
    monkeypatch.setattr(tfds.core.DatasetInfo, "splits", property(lambda self: info))
    with tfds.testing.mock_data(num_examples=6):
        yield


def digests_of(module: str) -> set[str]:
    """Return the digests of a grammar's test split as processes of other hash seeds make it."""
    code = (
        f"import hashlib; from {module} import generate;"
        "e = generate('test');"
        "print(hashlib.sha256(repr((e.features, e.labels)).encode()).hexdigest())"
    )
    return {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
