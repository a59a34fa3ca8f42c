from __future__ import annotations

from tests.data.sections import options, tagging_options

__all__ = ["options", "tagging_options"]
