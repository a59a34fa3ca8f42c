"""Readers of the examples of the sentiment task."""
