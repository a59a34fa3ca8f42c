"""The task contract: what a task must say so that training, export and the command line can run it.

A task holds no training logic. Its hooks are listed in the order in which data flows, and importing
a task imports neither TensorFlow nor Keras: hooks import what they need.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from seqsuite.config import build_config
from seqsuite.datasets.examples import Examples
from seqsuite.errors import UserError

if TYPE_CHECKING:
    import keras
    import numpy as np

    from seqsuite.preprocessing import Preprocessor

Outputs = dict[str, "np.ndarray"]


class Task(ABC):
    """One applied sequence task, configured.

    Args:
        config: An instance of ``config_class``; the defaults when absent.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    config_class: ClassVar[type]
    serving_signature: ClassVar[dict[str, str]]
    """Raw input name -> dtype of the exported model's ``serving_default``."""
    monitor: ClassVar[str] = "accuracy"
    """The metric of :meth:`score` that model selection maximises on validation."""

    def __init__(self, config: Any = None):
        self.config = config if config is not None else build_config(self.config_class)

    @abstractmethod
    def load_examples(self, split: str) -> Examples | None:
        """Return raw, unbatched examples of ``train``, ``validation`` or ``test``."""

    @abstractmethod
    def build_preprocessor(self, examples: Examples) -> Preprocessor:
        """Return a preprocessor adapted to the training examples."""

    @abstractmethod
    def build_model(self, preprocessor: Preprocessor) -> keras.Model:
        """Return a compiled model: encoded tensors -> logits."""

    def build_pretraining_model(
        self, preprocessor: Preprocessor, model: keras.Model
    ) -> keras.Model | None:
        """Return a compiled model that shares layers with ``model``, or None for no pre-training.

        It is fitted on the inputs alone before ``model`` is.
        """
        return None

    @abstractmethod
    def build_server(
        self, preprocessor: Preprocessor, model: keras.Model
    ) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """Return the function that is exported: raw features -> named, decoded outputs."""

    def callbacks(self) -> list[Callable[[keras.Model, int, int], None]]:
        """Return functions of (model, step, total_steps), run before each training step."""
        return []

    def calibrate(
        self, preprocessor: Preprocessor, predictions: Outputs, references: np.ndarray
    ) -> None:
        """Set in the preprocessor, after training, what is chosen on validation."""
        return None

    @abstractmethod
    def score(
        self, predictions: Outputs, references: np.ndarray, preprocessor: Preprocessor
    ) -> dict[str, float]:
        """Return metrics of the model's outputs against encoded targets."""

    @abstractmethod
    def baseline(
        self, train: Examples, test: Examples, preprocessor: Preprocessor
    ) -> dict[str, dict[str, float]]:
        """Train classical models on ``train`` and return their metrics on ``test``, by name."""

    def plots(
        self,
        directory: Path,
        examples: Examples,
        predictions: Outputs,
        references: np.ndarray,
        preprocessor: Preprocessor,
    ) -> list[Path]:
        """Draw what is special to the task into ``directory`` and return the files."""
        return []

    def mistakes(
        self,
        examples: Examples,
        predictions: Outputs,
        references: np.ndarray,
        preprocessor: Preprocessor,
    ) -> list[dict[str, Any]]:
        """Return the wrong answers as JSON records, the one the model was surest of first."""
        return []

    def show(self, outputs: dict[str, Any], item: str) -> str:
        """Return the line that ``predict`` prints for one item."""
        return f"{outputs}\t{item}"

    def explain(self, serve: Callable[..., dict[str, Any]], item: str) -> list[tuple[str, float]]:
        """Return the parts of a raw input and how far each moved the exported model's answer."""
        raise UserError(f"Task {self.name} has no --explain.")

    def sample_requests(self) -> dict[str, Sequence[Any]]:
        """Return raw inputs for warm-up requests and the printed predict line."""
        return {}
