"""What all attentions over a memory share: preparing it, masking it, reading it."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.masking import at_least_one_step, sequence_mask, zero_padding
from seqsuite.layers.recurrent.step_loop import Tensors, run_steps

Tensor = Any


class MemoryAttention(keras.layers.Layer):
    """The base of the attentions of this package, which describe the call.

    A decoder prepares the memory once, before its loop, and calls `attend` at every step; `call`
    does both. A subclass gives the keys and the scores.

    Args:
        **kwargs: Keras layer arguments.

    Attributes:
        has_state: Whether a step needs the weights of the step before.
    """

    has_state = False

    def cast(self, weight: Tensor) -> Tensor:
        """Return a weight or another tensor in the layer's compute dtype."""
        return ops.cast(weight, self.compute_dtype)

    def keys(self, memory: Tensor) -> Tensor:
        """Return what the queries are compared with, ``(batch, ...)``."""
        raise NotImplementedError

    def scores(self, query: Tensor, prepared: Tensors, previous: Tensor | None) -> Tensor:
        """Return the scores of all places for ``(batch, time, units)``."""
        raise NotImplementedError

    def prepare(self, memory: Tensor, memory_length: Tensor | None = None) -> Tensors:
        """Compute once what all steps need of a memory.

        Args:
            memory: ``(batch, memory_time, features)``, right-padded.
            memory_length: Integer ``(batch,)``, or ``None`` when every place is real.

        Returns:
            Tensors with a batch axis: ``"keys"``, ``"values"`` ``(batch, memory_time, features)``
            and ``"mask"``, boolean ``(batch, memory_time)``. No place at all becomes one that is
            masked.
        """
        if not self.built:
            raise ValueError(
                f"{type(self).__name__} must be built before `prepare`. Call it once, or its "
                "`build`, or that of the decoder cell that has it."
            )
        memory = self.cast(memory)
        batch, num_places = ops.shape(memory)[:2]
        if memory_length is None:
            memory_length = ops.zeros((batch,), dtype="int32") + num_places
        memory_length = ops.minimum(ops.cast(memory_length, "int32"), num_places)
        memory = at_least_one_step(memory)
        mask = sequence_mask(memory_length, ops.shape(memory)[1])
        memory = zero_padding(memory, mask)
        return {"keys": self.keys(memory), "values": memory, "mask": mask}

    def initial_weights(self, prepared: Tensors) -> Tensor:
        """Return the weights before the first step, zeros ``(batch, memory_time)``."""
        return ops.zeros_like(prepared["mask"], dtype=self.compute_dtype)

    def attend(
        self, query: Tensor, prepared: Tensors, weights: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Look at a prepared memory.

        Args:
            query: ``(batch, units)`` or ``(batch, time, units)``.
            prepared: From `prepare`.
            weights: Those of the step before, for an attention with state.

        Returns:
            Context and weights, as the call.
        """
        if self.has_state and weights is None:
            weights = self.initial_weights(prepared)
        if len(query.shape) == 2:
            context, weights = self._attend_at_once(query[:, None], prepared, weights)
            return context[:, 0], weights[:, 0]
        if not self.has_state:
            return self._attend_at_once(query, prepared, weights)

        def body(states, slices):
            context, weights = self.attend(slices["query"], prepared, states[0])
            return {"context": context, "weights": weights}, [weights]

        sizes = {"context": prepared["values"].shape[2], "weights": None}
        outputs, _ = run_steps(body, [weights], {"query": query}, sizes)
        return outputs["context"], outputs["weights"]

    def _attend_at_once(self, queries, prepared, previous) -> tuple[Tensor, Tensor]:
        scores = self.scores(self.cast(queries), prepared, previous)
        weights = masked_softmax(scores, prepared["mask"][:, None])
        return ops.matmul(weights, prepared["values"]), weights

    def call(
        self,
        query: Tensor,
        memory: Tensor,
        memory_length: Tensor | None = None,
        weights: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Prepare the memory and look at it."""
        num_places = ops.shape(memory)[1]
        prepared = self.prepare(memory, memory_length)
        if weights is not None:
            weights = at_least_one_step(weights[:, :, None])[:, :, 0]
        context, weights = self.attend(query, prepared, weights)
        return context, weights[..., :num_places]

    def compute_output_shape(
        self, query_shape, memory_shape, memory_length_shape=None, weights_shape=None
    ):
        """Return the shapes of context and weights."""
        batch_and_time, (_, num_places, features) = tuple(query_shape[:-1]), memory_shape
        return (*batch_and_time, features), (*batch_and_time, num_places)


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Turn scores into weights of the real places.

    Args:
        scores: Floating ``(..., places)``, at least one place.
        mask: Boolean of a shape that broadcasts to it, true where a place is real.

    Returns:
        Weights of the shape and dtype of the scores, that sum to 1, or are all 0 where no place is
        real; computed in float32.

    Example:
        >>> masked_softmax(ops.zeros((2, 3)), ops.array([[True, True, False], [False] * 3])).numpy()
        array([[0.5, 0.5, 0. ],
               [0. , 0. , 0. ]], dtype=float32)
    """
    dtype = scores.dtype
    # The lowest score is finite, so that a row without any real place is, too.
    scores = ops.where(mask, ops.cast(scores, "float32"), -1e9)
    # Without an initial value the maximum of a batch without rows is an error.
    largest = ops.stop_gradient(ops.max(scores, axis=-1, keepdims=True, initial=-1e9))
    exponentials = ops.where(mask, ops.exp(scores - largest), 0.0)
    total = ops.sum(exponentials, axis=-1, keepdims=True)
    return ops.cast(exponentials / ops.maximum(total, 1e-30), dtype)
