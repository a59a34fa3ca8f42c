from __future__ import annotations

from tests.data.sections import options

__all__ = ["options"]
