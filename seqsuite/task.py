"""The task contract: interface of tasks to training, export and the command line.

A task holds no training logic. Its hooks are listed in the order of the data flow.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from seqsuite.config import build_config
from seqsuite.data import discovery
from seqsuite.data.examples import Examples
from seqsuite.metrics.metric import Metric

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from seqsuite.client import Client
    from seqsuite.config import TrainingConfig
    from seqsuite.data.batching import Column, EncodedExamples, Targets
    from seqsuite.preprocessor import Preprocessor

EXTRA_FOLDER = "assets.extra"
"""Folder of an exported model that servers ignore."""

CONFIG_FILE = f"{EXTRA_FOLDER}/config.toml"
"""Configuration of the task in the folder of an exported model."""

Outputs = dict[str, "Column"]


@dataclass(frozen=True)
class Serving:
    """The exported part of a trained model.

    Args:
        function: Raw features by name -> decoded outputs by name, in the graph.
        signatures: Signature name -> input specifications by name.
        requests: A warm-up request for each signature.
        example: Example inputs of `predict` on the command line.
        files: Returns name -> content of additional files in ``assets.extra``.
    """

    function: Callable[[dict[str, Any]], dict[str, Any]]
    signatures: dict[str, dict[str, tf.TensorSpec]]
    requests: dict[str, dict[str, Any]]
    example: str
    files: Callable[[], dict[str, str]] = dict


@dataclass(frozen=True)
class Phase:
    """A model to fit on the training inputs for some epochs.

    Args:
        name: Name in the history.
        model: A compiled model.
        epochs: Passes over the examples.
        learning_rate: Peak.
        selects: Whether epochs are validated, averaged and selected (the last phase).
        callbacks: Keras callbacks; ``params`` has ``total_steps`` beside ``epochs`` and ``steps``,
            and steps are counted by the optimizer's ``iterations``.
    """

    name: str
    model: keras.Model
    epochs: int
    learning_rate: float
    selects: bool = False
    callbacks: Sequence[keras.callbacks.Callback] = ()


def main_phase(
    training: TrainingConfig, model: keras.Model, callbacks: Sequence[keras.callbacks.Callback] = ()
) -> Phase:
    """Return the phase that fits the model itself.

    Args:
        training: The section ``training`` of the task.
        model: The compiled model.
        callbacks: As for :class:`Phase`.
    """
    epochs, rate = training.epochs, training.learning_rate
    return Phase("train", model, epochs, rate, selects=True, callbacks=callbacks)


@dataclass(frozen=True)
class Baselines:
    """Classical models on the test split.

    Args:
        metrics: Model -> metric -> value.
        details: Further data for the task's report.
    """

    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    details: Any = None


@dataclass(frozen=True)
class Results:
    """Outputs of a model on the test split, references and baselines.

    Args:
        test: Raw examples.
        predictions: The model's outputs.
        references: Encoded targets.
        preprocessor: The adapted preprocessor.
        baselines: Classical models; empty without training examples.
    """

    test: Examples
    predictions: Outputs
    references: Targets
    preprocessor: Preprocessor
    baselines: Baselines


@dataclass(frozen=True)
class Report:
    """Plots, mistakes and notes beside the metrics.

    Args:
        plots: Files of plots.
        mistakes: Wrong answers as JSON records, most confident first.
        protocol: Metric -> details needed to compare it with published values.
    """

    plots: Sequence[Path] = ()
    mistakes: Sequence[dict[str, Any]] = ()
    protocol: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskSpec:
    """Entry of a task, read by the command line before anything runs.

    The package of a task has it as ``TASK``. Creating one imports neither TensorFlow nor Keras;
    classes and functions are ``module:name`` within the package, imported on first use.

    Args:
        package: Import path of the task's package, which has its readers in ``data``.
        summary: Noun phrase for the task.
        config_class: The task's configuration dataclass.
        task: The subclass of :class:`Task`.
        client: The subclass of ``seqsuite.client.Client``.
        verbs: The task's own subcommands: name -> function of (TaskSpec, words).

    Example:
        >>> from seqsuite.tasks.sentiment import TASK
        >>> TASK.command("export")
        'python -m seqsuite.tasks.sentiment export'
    """

    package: str
    summary: str
    config_class: type
    task: str
    client: str
    verbs: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last part of the package's path."""
        return self.package.rpartition(".")[2]

    @property
    def task_class(self) -> type[Task]:
        """The subclass of :class:`Task`."""
        return self._imported(self.task)

    @property
    def client_class(self) -> type[Client]:
        """The subclass of ``Client``."""
        return self._imported(self.client)

    def verb(self, name: str) -> Callable[[TaskSpec, list[str]], int]:
        """Return the function of one of the task's own subcommands."""
        return self._imported(self.verbs[name])

    def command(self, *words: str) -> str:
        """Return a command line of the task: a verb, flags and inputs."""
        return " ".join([f"python -m {self.package}", *words])

    def __call__(self, config: Any = None) -> Task:
        """Return the task, configured; see :class:`Task`."""
        return self.task_class(config)

    def _imported(self, reference: str) -> Any:
        module, _, name = reference.partition(":")
        return getattr(importlib.import_module(f"{self.package}.{module}"), name)


class Task(ABC):
    """One applied sequence task, configured.

    Args:
        config: An instance of ``spec.config_class``; the defaults when absent.
    """

    spec: ClassVar[TaskSpec]
    """Entry of the task, ``TASK`` of its package."""
    metrics: tuple[Metric, ...]
    """Metrics that :meth:`score` returns; one of them selects the best epoch."""

    def __init__(self, config: Any = None):
        self.config = config if config is not None else build_config(self.spec.config_class)

    def load_examples(self, split: str) -> Examples | None:
        """Return raw, unbatched examples of ``train``, ``validation`` or ``test``."""
        data = self.config.data
        return discovery.load_examples(data.source, split, data, self.spec.package)

    def extend_training(self, examples: Examples) -> Examples:
        """Return training examples followed by others, which are never used for validation."""
        return examples

    @abstractmethod
    def build_preprocessor(
        self, examples: Examples, fitted: Examples | None = None
    ) -> Preprocessor:
        """Return a preprocessor adapted to the training examples.

        ``fitted`` is the part that the model will be fitted to, where validation examples were cut
        from ``examples``; None: all. Features learned from labels must come from it alone, unless
        out of fold; otherwise validation scores are too optimistic.
        """

    @abstractmethod
    def build_model(self, preprocessor: Preprocessor) -> keras.Model:
        """Return a compiled model: encoded tensors -> logits."""

    def phases(
        self, preprocessor: Preprocessor, model: keras.Model, train: Examples | None
    ) -> list[Phase]:
        """Return the training phases; the last one fits the model itself.

        ``train``: training examples, for weights in closed form; None: a checkpoint has the
        weights.
        """
        return [main_phase(self.config.training, model)]

    @abstractmethod
    def serving(self, preprocessor: Preprocessor, model: keras.Model) -> Serving:
        """Return the function, signatures and files to export."""

    def build_predictor(
        self, preprocessor: Preprocessor, model: keras.Model, final: bool = False
    ) -> Callable[[EncodedExamples], Outputs] | None:
        """Return a function that runs the model over encoded examples; None: batch by batch.

        ``final`` is true for the reported scores, false for the validation of an epoch, which may
        be faster and less exact.
        """
        return None

    def calibrate(
        self, preprocessor: Preprocessor, predictions: Outputs, references: Targets
    ) -> None:
        """Calibrate the preprocessor on validation predictions, after training."""
        return None

    @abstractmethod
    def score(
        self, predictions: Outputs, references: Targets, preprocessor: Preprocessor
    ) -> dict[str, float]:
        """Return metrics of the model's outputs against encoded targets."""

    @abstractmethod
    def baselines(self, train: Examples, test: Examples, preprocessor: Preprocessor) -> Baselines:
        """Return the metrics on ``test`` of classical models trained on ``train``."""

    def report(self, results: Results, directory: Path | None) -> Report:
        """Return the report; plots and mistakes only with a ``directory``."""
        return Report()
