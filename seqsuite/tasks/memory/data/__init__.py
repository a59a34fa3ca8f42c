"""Readers of the examples of the memory task."""
