"""The preprocessor contract: one layer owns every vocabulary and scaler of a task."""

from __future__ import annotations

import inspect
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.batching import Column, EncodedExamples, RaggedColumn, Targets
from seqsuite.data.examples import Examples
from seqsuite.data.writing import replaced, write_text
from seqsuite.errors import UserError

__all__ = ["EncodedExamples", "Preprocessor"]


class Preprocessor(keras.layers.Layer):
    """Base of all preprocessors: raw features -> tensors, in the graph.

    Subclasses implement :meth:`adapt`, :meth:`call`, :meth:`encode_labels` and :meth:`decode`.
    Constructor arguments are settings, kept as attributes of the same names. What :meth:`adapt`
    learns is state: the attributes in ``state_names``, or non-trainable weights.
    """

    state_names: tuple[str, ...] = ()

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        of_keras = inspect.signature(keras.layers.Layer.__init__).parameters
        names = [n for n in inspect.signature(type(self).__init__).parameters if n not in of_keras]
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def get_state(self) -> dict[str, Any]:
        """Return what :meth:`adapt` learned, weights aside, in types that JSON has."""
        return {name: getattr(self, name) for name in self.state_names}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`get_state` returned, and the tables made of it."""
        for name in self.state_names:
            setattr(self, name, state[name])
        self._build_tables()

    def _build_tables(self) -> None:
        """Build the lookup tables of the state."""

    def get_build_config(self) -> dict[str, Any]:
        """Return the state, which Keras writes beside the configuration."""
        return {"state": self.get_state()}

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Restore the state that :meth:`get_build_config` returned."""
        self.set_state(config["state"])

    def adapt(self, examples: Examples) -> None:
        """Learn vocabularies and scalers from training examples, once."""
        raise NotImplementedError

    def encode_labels(self, labels: Sequence[Any]) -> Column:
        """Return targets of raw labels."""
        raise NotImplementedError

    def encode_targets(self, examples: Examples) -> Targets | None:
        """Return all that a model is fitted to; the encoded labels unless a task has more."""
        return None if examples.labels is None else self.encode_labels(examples.labels)

    def to_tensors(self, examples: Examples) -> dict[str, tf.Tensor]:
        """Return raw features as ``call`` takes them, the batch on the first axis."""
        return {name: tf.constant(list(column)) for name, column in examples.features.items()}

    def decode(self, outputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Turn a model's outputs back into named, human-readable results."""
        raise NotImplementedError

    def training_overrides(self) -> dict[str, np.ndarray]:
        """Return features that training examples must see instead of what ``call`` gives.

        A feature learned from labels is too good on the very examples it was learned from; a
        preprocessor that has one returns its out-of-fold values here, in training order.
        """
        return {}

    def encode(
        self, examples: Examples, training: bool = False, chunk: int = 512
    ) -> EncodedExamples:
        """Run ``call`` over raw examples and attach targets.

        Args:
            examples: Raw examples.
            training: These are the examples that ``adapt`` saw, in the same order.
            chunk: Examples per call.

        Returns:
            Encoded features, variable-length ones as ragged columns, and targets.
        """
        signature = tf.nest.map_structure(
            lambda x: tf.TensorSpec([None] * x.shape.rank, x.dtype),
            self.to_tensors(examples.select(range(1))),
        )
        # A function of its own for each call: what is looked up may have changed since the last.
        function = tf.function(lambda features: self(features), autograph=False)
        encode = function.get_concrete_function(signature)
        parts: dict[str, list[np.ndarray]] = {}
        for start in range(0, len(examples), chunk):
            indices = range(start, min(start + chunk, len(examples)))
            raw = self.to_tensors(examples.select(indices))
            encoded = {name: value.numpy() for name, value in encode(raw).items()}
            for name, value in encoded.items():
                if name in self.ragged_features:
                    lengths = encoded[self.length_feature]
                    rows = [row[:length] for row, length in zip(value, lengths, strict=True)]
                    parts.setdefault(name, []).extend(rows)
                else:
                    parts.setdefault(name, []).append(value)
        features: dict[str, Any] = {
            name: RaggedColumn.from_rows(values)
            if name in self.ragged_features
            else np.concatenate(values)
            for name, values in parts.items()
        }
        if training:
            features.update(self.training_overrides())
        targets = self.encode_targets(examples)
        return EncodedExamples(features, targets, np.asarray(features[self.length_feature]))

    ragged_features: tuple[str, ...] = ("token_ids",)
    length_feature: str = "length"

    def save_to(self, directory: Path) -> None:
        """Write configuration and tables, so that :meth:`load_from` restores them exactly.

        Args:
            directory: An existing folder.
        """
        config = json.dumps(keras.saving.serialize_keras_object(self), ensure_ascii=False)
        arrays: dict[str, Any] = {f"weight_{i}": np.asarray(w) for i, w in enumerate(self.weights)}
        arrays |= {f"override_{name}": v for name, v in self.training_overrides().items()}
        with replaced(directory / "preprocessor.npz") as partial:
            np.savez(partial, **arrays)
        write_text(directory / "preprocessor.json", config)

    @staticmethod
    def load_from(directory: Path) -> Preprocessor:
        """Restore a preprocessor that :meth:`save_to` wrote.

        Args:
            directory: The folder it was written to.

        Raises:
            UserError: Its files are damaged.
        """
        try:
            return Preprocessor._load_from(directory)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise UserError(f"The preprocessor in {directory} cannot be read: {error}.") from error

    @staticmethod
    def _load_from(directory: Path) -> Preprocessor:
        config = json.loads((directory / "preprocessor.json").read_text(encoding="utf-8"))
        if "build_config" not in config:
            raise ValueError("an older seqsuite wrote it; train again")
        preprocessor = keras.saving.deserialize_keras_object(config)
        with np.load(directory / "preprocessor.npz") as arrays:
            for index, weight in enumerate(preprocessor.weights):
                weight.assign(arrays[f"weight_{index}"])
            overrides = {
                name.removeprefix("override_"): arrays[name]
                for name in arrays.files
                if name.startswith("override_")
            }
        preprocessor.restore_training_overrides(overrides)
        return preprocessor

    def restore_training_overrides(self, overrides: dict[str, np.ndarray]) -> None:
        """Take back what :meth:`training_overrides` gave when the preprocessor was saved."""
