"""What is known beside a series: numbers standardized, names as ids, by when they are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import Tensor

from seqsuite.tasks.forecasting.data.series import Series
from seqsuite.text.lookup_tables import lookup_table

ROLES = ("past", "future", "static")
LARGEST = 1e15
"""Standardized values are cut to this."""

# Of names, 0 is none and 1 is one that training did not know.
_MISSING, _FIRST = 0, 2


class CovariateEncoder:
    """Turn the columns beside series into numbers, alike for whole series and for served batches.

    A number gives two features: its standardized value, 0 where missing, and whether it is there.

    Args:
        names: Role (``past``: known up to now, ``future``: known ahead, ``static``: the same at all
            times) -> names of columns.
        config: What :meth:`adapt` found: for each role, the columns of numbers with mean and
            standard deviation, and those of names with the names known.
    """

    def __init__(self, names: Mapping[str, Sequence[str]], config: dict[str, Any] | None = None):
        self.names = {role: list(names.get(role, ())) for role in ROLES}
        self.config: dict[str, Any] = config or {
            role: {"numbers": {}, "categories": {}} for role in ROLES
        }
        self.tables = {
            role: {name: lookup_table(known) for name, known in found["categories"].items()}
            for role, found in self.config.items()
        }

    def adapt(self, series: Sequence[Series]) -> None:
        """Learn means, standard deviations and names from training rows."""
        config: dict[str, Any] = {}
        for role in ROLES:
            numbers, categories = {}, {}
            for name in self.names[role]:
                columns = [_column(one, role, name) for one in series]
                values = np.concatenate(columns)
                if values.dtype.kind == "f":
                    known = values[np.isfinite(values)]
                    mean = float(known.mean()) if len(known) else 0.0
                    deviation = float(known.std()) if len(known) else 0.0
                    numbers[name] = [mean, deviation or 1.0]
                else:
                    categories[name] = sorted({str(value) for value in values} - {""})
            config[role] = {"numbers": numbers, "categories": categories}
        self.__init__(self.names, config)  # type: ignore[misc]

    @property
    def num_categories(self) -> dict[str, list[int]]:
        """Role -> ids of each column of names, those of none and of unknown names included."""
        return {
            role: [len(known) + _FIRST for known in found["categories"].values()]
            for role, found in self.config.items()
        }

    @property
    def num_numbers(self) -> dict[str, int]:
        """Role -> features that its numbers give."""
        return {role: 2 * len(found["numbers"]) for role, found in self.config.items()}

    def raw_inputs(self) -> dict[str, list[Any]]:
        """Return the served inputs that this needs -> dtype and axes behind the batch axis."""
        inputs: dict[str, list[Any]] = {}
        for role, found in self.config.items():
            time = [] if role == "static" else [None]
            if found["numbers"]:
                inputs[f"{role}_covariates"] = [tf.float64, *time, len(found["numbers"])]
            if found["categories"]:
                inputs[f"{role}_categories"] = [tf.string, *time, len(found["categories"])]
        return inputs

    def raw_batch(
        self, series: Sequence[Series], origins: Sequence[int], size: int, ahead: int
    ) -> dict[str, tf.Tensor]:
        """Return raw columns of series as a server is sent them.

        Args:
            series: The series.
            origins: Rows of history of each.
            size: Rows that histories are padded to.
            ahead: Rows of those known ahead beyond the history.
        """
        batch = {}
        for role, found in self.config.items():
            for kind, missing in (("numbers", np.nan), ("categories", "")):
                names = list(found[kind])
                if not names:
                    continue
                steps = size + (ahead if role == "future" else 0)
                shape = (len(series), 1 if role == "static" else steps, len(names))
                columns = np.full(shape, missing, dtype=object if missing == "" else np.float64)
                for i, (one, origin) in enumerate(zip(series, origins, strict=True)):
                    stop = origin + ahead if role == "future" else origin
                    for j, name in enumerate(names):
                        values = _column(one, role, name)[:stop]
                        columns[i, : len(values), j] = values
                suffix = "covariates" if kind == "numbers" else "categories"
                columns = columns[:, 0] if role == "static" else columns
                batch[f"{role}_{suffix}"] = tf.constant(
                    columns.tolist() if missing == "" else columns
                )
        return batch

    def encode(self, series: Sequence[Series]) -> dict[str, np.ndarray]:
        """Return the features of whole series, one after the other; static ones once a series."""
        encoded: dict[str, Any] = {}
        for role, found in self.config.items():
            if found["numbers"]:
                parts = []
                for name, (mean, deviation) in found["numbers"].items():
                    values = np.concatenate([_column(one, role, name) for one in series])
                    parts += _standardized(np, values, mean, deviation)
                encoded[f"{role}_covariates"] = np.stack(parts, axis=1).astype(np.float32)
            if found["categories"]:
                columns = []
                for name, known in found["categories"].items():
                    ids = {"": _MISSING, **{value: i + _FIRST for i, value in enumerate(known)}}
                    values = np.concatenate([_column(one, role, name) for one in series])
                    columns.append([ids.get(str(value), 1) for value in values])
                encoded[f"{role}_category_ids"] = np.array(columns, np.int32).T
        return encoded

    def __call__(self, features: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Return the same features of a batch of raw ones.

        Args:
            features: As :meth:`raw_inputs` names them.
        """
        encoded: dict[str, Any] = {}
        for role, found in self.config.items():
            if found["numbers"]:
                raw = tf.cast(features[f"{role}_covariates"], tf.float64)
                parts = []
                for index, (mean, deviation) in enumerate(found["numbers"].values()):
                    parts += _standardized(tf, raw[..., index], mean, deviation)
                encoded[f"{role}_covariates"] = tf.cast(tf.stack(parts, axis=-1), tf.float32)
            if found["categories"]:
                raw = features[f"{role}_categories"]
                ids = [
                    tf.where(raw[..., i] == "", _MISSING, table.lookup(raw[..., i]))
                    for i, table in enumerate(self.tables[role].values())
                ]
                encoded[f"{role}_category_ids"] = tf.stack(ids, axis=-1)
        return encoded


def _column(series: Series, role: str, name: str) -> np.ndarray:
    if role == "static":
        value = series.static[name]
        return np.array([value], dtype=object if isinstance(value, str) else np.float64)
    column = np.asarray(series.covariates[name])
    return column if column.dtype.kind == "f" else column.astype(object)


def _standardized(
    library: ModuleType, values: Tensor | np.ndarray, mean: float, deviation: float
) -> list[Any]:
    known = library.math.is_finite(values) if library is tf else np.isfinite(values)
    scaled = (library.where(known, values, mean) - mean) / deviation
    # What training never came near must not leave the numbers that float32 has.
    scaled = (tf.clip_by_value if library is tf else np.clip)(scaled, -LARGEST, LARGEST)
    return [scaled, tf.cast(known, tf.float64) if library is tf else known.astype(np.float64)]
