"""Preprocessors of the tasks, and their parts."""
