"""Readers of the music task."""
