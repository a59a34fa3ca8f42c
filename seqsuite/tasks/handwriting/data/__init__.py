"""Readers of the handwriting task."""
