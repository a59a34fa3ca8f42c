"""The task contract: what a task must say so that training, export and the command line can run it.

A task holds no training logic. Its hooks are listed in the order in which data flows, and importing
a task imports neither TensorFlow nor Keras: hooks import what they need.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from seqsuite.client import Client
from seqsuite.config import build_config
from seqsuite.data.examples import Examples

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from seqsuite.data.batching import Column, EncodedExamples, Targets
    from seqsuite.preprocessor import Preprocessor

EXTRA_FOLDER = "assets.extra"
"""Folder of an exported model that servers pass over."""

CONFIG_FILE = f"{EXTRA_FOLDER}/config.toml"
"""Where an exported model's folder says how its task was configured; servers pass over it."""

Outputs = dict[str, "Column"]


@dataclass(frozen=True)
class Serving:
    """What is exported of a trained model.

    Args:
        function: Raw features by name -> decoded outputs by name, in the graph.
        signatures: Name -> inputs that the function answers, by name.
        requests: A request for each signature, which a server replays before it takes traffic.
        example: Words of the command line that `predict` answers.
        files: Returns name -> content of files that lie in ``assets.extra`` beside the graph.
    """

    function: Callable[[dict[str, Any]], dict[str, Any]]
    signatures: dict[str, dict[str, tf.TensorSpec]]
    requests: dict[str, dict[str, Any]]
    example: str
    files: Callable[[], dict[str, str]] = dict


class Task(ABC):
    """One applied sequence task, configured.

    Args:
        config: An instance of ``config_class``; the defaults when absent.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    config_class: ClassVar[type]
    client_class: ClassVar[type[Client]]
    """What reads, asks and writes for ``predict``."""
    further_verbs: ClassVar[dict[str, str]] = {}
    """Verb -> ``module:function`` of (task class, words), for what only this task can do."""
    monitor: ClassVar[str] = "accuracy"
    """The metric of :meth:`score` on validation that selects the epoch whose weights are kept."""
    free_labels: ClassVar[bool] = False
    """Whether labels are texts, which may occur in validation alone, and not some known names."""

    def __init__(self, config: Any = None):
        self.config = config if config is not None else build_config(self.config_class)

    @abstractmethod
    def load_examples(self, split: str) -> Examples | None:
        """Return raw, unbatched examples of ``train``, ``validation`` or ``test``."""

    def extend_training(self, examples: Examples) -> Examples:
        """Return training examples with others after them, which nothing is validated on."""
        return examples

    @abstractmethod
    def build_preprocessor(
        self, examples: Examples, fitted: Examples | None = None
    ) -> Preprocessor:
        """Return a preprocessor adapted to the training examples.

        ``fitted`` are those of them that the model will be fitted to, where validation examples
        were cut from ``examples``; None: all. What is learned from labels, and not out of fold,
        must come from these alone, or selection on validation is flattered.
        """

    @abstractmethod
    def build_model(self, preprocessor: Preprocessor) -> keras.Model:
        """Return a compiled model: encoded tensors -> logits."""

    def initialize_model(  # noqa: B027
        self, preprocessor: Preprocessor, model: keras.Model, examples: Examples
    ) -> None:
        """Set weights that are found in closed form from training examples, before training."""

    def build_pretraining_model(
        self, preprocessor: Preprocessor, model: keras.Model
    ) -> keras.Model | None:
        """Return a compiled model that shares layers with ``model``, or None for no pre-training.

        It is fitted on the inputs alone before ``model`` is.
        """
        return None

    @abstractmethod
    def serving(self, preprocessor: Preprocessor, model: keras.Model) -> Serving:
        """Return what is exported: a function, its signatures, and what lies beside them."""

    def build_predictor(
        self, preprocessor: Preprocessor, model: keras.Model, final: bool = False
    ) -> Callable[[EncodedExamples], Outputs] | None:
        """Return what runs the model over encoded examples; None: batch by batch.

        ``final`` is true when the numbers are those that are reported, false where an epoch is
        validated, which may be quicker and less exact.
        """
        return None

    def callbacks(self) -> list[Callable[[keras.Model, int, int], None]]:
        """Return functions of (model, step, total_steps), run before each training step."""
        return []

    def calibrate(
        self, preprocessor: Preprocessor, predictions: Outputs, references: Targets
    ) -> None:
        """Set in the preprocessor, after training, what is chosen on validation."""
        return None

    @abstractmethod
    def score(
        self, predictions: Outputs, references: Targets, preprocessor: Preprocessor
    ) -> dict[str, float]:
        """Return metrics of the model's outputs against encoded targets."""

    @abstractmethod
    def baseline(
        self, train: Examples, test: Examples, preprocessor: Preprocessor
    ) -> dict[str, dict[str, float]]:
        """Train classical models on ``train`` and return their metrics on ``test``, by name."""

    def protocol(self, test: Examples) -> dict[str, str]:
        """Return what must be said beside metrics for others to compare with them, by metric."""
        return {}

    def plots(
        self,
        directory: Path,
        examples: Examples,
        predictions: Outputs,
        references: Targets,
        preprocessor: Preprocessor,
    ) -> list[Path]:
        """Draw what is special to the task into ``directory`` and return the files."""
        return []

    def mistakes(
        self,
        examples: Examples,
        predictions: Outputs,
        references: Targets,
        preprocessor: Preprocessor,
    ) -> list[dict[str, Any]]:
        """Return the wrong answers as JSON records, the one the model was surest of first."""
        return []
