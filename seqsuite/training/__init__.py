"""Training: splits, the trainer, checkpoints, runs and their reports."""
