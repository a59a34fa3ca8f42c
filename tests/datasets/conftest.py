from __future__ import annotations

from tests.data.sections import load_speech, mocked, options, tagging_options

__all__ = ["load_speech", "mocked", "options", "tagging_options"]
