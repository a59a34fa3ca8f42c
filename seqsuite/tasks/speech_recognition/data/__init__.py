"""Readers of the examples of the speech recognition task."""
