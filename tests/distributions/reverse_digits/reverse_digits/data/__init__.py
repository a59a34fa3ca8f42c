"""Readers of the task."""
