"""Options of a task: flags, recipes, and which options are read beside which others."""
