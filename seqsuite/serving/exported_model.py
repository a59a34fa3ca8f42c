"""An exported model, called as a server calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from seqsuite.errors import UserError
from seqsuite.serving.versions import latest_version
from seqsuite.task import EXTRA_FOLDER


class ExportedModel:
    """An exported model, called as a server calls it.

    Args:
        path: A version's folder, or the folder of versions (the latest is taken).

    Attributes:
        version: The version's folder.
        extra: The folder of the files that lie beside the graph.
        signatures: Name -> input name -> specification.

    Raises:
        UserError: The folder holds no exported model.
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
        # Functions do not keep the variables alive that they read.
        self._loaded = _loaded(self.version)
        self.signatures: dict[str, dict[str, tf.TensorSpec]] = {
            name: function.structured_input_signature[1]
            for name, function in self._loaded.signatures.items()
        }
        self._names = {frozenset(inputs): name for name, inputs in self.signatures.items()}

    def __call__(self, **features: Any) -> dict[str, Any]:
        """Answer a batch by the signature that has these inputs.

        Args:
            **features: Tensors, arrays or lists by name, the batch on the first axis.

        Raises:
            UserError: There is no such signature.
        """
        name = self._names.get(frozenset(features))
        if name is None:
            known = ["+".join(sorted(names)) for names in self._names]
            raise UserError(
                f"The exported model takes {' or '.join(known)}, not {'+'.join(sorted(features))}. "
                "Was it exported by another task?"
            )
        inputs = self.signatures[name]
        tensors = {key: _tensor(value, inputs[key].dtype) for key, value in features.items()}
        return self._loaded.signatures[name](**tensors)


def _tensor(value: Any, dtype: tf.DType) -> tf.Tensor:
    # TensorFlow takes lists of texts, and no arrays of them.
    is_text = isinstance(value, np.ndarray) and value.dtype == object
    return tf.convert_to_tensor(value.tolist() if is_text else value, dtype)


def _loaded(version: Path) -> Any:
    try:
        return tf.saved_model.load(str(version))
    except (OSError, RuntimeError, tf.errors.OpError) as error:
        if "Op type not registered" not in str(error):
            raise
    # Ops of TensorFlow Text, which servers link, are known once it is imported.
    import tensorflow_text  # noqa: F401

    return tf.saved_model.load(str(version))
