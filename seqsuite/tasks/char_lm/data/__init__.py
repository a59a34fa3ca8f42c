"""Readers of the examples of the char lm task."""
