from __future__ import annotations

from types import SimpleNamespace

import pytest


def section_builder(**own):
    """Return a builder of a data section that has a task's own keys beside those of all tasks."""
    shared = dict.fromkeys(("dir", "train", "validation", "test"))
    defaults = {"source": "files", **shared, "download": False, **own}

    def build(**changes):
        assert set(changes) <= set(defaults)
        return SimpleNamespace(**{**defaults, **changes})

    return build


@pytest.fixture
def options(monkeypatch):
    """Build a data section; the surroundings' data folder is out of sight."""
    monkeypatch.delenv("SEQSUITE_DATA", raising=False)
    return section_builder(text_column="text", label_column="label", label_separator=None)


@pytest.fixture
def tagging_options(monkeypatch):
    """Build a data section of tagged sentences; the surroundings' data folder is out of sight."""
    monkeypatch.delenv("SEQSUITE_DATA", raising=False)
    return section_builder(tag_column="auto", token_column=0, label_column=-1, scheme="none")
