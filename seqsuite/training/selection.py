"""Selection of the best epoch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from seqsuite.config import TrainingConfig
from seqsuite.data.batching import EncodedExamples
from seqsuite.metrics.metric import Metric
from seqsuite.training import checkpoint
from seqsuite.training.model_runner import ValidationLoss
from seqsuite.training.run_progress import Progress
from seqsuite.training.weight_average import WeightAverage


class Selection:
    """Keep the weights of the best epoch in a file.

    The selecting metric decides; ties are broken by the validation loss, which takes another pass
    over the validation examples and is computed at ties only. Early stopping and reduce_on_plateau
    count an epoch that improves the loss alone as one without progress.

    Args:
        metric: The selecting metric.
        average: The averaged weights, which are validated and kept.
        loss: The validation loss of the model.
        path: The file, ``best.npz``.
        training: The training section.
    """

    def __init__(
        self,
        metric: Metric,
        average: WeightAverage,
        loss: ValidationLoss,
        path: Path,
        training: TrainingConfig,
    ):
        self.metric = metric
        self.average = average
        self.loss = loss
        self.path = path
        self.training = training

    @property
    def _weights(self) -> list:
        return self.loss.model.weights

    def save(self) -> None:
        """Save the present weights as the best."""
        checkpoint.save_checkpoint(self.path, {"weights": self._weights}, {})

    def load(self) -> None:
        """Load the best weights into the model."""
        groups, _ = checkpoint.load_checkpoint(self.path)
        checkpoint.assign(self._weights, groups["weights"])

    def update(
        self, progress: Progress, scores: Mapping[str, float], validation: EncodedExamples
    ) -> None:
        """Compare an epoch with the best so far.

        Args:
            progress: Progress of the run; the best epoch is updated.
            scores: ``val_<metric>`` -> value.
            validation: Encoded validation examples.
        """
        value = scores[f"val_{self.metric.name}"]
        value = -value if self.metric.lower_is_better else value
        if value > progress.best:
            progress.best, progress.best_loss, progress.stale_epochs = value, None, 0
            with self.average.applied():
                self.save()
            return
        if value == progress.best and np.isfinite(value):
            self._break_tie(progress, validation)
        progress.stale_epochs += 1
        patience = self.training.plateau_patience
        reducing = self.training.schedule == "reduce_on_plateau"
        if reducing and progress.stale_epochs % patience == 0:
            progress.plateau_factor *= 0.5

    def end_of_training(self, progress: Progress) -> str | None:
        """Return the reason to stop (patience exhausted, target reached), or None."""
        patience, target = self.training.early_stopping_patience, self.training.target_score
        if patience and progress.stale_epochs >= patience:
            return f"No progress on validation for {patience} epochs: stopping early."
        if target is None:
            return None
        reached = progress.best >= (-target if self.metric.lower_is_better else target)
        return f"Validation has reached {target}: stopping." if reached else None

    def _break_tie(self, progress: Progress, validation: EncodedExamples) -> None:
        with self.average.applied():
            loss = self.loss(validation)
            if progress.best_loss is None:
                present = [weight.numpy() for weight in self._weights]
                self.load()
                progress.best_loss = self.loss(validation)
                checkpoint.assign(self._weights, present)
            if loss < progress.best_loss:
                progress.best_loss = loss
                self.save()
