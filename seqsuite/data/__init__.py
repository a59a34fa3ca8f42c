"""Examples, batches, raw files, downloads and the discovery of readers."""

from __future__ import annotations

from seqsuite.data.discovery import load_examples, reader, sources
from seqsuite.data.examples import Examples

__all__ = ["Examples", "load_examples", "reader", "sources"]
