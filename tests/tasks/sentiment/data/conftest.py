from __future__ import annotations

from tests.data.sections import mocked, options

__all__ = ["mocked", "options"]
