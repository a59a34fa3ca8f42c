"""Readers of the examples of the pos tagging task."""
