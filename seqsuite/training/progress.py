"""Progress of a run: the line in a terminal, and TensorBoard."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf

if TYPE_CHECKING:
    pass


class ProgressLine:
    """One line that is redrawn while an epoch runs: share done, real tokens per second, loss.

    Padding is not counted as tokens. Where standard output is not a terminal nothing is drawn, so
    logs hold one line per epoch.

    Args:
        name: Phase.
        epoch: Epoch, from 0.
        epochs: Number of epochs.
        batches: Batches of the epoch.
        done: Batches that an earlier process has done.
        quiet: Draw nothing.
    """

    def __init__(
        self, name: str, epoch: int, epochs: int, batches: int, done: int = 0, quiet: bool = False
    ):
        self.label = f"{name} {epoch + 1}/{epochs}"
        self.batches = batches
        self.done_before = done
        self.active = not quiet and sys.stdout.isatty()
        self.tokens = 0
        self.started = self.drawn = time.monotonic()

    def update(self, batch: int, tokens: int, loss: float | tf.Tensor) -> None:
        """Count a finished batch and redraw at most ten times a second.

        Args:
            batch: Batches done.
            tokens: Real tokens of this batch.
            loss: Running mean of the loss.
        """
        self.tokens += tokens
        now = time.monotonic()
        if not self.active or (now - self.drawn < 0.1 and batch < self.batches):
            return
        self.drawn = now
        elapsed = max(now - self.started, 1e-6)
        done = int(24 * batch / self.batches)
        remaining = elapsed / max(batch - self.done_before, 1) * (self.batches - batch)
        sys.stdout.write(
            f"\r{self.label} [{'=' * done}{' ' * (24 - done)}] {batch}/{self.batches} "
            f"{self.tokens / elapsed:,.0f} tokens/s  loss {float(loss):.4f}  "
            f"{remaining:.0f} s left \x1b[K"
        )
        sys.stdout.flush()

    def close(self) -> float:
        """Clear the line for what is printed next and return the real tokens per second."""
        if self.active:
            sys.stdout.write("\r\x1b[K")
            sys.stdout.flush()
        return self.tokens / max(time.monotonic() - self.started, 1e-6)


class TensorBoardWriter:
    """Write a row of numbers per epoch as TensorBoard scalars.

    Args:
        run_dir: The run directory; files go to ``tensorboard/<phase>`` in it.
        phase: Phase of the run.
        enabled: Do nothing when false.
    """

    def __init__(self, run_dir: Path, phase: str, enabled: bool):
        self._writer = None
        if enabled:
            self._writer = tf.summary.create_file_writer(str(run_dir / "tensorboard" / phase))

    def write(self, row: dict[str, Any], epoch: int) -> None:
        """Write the numbers of ``row`` at step ``epoch``."""
        if self._writer is None:
            return
        with self._writer.as_default():
            for name, value in row.items():
                if isinstance(value, int | float):
                    tf.summary.scalar(name, value, step=epoch)
        self._writer.flush()
