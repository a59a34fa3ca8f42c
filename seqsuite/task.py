"""The task contract: what training, export and the command line need of a task.

A task holds no training logic. Its hooks are listed in the order in which data flows.
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


@dataclass(frozen=True)
class Phase:
    """A model to fit on the training inputs for some epochs.

    Args:
        name: Its name in the history of epochs.
        model: A compiled model.
        epochs: Passes over the examples.
        learning_rate: Peak.
        selects: Whether it is validated, averaged and selected, as the last phase is.
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
        details: What the task's report shows of them.
    """

    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    details: Any = None


@dataclass(frozen=True)
class Results:
    """A model's outputs on the test split, and what they are held against.

    Args:
        test: Raw examples.
        predictions: The model's outputs.
        references: Encoded targets.
        preprocessor: The adapted preprocessor.
        baselines: Classical models; none where training examples are missing.
    """

    test: Examples
    predictions: Outputs
    references: Targets
    preprocessor: Preprocessor
    baselines: Baselines


@dataclass(frozen=True)
class Report:
    """What stands beside metrics.

    Args:
        plots: Files of plots.
        mistakes: Wrong answers as JSON records, most confident first.
        protocol: Metric -> what others must know to compare with it.
    """

    plots: Sequence[Path] = ()
    mistakes: Sequence[dict[str, Any]] = ()
    protocol: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskSpec:
    """Entry of a task: what the command line needs before it runs anything.

    The package of a task has it as ``TASK``. Creating one imports neither TensorFlow nor Keras;
    classes and functions are ``module:name`` within the package, imported on first use.

    Args:
        package: Import path of the task's package, which has its readers in ``data``.
        summary: What the task does, a noun phrase.
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
    """What :meth:`score` returns; one of them selects the epoch whose weights are kept."""

    def __init__(self, config: Any = None):
        self.config = config if config is not None else build_config(self.spec.config_class)

    def load_examples(self, split: str) -> Examples | None:
        """Return raw, unbatched examples of ``train``, ``validation`` or ``test``."""
        data = self.config.data
        return discovery.load_examples(data.source, split, data, self.spec.package)

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

    def phases(
        self, preprocessor: Preprocessor, model: keras.Model, train: Examples | None
    ) -> list[Phase]:
        """Return what is fitted one after the other; the last phase is the model itself.

        ``train`` are the training examples from which weights may be set in closed form; None: the
        weights come from a checkpoint.
        """
        return [main_phase(self.config.training, model)]

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
    def baselines(self, train: Examples, test: Examples, preprocessor: Preprocessor) -> Baselines:
        """Return the metrics on ``test`` of classical models trained on ``train``."""

    def report(self, results: Results, directory: Path | None) -> Report:
        """Return what stands beside the metrics; plots and mistakes with a ``directory`` alone."""
        return Report()
