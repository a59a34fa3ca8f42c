"""Running a model over encoded examples, and the splits it is run on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.batching import (
    EncodedExamples,
    RaggedColumn,
    Targets,
    batch_dataset,
    plan_batches,
)
from seqsuite.data.examples import Examples, concatenate, split_off_groups
from seqsuite.errors import UserError
from seqsuite.preprocessor import Preprocessor
from seqsuite.task import Outputs, Task


@dataclass(frozen=True)
class Splits:
    """Training and validation examples of a run.

    Args:
        train: What the model is fitted on.
        validation: What selection, calibration and early stopping read.
        test: What is scored in the end.
        all_train: Everything that may be learned from: ``train``, and ``validation`` where it was
            cut from the training split. Baselines, which select nothing, are fitted on it.
    """

    train: Examples
    validation: Examples
    test: Examples
    all_train: Examples


def load_splits(task: Task) -> Splits:
    """Load all splits; those the source lacks are cut from its training split.

    Raises:
        UserError: The source has no training split, or cannot be read.
    """
    data, seed = task.config.data, task.config.training.seed
    train = task.load_examples("train")
    if train is None:
        raise UserError(f"Source {data.source!r} has no training split.")
    validation, test = task.load_examples("validation"), task.load_examples("test")
    if test is None:
        print(
            f"note: no test split: {data.validation_fraction:.0%} of the training examples is cut",
            file=sys.stderr,
        )
        train, test = _cut(task, train, seed + 1)
    if data.join_validation and validation is not None:
        train, validation = concatenate([train, validation]), None
    if data.limit and data.limit < len(train):
        keep = np.random.default_rng(seed).permutation(len(train))[: data.limit]
        train = train.select(np.sort(keep).tolist())
    if validation is not None:
        train = task.extend_training(train)
        return Splits(train, validation, test, train)
    train, validation = _cut(task, train, seed)
    train = task.extend_training(train)
    return Splits(train, validation, test, concatenate([train, validation]))


def _cut(task: Task, examples: Examples, seed: int) -> tuple[Examples, Examples]:
    """Hold examples out, but none whose label would then be missing from the rest."""
    if len(examples) < 2:
        raise UserError(
            "The training examples are too few to cut some from them for validation or test: "
            f"found {len(examples)}. Give more (in files of tagged words an empty line ends each "
            "sentence), or name files with --data.validation and --data.test."
        )
    fraction = task.config.data.validation_fraction
    rest, held_out = split_off_groups(examples, fraction, seed)
    if task.free_labels:
        return rest, held_out
    known = {name for label in rest.labels or [] for name in _names(label)}
    lost = [i for i, label in enumerate(held_out.labels or []) if not known >= _names(label)]
    if not lost or len(lost) == len(held_out):
        return rest, held_out
    kept = sorted(set(range(len(held_out))) - set(lost))
    return concatenate([rest, held_out.select(lost)]), held_out.select(kept)


def _names(label: Any) -> set[Any]:
    return set(label) if isinstance(label, tuple) else {label}


def encode_labels(preprocessor: Preprocessor, examples: Examples) -> Targets:
    """Encode labels alone, turning labels the model has never seen into a clear error."""
    try:
        return preprocessor.encode_labels(examples.labels or [])
    except KeyError as error:
        raise UserError(
            f"Label {error.args[0]!r} is not among the labels seen in training."
        ) from error


def encode(
    preprocessor: Preprocessor, examples: Examples, training: bool = False
) -> EncodedExamples:
    """Encode examples, turning labels the model has never seen into a clear error."""
    encode_labels(preprocessor, examples)
    return preprocessor.encode(examples, training=training)


def encode_training(
    preprocessor: Preprocessor, splits: Splits
) -> tuple[EncodedExamples, EncodedExamples]:
    """Encode training and validation examples of a preprocessor adapted to ``all_train``.

    Validation examples that the preprocessor was adapted to are seen as training examples are: what
    it learned from labels is taken out of fold, so validation stays honest.
    """
    encoded = encode(preprocessor, splits.all_train, training=True)
    count = len(splits.train)
    if len(encoded) == count:
        return encoded, encode(preprocessor, splits.validation)
    every = np.arange(len(encoded))
    return encoded.select(every[:count]), encoded.select(every[count:])


class Predictor:
    """Run a model over encoded examples; traced once, however often it is called.

    Args:
        model: Encoded tensors -> a tensor or a dict of tensors with the batch on the first axis.
        batch_tokens: Padded positions per batch.
    """

    def __init__(self, model: keras.Model, batch_tokens: int = 16384):
        self.model = model
        self.batch_tokens = batch_tokens
        self._call: Any = None
        self._time_outputs: set[str] = set()

    def __call__(self, encoded: EncodedExamples) -> Outputs:
        """Return output name -> one row per example, in their order; ragged over time."""
        plan = plan_batches(encoded.lengths, self.batch_tokens, max_batch_size=512)
        dataset = batch_dataset(encoded, plan)
        if self._call is None:
            self._call = tf.function(
                lambda features: _named(self.model(features, training=False)),
                input_signature=[dataset.element_spec[0]],
                autograph=False,
            )
            self._time_outputs = self._time_outputs_of(dataset.element_spec[0])
        parts: dict[str, list[Any]] = {}
        for features, *_, indices in dataset:
            for name, value in self._call(features).items():
                rows = value.numpy()
                if name in self._time_outputs:
                    lengths = encoded.output_lengths[indices.numpy()]
                    rows = [row[:length] for row, length in zip(rows, lengths, strict=True)]
                parts.setdefault(name, []).extend(rows)
        order = np.argsort(np.concatenate([*plan, np.zeros(0, np.int64)]), kind="stable")
        return {
            name: RaggedColumn.from_rows([rows[index] for index in order])
            if name in self._time_outputs
            else np.stack([rows[index] for index in order])
            for name, rows in parts.items()
        }

    def _time_outputs_of(self, specification: Any) -> set[str]:
        """Outputs of one value per time step: their second axis is of no fixed size."""
        outputs = self._call.get_concrete_function(specification).structured_outputs
        return {
            name for name, spec in outputs.items() if spec.shape.rank > 1 and spec.shape[1] is None
        }


def build_predictor(
    task: Task, preprocessor: Preprocessor, model: keras.Model, final: bool = False
) -> Callable[[EncodedExamples], Outputs]:
    """Return what runs a task's model over encoded examples: the task's own way, or batches.

    Args:
        task: The task.
        preprocessor: Its adapted preprocessor.
        model: Its model.
        final: Whether the numbers are those that are reported.
    """
    return task.build_predictor(preprocessor, model, final) or Predictor(model)


def _named(outputs: Any) -> dict[str, Any]:
    return outputs if isinstance(outputs, dict) else {"output": outputs}
