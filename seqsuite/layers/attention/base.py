"""Base class of attention over a memory."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.contracts import check_shape
from seqsuite.layers.masking import at_least_one_step, sequence_mask, zero_padding
from seqsuite.layers.recurrent.step_loop import Tensors, run_steps

Tensor = Any


class MemoryAttention(keras.layers.Layer):
    """Base class of the attentions of this package.

    A decoder calls `prepare` once, before its loop, and `attend` at every step; `call` does both.
    Subclasses define the keys and the scores.

    Args:
        **kwargs: Keras layer arguments.

    Attributes:
        has_state: Whether a step needs the weights of the previous step.
    """

    has_state = False

    def cast(self, weight: Tensor) -> Tensor:
        """Return a weight or another tensor in the layer's compute dtype."""
        return ops.cast(weight, self.compute_dtype)

    def keys(self, memory: Tensor) -> Tensor:
        """Return the keys of a memory, ``(batch, ...)``."""
        raise NotImplementedError

    def scores(self, query: Tensor, prepared: Tensors, previous: Tensor | None) -> Tensor:
        """Return the scores of all positions for queries ``(batch, time, units)``."""
        raise NotImplementedError

    def prepare(self, memory: Tensor, memory_length: Tensor | None = None) -> Tensors:
        """Compute the tensors of a memory that all steps share.

        Args:
            memory: ``(batch, memory_time, features)``, right-padded.
            memory_length: Integer ``(batch,)``, or ``None`` when every position is real.

        Returns:
            Tensors with a batch axis: ``"keys"``, ``"values"`` ``(batch, memory_time, features)``
            and ``"mask"``, boolean ``(batch, memory_time)``. An empty memory becomes one masked
            position.
        """
        if not self.built:
            raise ValueError(
                f"{type(self).__name__} must be built before `prepare`: call the layer, "
                "its `build`, or the `build` of its decoder cell."
            )
        memory = self.cast(memory)
        batch, num_places = ops.shape(memory)[:2]
        if memory_length is None:
            memory_length = ops.zeros((batch,), dtype="int32") + num_places
        memory_length = ops.cast(memory_length, "int32")
        check_shape("memory_length", memory_length, (memory.shape[0],))
        memory_length = ops.minimum(memory_length, num_places)
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
        """Attend to a prepared memory.

        Args:
            query: ``(batch, units)`` or ``(batch, time, units)``.
            prepared: From `prepare`.
            weights: Weights of the previous step, for an attention with state.

        Returns:
            Context and weights, as from the call.
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
        """Prepare the memory and attend to it."""
        check_shape("memory", memory, (query.shape[0], None, None))
        num_places = ops.shape(memory)[1]
        prepared = self.prepare(memory, memory_length)
        if weights is not None:
            check_shape("weights", weights, tuple(memory.shape[:2]))
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
    """Return the softmax of scores over real positions.

    Args:
        scores: Floating ``(..., positions)``, at least one position.
        mask: Boolean, broadcastable to the scores, true at real positions.

    Returns:
        Weights of the shape and dtype of the scores, which sum to 1, or are all 0 without real
        positions; computed in float32.

    Example:
        >>> masked_softmax(ops.zeros((2, 3)), ops.array([[True, True, False], [False] * 3])).numpy()
        array([[0.5, 0.5, 0. ],
               [0. , 0. , 0. ]], dtype=float32)
    """
    dtype = scores.dtype
    # A finite lowest score keeps rows without real positions finite.
    scores = ops.where(mask, ops.cast(scores, "float32"), -1e9)
    # Without an initial value the maximum of a batch without rows is an error.
    largest = ops.stop_gradient(ops.max(scores, axis=-1, keepdims=True, initial=-1e9))
    exponentials = ops.where(mask, ops.exp(scores - largest), 0.0)
    total = ops.sum(exponentials, axis=-1, keepdims=True)
    return ops.cast(exponentials / ops.maximum(total, 1e-30), dtype)
