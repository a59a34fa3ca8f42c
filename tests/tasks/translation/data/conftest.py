from __future__ import annotations

from tests.data.sections import mocked

__all__ = ["mocked"]
