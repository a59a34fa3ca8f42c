"""The task contract: what a task must say so that training, export and the command line can run it.

A task holds no training logic. Its hooks are listed in the order in which data flows, and importing
a task imports neither TensorFlow nor Keras: hooks import what they need.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from seqsuite.config import build_config
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError

if TYPE_CHECKING:
    import keras

    from seqsuite.data.batching import Column, EncodedExamples, Targets
    from seqsuite.preprocessor import Preprocessor

EXTRA_FOLDER = "assets.extra"
"""Folder of an exported model that servers pass over."""

CONFIG_FILE = f"{EXTRA_FOLDER}/config.toml"
"""Where an exported model's folder says how its task was configured; servers pass over it."""

Outputs = dict[str, "Column"]


@dataclass(frozen=True)
class Item:
    """One input of ``predict``.

    Args:
        text: How it is shown.
        features: Raw features, named as the inputs of one of the task's signatures.
        origin: What it was read from, for a task that writes it back.
    """

    text: str
    features: dict[str, Any]
    origin: Any = None


def _size(value: Any) -> int:
    """Return the size of a raw feature: bytes of a text, entries of anything else that has any."""
    if isinstance(value, str):
        return len(value.encode("utf-8", errors="surrogateescape"))
    if isinstance(value, list):
        return max([len(value), *map(_size, value)])
    return len(value) if hasattr(value, "__len__") else 0


class Task(ABC):
    """One applied sequence task, configured.

    Args:
        config: An instance of ``config_class``; the defaults when absent.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    config_class: ClassVar[type]
    serving_signature: ClassVar[dict[str, str]]
    """Raw input name -> dtype and axes of ``serving_default``: ``string[batch]``."""
    further_signatures: ClassVar[dict[str, dict[str, str]]] = {}
    """Name -> inputs of other signatures that the served function answers."""
    output_formats: ClassVar[tuple[str, ...]] = ("text", "json")
    """What ``predict`` can write; those after the first two are written by :meth:`format_item`."""
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
    def build_server(
        self, preprocessor: Preprocessor, model: keras.Model
    ) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """Return the function that is exported: raw features -> named, decoded outputs."""

    def signatures(self, preprocessor: Preprocessor) -> dict[str, dict[str, str]]:
        """Return the name -> inputs of all signatures, what the training data asks for included."""
        return {"serving_default": self.serving_signature, **self.further_signatures}

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

    def export_files(self, preprocessor: Preprocessor) -> dict[str, str]:
        """Return name -> content of files that lie in ``assets.extra`` beside an exported model."""
        return {}

    def read_export(self, folder: Path) -> None:  # noqa: B027
        """Take up for ``predict`` what :meth:`export_files` laid in ``folder``."""

    @classmethod
    def add_predict_arguments(cls, parser: ArgumentParser) -> None:
        """Declare flags of ``predict`` that are special to the task."""
        return None

    def request(self, text: str, options: Any) -> dict[str, Any]:
        """Return the served inputs of one text given to ``predict`` with the flags ``options``."""
        return {next(iter(self.serving_signature)): text}

    def expand(self, text: str) -> Sequence[str]:
        """Return the items that one word given to ``predict`` stands for: a folder's files."""
        return [text]

    def answer(
        self, serve: Callable[..., dict[str, Any]], items: Sequence[Item], options: Any
    ) -> list[dict[str, Any]] | None:
        """Return the rows of items, for a task that needs more than one call for some; else None.

        Args:
            serve: The exported model.
            items: The items.
            options: The flags of ``predict``.
        """
        return None

    def streams(self, options: Any) -> bool:
        """Return whether ``predict`` writes piece by piece what :meth:`stream` yields."""
        return type(self).stream is not Task.stream

    def stream(self, serve: Callable[..., dict[str, Any]], folder: Path, item: Item):
        """Yield an item's answer as text piece by piece, for a task that writes while it works.

        Args:
            serve: The exported model.
            folder: Where it lies, with the task's :meth:`export_files`.
            item: The item.
        """
        raise NotImplementedError

    def reads(self, first_line: bytes, name: str) -> str:
        """Return the format of the task's own that an input is in, or "".

        What is read in a format is written in it unless another is asked for, so it is one of
        ``output_formats``.

        Args:
            first_line: Its first line that is not empty or a comment.
            name: The file's name, ``-`` for a pipe.
        """
        return ""

    def read_items(self, lines: Iterator[bytes], name: str, input_format: str) -> Iterator[Item]:
        """Yield the items of an input in a format that :meth:`reads` named."""
        raise NotImplementedError

    def unpad(self, outputs: dict[str, Any]) -> dict[str, Any]:
        """Return one item's outputs without the padding of its batch."""
        return outputs

    def show(self, outputs: dict[str, Any], item: str, color: bool = False) -> str:
        """Return the line that ``predict`` prints for one item, ``color`` in a terminal."""
        return f"{outputs}\t{item}"

    def format_item(self, item: Item, outputs: dict[str, Any], output_format: str) -> str:
        """Return an item in an output format of the task's own, line ends included."""
        raise UserError(f"Task {self.name} does not write {output_format}.")

    def header(self, output_format: str) -> str:
        """Return what stands before all items in an output format of the task's own."""
        return ""

    def explain(self, serve: Callable[..., dict[str, Any]], item: str) -> list[tuple[str, float]]:
        """Return the parts of a raw input and how far each moved the exported model's answer."""
        raise UserError(f"Task {self.name} has no --explain.")

    def request_size(self, features: dict[str, Any]) -> int:
        """Return the size of a row that ``serving.rows_of`` counts: bytes, or entries of a list.

        Args:
            features: Raw features of one row.
        """
        return max(map(_size, features.values()))

    def sample_requests(self) -> dict[str, Sequence[Any]]:
        """Return raw inputs for warm-up requests and the printed predict line."""
        return {}

    def warm_up_requests(self, preprocessor: Preprocessor) -> dict[str, dict[str, Any]]:
        """Return a request for each signature: name -> inputs, which a server replays first."""
        return {"serving_default": self.sample_requests()}

    def example_words(self) -> str:
        """Return what the printed predict line gives to the exported model."""
        examples = next(iter(self.sample_requests().values()), [""])
        return f'"{examples[0]}"'
