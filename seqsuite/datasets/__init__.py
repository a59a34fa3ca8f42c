"""Readers of raw examples; :mod:`seqsuite.datasets.discovery` finds them."""

from __future__ import annotations

from seqsuite.datasets.discovery import load_examples, reader, sources
from seqsuite.datasets.examples import Examples

__all__ = ["Examples", "load_examples", "reader", "sources"]
