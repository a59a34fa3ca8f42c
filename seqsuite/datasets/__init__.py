"""Readers of raw examples."""
