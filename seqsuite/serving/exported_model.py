"""Calls to an exported model by its signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from seqsuite.errors import UserError
from seqsuite.serving.versions import latest_version
from seqsuite.task import EXTRA_FOLDER

Values: TypeAlias = np.ndarray | tf.Tensor | list


class ExportedModel:
    """An exported model, called as a server calls it.

    Args:
        path: Folder of a version, or of versions, of which the latest is used.

    Attributes:
        version: Folder of the version.
        extra: Folder of additional files beside the graph.
        signatures: Signature name -> input name -> specification.

    Raises:
        UserError: If the folder has no exported model.
    """

    def __init__(self, path: str | Path):
        try:
            self.version = latest_version(path)
        except FileNotFoundError:
            raise UserError(
                f"{path} holds no exported model (no saved_model.pb). Give --model the folder that "
                "`train` or `export` printed."
            ) from None
        self.extra = self.version / EXTRA_FOLDER
        # Functions do not keep their variables alive.
        self._loaded = _loaded(self.version)
        self.signatures: dict[str, dict[str, tf.TensorSpec]] = {
            name: function.structured_input_signature[1]
            for name, function in self._loaded.signatures.items()
        }
        self._names = {frozenset(inputs): name for name, inputs in self.signatures.items()}

    def __call__(self, **features: Values) -> dict[str, tf.Tensor]:
        """Call the signature that has these inputs.

        Args:
            **features: Tensors, arrays or lists by name, with the batch on the first axis.

        Raises:
            UserError: If there is no such signature.
        """
        name = self._names.get(frozenset(features))
        if name is None:
            names = ["+".join(sorted(inputs)) for inputs in self._names]
            raise UserError(
                f"The exported model takes {' or '.join(names)}, not {'+'.join(sorted(features))}. "
                "Was it exported by another task?"
            )
        inputs = self.signatures[name]
        tensors = {key: _tensor(value, inputs[key].dtype) for key, value in features.items()}
        return self._loaded.signatures[name](**tensors)


def _tensor(value: Values, dtype: tf.DType) -> tf.Tensor:
    # TensorFlow converts lists of texts but not object arrays.
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = value.tolist()
    return tf.convert_to_tensor(value, dtype)


def _loaded(version: Path) -> Any:
    try:
        return tf.saved_model.load(str(version))
    except (OSError, RuntimeError, tf.errors.OpError) as error:
        if "Op type not registered" not in str(error):
            raise
    # Importing TensorFlow Text, which is slow, registers its ops.
    import tensorflow_text  # noqa: F401

    return tf.saved_model.load(str(version))
