from __future__ import annotations

from types import SimpleNamespace

import pytest


@pytest.fixture
def options(monkeypatch):
    """Build a data section; the surroundings' data folder is out of sight."""
    monkeypatch.delenv("SEQSUITE_DATA", raising=False)

    def build(**changes):
        defaults = {
            "source": "files",
            "dir": None,
            "train": None,
            "validation": None,
            "test": None,
            "text_column": "text",
            "label_column": "label",
            "label_separator": None,
            "download": False,
        }
        assert set(changes) <= set(defaults)
        return SimpleNamespace(**{**defaults, **changes})

    return build


@pytest.fixture
def tagging_options(monkeypatch):
    """Build a data section of tagged sentences; the surroundings' data folder is out of sight."""
    monkeypatch.delenv("SEQSUITE_DATA", raising=False)

    def build(**changes):
        defaults = {
            "source": "files",
            "dir": None,
            "train": None,
            "validation": None,
            "test": None,
            "tag_column": "auto",
            "token_column": 0,
            "label_column": -1,
            "download": False,
        }
        assert set(changes) <= set(defaults)
        return SimpleNamespace(**{**defaults, **changes})

    return build
