"""Training, validation and test splits of a run."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqsuite.config import RowDataConfig
from seqsuite.data.batching import EncodedExamples, Targets
from seqsuite.data.examples import Examples, concatenate, split_off_groups
from seqsuite.errors import UserError
from seqsuite.preprocessor import Preprocessor
from seqsuite.task import Task


@dataclass(frozen=True)
class Splits:
    """Examples of a run.

    Args:
        train: Training examples.
        validation: Examples for selection, calibration and early stopping.
        test: Examples for the final scores.
        all_train: ``train``, and ``validation`` if it was cut from the training split. Baselines,
            which select nothing, are fitted on it.
    """

    train: Examples
    validation: Examples
    test: Examples
    all_train: Examples


def load_splits(task: Task, inherited: bool = False) -> Splits:
    """Load all splits; those the source lacks are cut from its training split.

    Args:
        task: The configured task.
        inherited: The configuration is that of a finished run, whose options may have no effect
            on another source.

    Raises:
        UserError: The source has no training split or cannot be read, or an option of cuts
            would be ignored.
    """
    data, seed = task.config.data, task.config.training.seed
    rows = data if isinstance(data, RowDataConfig) else None
    train = task.load_examples("train")
    if train is None:
        raise UserError(f"Source {data.source!r} has no training split.")
    validation, test = task.load_examples("validation"), task.load_examples("test")
    if rows is None:
        if validation is None or test is None:
            raise UserError(
                f"Source {data.source!r} has no {'test' if validation else 'validation'} split, "
                "and the examples of this task cannot be cut."
            )
        train = task.extend_training(train)
        return Splits(train, validation, test, train)
    if not inherited:
        _check_cuts(rows, validation, test)
    if test is None:
        print(
            f"note: no test split: {rows.validation_fraction:.0%} of the training examples is cut",
            file=sys.stderr,
        )
        train, test = _cut(rows, train, seed + 1)
    if rows.join_validation and validation is not None:
        train, validation = concatenate([train, validation]), None
    if rows.limit and rows.limit < len(train):
        keep = np.random.default_rng(seed).permutation(len(train))[: rows.limit]
        train = train.select(np.sort(keep).tolist())
    if validation is not None:
        train = task.extend_training(train)
        return Splits(train, validation, test, train)
    train, validation = _cut(rows, train, seed)
    train = task.extend_training(train)
    return Splits(train, validation, test, concatenate([train, validation]))


def _check_cuts(data: RowDataConfig, validation: Examples | None, test: Examples | None) -> None:
    """Refuse options of cuts that would be ignored silently."""
    if data.join_validation and validation is None:
        raise UserError(
            f"data.join_validation joins the validation split of a source to its training split, "
            f"and {data.source} has none. Leave it out."
        )
    usual = type(data).validation_fraction
    is_cut = validation is None or test is None or data.join_validation
    if data.validation_fraction != usual and not is_cut:
        raise UserError(
            f"data.validation_fraction is of splits cut from training, and {data.source} has a "
            f"validation and a test split. Leave it at {usual}, or add --data.join_validation true."
        )


def _cut(data: RowDataConfig, examples: Examples, seed: int) -> tuple[Examples, Examples]:
    """Hold examples out; labels that would be missing from the rest stay in it."""
    if len(examples) < 2:
        raise UserError(
            "The training examples are too few to cut some from them for validation or test: "
            f"found {len(examples)}. Give more (in files of tagged words an empty line ends each "
            "sentence), or name files with --data.validation and --data.test."
        )
    rest, held_out = split_off_groups(examples, data.validation_fraction, seed)
    if data.free_labels:
        return rest, held_out
    rest, held_out = _with_rare_labels(rest, held_out, data.validation_fraction)
    labels = {name for label in rest.labels or [] for name in _names(label)}
    lost = [i for i, label in enumerate(held_out.labels or []) if not labels >= _names(label)]
    if not lost or len(lost) == len(held_out):
        return rest, held_out
    kept = sorted(set(range(len(held_out))) - set(lost))
    return concatenate([rest, held_out.select(lost)]), held_out.select(kept)


def _with_rare_labels(
    rest: Examples, held_out: Examples, fraction: float
) -> tuple[Examples, Examples]:
    """Hold out a group of each label that by its number should be there, but by chance is not."""
    labels = rest.labels or []
    groups = range(len(rest)) if rest.groups is None else rest.groups
    present = {name for label in held_out.labels or [] for name in _names(label)}
    members: dict[Any, list[int]] = {}
    for index, label in enumerate(labels):
        for name in _names(label) - present:
            members.setdefault(name, []).append(index)
    moved: set[int] = set()
    for name in sorted(members, key=str):
        rows = members[name]
        sizes = Counter(groups[row] for row in rows)
        # Half an example of the share that is held out; and the rest keeps more than it gives.
        enough = fraction * len(rows) >= 0.5 and len(sizes) > 1
        if enough and not moved & {groups[row] for row in rows}:
            moved.add(min(sizes, key=lambda group: (sizes[group], group)))
    if not moved:
        return rest, held_out
    gone = [index for index in range(len(rest)) if groups[index] in moved]
    kept = [index for index in range(len(rest)) if groups[index] not in moved]
    return rest.select(kept), concatenate([held_out, rest.select(gone)])


def _names(label: object) -> set[Any]:
    return set(label) if isinstance(label, tuple) else {label}


def encode_labels(preprocessor: Preprocessor, examples: Examples) -> Targets:
    """Encode labels; raise a UserError for labels that training lacks."""
    try:
        return preprocessor.encode_labels(examples.labels or [])
    except KeyError as error:
        unseen = error.args[0]
        count = sum(unseen in _names(label) for label in examples.labels or [])
        labels = [repr(name) for name in getattr(preprocessor, "labels", [])]
        shown = ", ".join(labels[:12]) + ", ..." * (len(labels) > 12)
        raise UserError(
            f"Label {unseen!r} ({count} of {len(examples):,} examples) is not among the labels "
            f"seen in training{': ' * bool(labels)}{shown}."
        ) from error


def encode(
    preprocessor: Preprocessor, examples: Examples, training: bool = False
) -> EncodedExamples:
    """Encode examples; raise a UserError for labels that training lacks."""
    encode_labels(preprocessor, examples)
    return preprocessor.encode(examples, training=training)


def encode_training(
    preprocessor: Preprocessor, splits: Splits
) -> tuple[EncodedExamples, EncodedExamples]:
    """Encode training and validation examples of a preprocessor adapted to ``all_train``.

    Validation examples that the preprocessor was adapted to are encoded like training examples:
    features learned from labels are taken out of fold, which keeps validation honest.
    """
    encoded = encode(preprocessor, splits.all_train, training=True)
    count = len(splits.train)
    if len(encoded) == count:
        return encoded, encode(preprocessor, splits.validation)
    every = np.arange(len(encoded))
    return encoded.select(every[:count]), encoded.select(every[count:])
