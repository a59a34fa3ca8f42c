"""Checks and conventions that Keras expects of a layer."""

from __future__ import annotations

from typing import Any

import keras


def check_shape(name: str, tensor: Any, expected: tuple[int | None, ...]) -> None:
    """Raise a `ValueError` for a tensor of another shape, which would be broadcast silently.

    Args:
        name: Name of the argument.
        tensor: A tensor or an array; dimensions that are not static are not checked.
        expected: The shape, ``None`` for a dimension of any size.
    """
    shape = tuple(tensor.shape)
    if len(shape) != len(expected) or any(
        size is not None and wanted is not None and size != wanted
        for size, wanted in zip(shape, expected, strict=True)
    ):
        raise ValueError(
            f"Argument `{name}` must have the shape {expected}. Received: {name}.shape={shape}"
        )


def freeze_parts(layer: keras.layers.Layer) -> None:
    """Freeze the parts of a layer that was made with ``trainable=False``.

    Keras hands a later assignment to `trainable` on to the parts, but not the constructor's, which
    is how a frozen layer is loaded. Parts frozen on their own stay so.

    Args:
        layer: The layer, with all its parts and weights.
    """
    if not layer.trainable:
        for part in layer._flatten_layers(include_self=False):
            part.trainable = False
