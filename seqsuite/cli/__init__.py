"""The command line that all tasks share, one module a verb."""
