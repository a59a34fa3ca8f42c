"""An exported model, called as a server calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from seqsuite.errors import UserError
from seqsuite.serving.versions import latest_version


class Server:
    """An exported model, called as a server calls it.

    Args:
        path: A version's folder, or the folder of versions (the latest is taken).

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
        # Functions do not keep the variables alive that they read.
        self._loaded = _loaded(self.version)
        self._functions = {
            frozenset(function.structured_input_signature[1]): function
            for function in self._loaded.signatures.values()
        }

    def __call__(self, **features: Any) -> dict[str, Any]:
        """Answer a batch by the signature that has these inputs.

        Args:
            **features: Named tensors, the batch on the first axis.

        Raises:
            UserError: There is no such signature.
        """
        function = self._functions.get(frozenset(features))
        if function is None:
            known = ["+".join(sorted(names)) for names in self._functions]
            raise UserError(
                f"The exported model takes {' or '.join(known)}, not {'+'.join(sorted(features))}. "
                "Was it exported by another task?"
            )
        return function(**features)


def _loaded(version: Path) -> Any:
    try:
        return tf.saved_model.load(str(version))
    except (OSError, RuntimeError, tf.errors.OpError) as error:
        if "Op type not registered" not in str(error):
            raise
    # Ops of TensorFlow Text, which servers link, are known once it is imported.
    import tensorflow_text  # noqa: F401

    return tf.saved_model.load(str(version))
