"""The command line of all tasks, one module per verb."""
