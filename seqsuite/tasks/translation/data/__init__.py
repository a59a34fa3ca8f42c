"""Readers of the examples of the translation task."""
