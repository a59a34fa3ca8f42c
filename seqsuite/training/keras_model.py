"""The trained network as a ``.keras`` file, for users of Keras."""

from __future__ import annotations

import uuid
from pathlib import Path

import keras

KERAS_FILE = "model.keras"


def save_keras_model(model: keras.Model, path: Path) -> None:
    """Write a model's network, without optimizer and losses, as a ``.keras`` file.

    ``keras.saving.load_model`` reads it after ``import seqsuite.layers``. The file replaces an
    earlier one once it is complete.

    Args:
        model: A functional model, or a wrapper of :mod:`seqsuite.models` around one.
        path: The file, whose name ends in ``.keras``.

    Example:
        >>> import tempfile
        >>> inputs = keras.Input((3,))
        >>> model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
        >>> path = Path(tempfile.mkdtemp(), "model.keras")
        >>> save_keras_model(model, path)
        >>> keras.saving.load_model(path).count_params()
        8
    """
    inner = getattr(model, "model", model)
    partial = path.with_name(f".{uuid.uuid4().hex}.keras")
    try:
        copy_without_sharing(keras.Model(inner.input, inner.output)).save(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def copy_without_sharing(model: keras.Model) -> keras.Model:
    """Return a functional copy in which a layer of two nested models is two layers.

    Keras writes the weights of a layer once and reads them into one place; a layer that a nested
    model and another layer share (keras 3.15) is two after loading, one of them without weights.

    Args:
        model: A functional model.
    """
    copy = keras.Model.from_config(model.get_config())
    _copy_weights(model, copy)
    return copy


def _copy_weights(source: keras.layers.Layer, target: keras.layers.Layer) -> None:
    for name in ("_trainable_variables", "_non_trainable_variables"):
        pairs = zip(getattr(source, name), getattr(target, name), strict=True)
        for variable, copied in pairs:
            copied.assign(variable)
    for layer, copied in zip(source._layers, target._layers, strict=True):
        _copy_weights(layer, copied)
