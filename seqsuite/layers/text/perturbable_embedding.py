"""Embedding with a perturbation of its output, for adversarial training."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras


@keras.saving.register_keras_serializable(package="seqsuite")
class PerturbableEmbedding(keras.layers.Embedding):
    """`keras.layers.Embedding` with an optional perturbation of its output.

    :class:`AdversarialModel` reads ``recorded``, the latest output, and calls the model again
    inside :meth:`perturbed`.

    Call arguments:
        inputs: Token ids, int ``(batch, time)``.

    Returns:
        Embeddings ``(batch, time, output_dim)``.

    Example:
        >>> layer = PerturbableEmbedding(10, 4)
        >>> ids = keras.ops.array([[1, 2]])
        >>> with layer.perturbed(keras.ops.ones((1, 2, 4))):
        ...     moved = layer(ids)
        >>> bool(keras.ops.all(keras.ops.isclose(moved, layer(ids) + 1.0)))
        True
    """

    def __init__(self, input_dim: int, output_dim: int, **kwargs):
        super().__init__(input_dim, output_dim, **kwargs)
        self._perturbation = None
        self.recorded = None

    def call(self, inputs):
        embedded = super().call(inputs)
        if self._perturbation is not None:
            embedded = embedded + keras.ops.cast(self._perturbation, embedded.dtype)
        self.recorded = embedded
        return embedded

    @contextlib.contextmanager
    def perturbed(self, perturbation) -> Iterator[None]:
        """Add ``perturbation`` ``(batch, time, output_dim)`` to all outputs inside the block."""
        self._perturbation = perturbation
        try:
            yield
        finally:
            self._perturbation = None
