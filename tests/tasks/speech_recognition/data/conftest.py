from __future__ import annotations

from tests.data.sections import load_speech, mocked

__all__ = ["load_speech", "mocked"]
