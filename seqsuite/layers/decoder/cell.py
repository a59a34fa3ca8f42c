"""One step of a decoder: token ids, states and a memory -> logits and states."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.attention.base import MemoryAttention
from seqsuite.layers.decoder.parts import check_parts
from seqsuite.layers.decoder.steps import DecoderSteps
from seqsuite.layers.nested import Nested
from seqsuite.layers.recurrent.stack import RecurrentStack
from seqsuite.layers.recurrent.step_loop import Tensors

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class DecoderCell(keras.layers.Layer):
    """Recurrent decoder with attention, of which a call is one step.

    The token is embedded and goes through the recurrent stack. The stack's output asks the
    attention for a context, and both give the features ``tanh(W [context; output])``, from which
    the next token is predicted. :class:`TeacherForcing` and :class:`ScheduledSampling` unroll a
    cell over known tokens; a search calls it step by step.

    The layers given are the cell's own parts: an embedding that an encoder uses as well is shared.

    Args:
        embedding: A Keras ``Embedding`` of the target vocabulary, as :class:`SymbolEmbedding`.
        recurrent: A :class:`RecurrentStack` of one direction, with ``return_state=True``; its
            regularization holds inside a decoder as well.
        attention: An attention layer over the memory, or ``None``.
        output_units: Width of the features; ``None`` takes the size of a tied embedding, else the
            units of the stack. Without attention and with ``None`` the features are the stack's
            output, unless a tied embedding is of another size.
        input_feeding: Feed the features of each step to the next one beside its token. The steps
            then depend on each other, and training runs them in a loop.
        tie_embeddings: Predict with the table of `embedding`, a ``ReversibleEmbedding``.
        embedding_dropout: Rate on the embedded tokens.
        output_dropout: Rate on the features before the prediction.
        **kwargs: Keras layer arguments.

    Call arguments:
        token_ids: Integer ``(batch,)``: the last tokens.
        states: List of tensors ``(batch, ...)``: those of the stack; then with input feeding the
            last features, then with an attention that has state its last weights. Those of the
            stack alone will do at the first step, and ``None`` starts as the stack does.
        memory: ``(batch, memory_time, features)``, or what `prepare_memory` made of it, which saves
            doing so at every step.
        memory_length: Integer ``(batch,)``; ``None`` when all of the memory is real.
        training: Whether to drop anything.

    Returns:
        A tuple of logits ``(batch, vocabulary)``, the list of states, and with attention its
        weights ``(batch, memory_time)``.

    Raises:
        ValueError: For parts that do not fit together, or a missing memory.

    Masking:
        By `memory_length` only.

    Example:
        >>> from seqsuite.layers import LuongAttention, SymbolEmbedding
        >>> cell = DecoderCell(
        ...     SymbolEmbedding(9, 4),
        ...     RecurrentStack(6, cell="gru", return_state=True),
        ...     attention=LuongAttention("general"),
        ...     tie_embeddings=True,
        ... )
        >>> memory = keras.random.normal((2, 5, 3))
        >>> logits, states, weights = cell(keras.ops.array([1, 1]), memory=memory)
        >>> logits, states, weights = cell(ops.argmax(logits, -1), states=states, memory=memory)
        >>> tuple(logits.shape), len(states), tuple(weights.shape)
        ((2, 9), 1, (2, 5))

    Reference:
        Luong, Pham and Manning (2015), https://arxiv.org/abs/1508.04025
    """

    def __init__(
        self,
        embedding: keras.layers.Embedding,
        recurrent: RecurrentStack,
        attention: MemoryAttention | None = None,
        output_units: int | None = None,
        input_feeding: bool = False,
        tie_embeddings: bool = False,
        embedding_dropout: float = 0.0,
        output_dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_parts(embedding, recurrent, attention, input_feeding, tie_embeddings)
        if tie_embeddings:
            if output_units not in (None, embedding.output_dim):
                raise ValueError(
                    "Argument `output_units` must be the size of a tied embedding, "
                    f"{embedding.output_dim}. Received: output_units={output_units}"
                )
            output_units = embedding.output_dim
        self.embedding = embedding
        self.recurrent = recurrent
        self.attention = attention
        self.output_units = output_units or recurrent.units
        self.input_feeding = input_feeding
        self.tie_embeddings = tie_embeddings
        self.embedding_dropout = embedding_dropout
        self.output_dropout = output_dropout
        self._combines = attention is not None or output_units not in (None, recurrent.units)
        self._embedding_dropout = keras.layers.Dropout(embedding_dropout, name="embedding_dropout")
        self._output_dropout = keras.layers.Dropout(output_dropout, name="output_dropout")
        self.combine_kernel = None
        # Each step would be compiled for every length; and the stack's own loops are faster.
        self.supports_jit = False

    @property
    def vocabulary_size(self) -> int:
        """Number of token ids."""
        return self.embedding.input_dim

    @property
    def num_states(self) -> int:
        """How many state tensors go in and come out."""
        has_state = self.attention is not None and self.attention.has_state
        return self.recurrent.num_states + self.input_feeding + has_state

    def build(
        self, token_ids_shape, states_shape=None, memory_shape=None, memory_length_shape=None
    ):
        """Create the weights of all parts, where they have none yet."""
        size, units = self.embedding.output_dim, self.recurrent.units
        if not self.embedding.built:
            self.embedding.build((None, None))
        if not self.recurrent.built:
            fed = self.output_units if self.input_feeding else 0
            self.recurrent.build((None, None, size + fed))
        width = units
        if self.attention is not None:
            if memory_shape is None:
                raise ValueError("Argument `memory` must be given to a cell with attention.")
            if isinstance(memory_shape, dict):
                memory_shape = memory_shape["values"]
            if not self.attention.built:
                self.attention.build((None, units), tuple(memory_shape))
            width += memory_shape[-1]
        shapes: dict[str, tuple[int, ...]] = {"output_bias": (self.vocabulary_size,)}
        if not self.tie_embeddings:
            shapes["output_kernel"] = (self.output_units, self.vocabulary_size)
        if self._combines:
            shapes["combine_kernel"] = (width, self.output_units)
        for name, shape in shapes.items():
            initializer = "zeros" if name == "output_bias" else "glorot_uniform"
            setattr(self, name, self.add_weight(shape=shape, initializer=initializer, name=name))
        self.built = True

    def prepare_memory(
        self, memory: Tensor | None, memory_length: Tensor | None = None
    ) -> Tensors | None:
        """Compute once what every step needs of the memory.

        Args:
            memory: As in the call.
            memory_length: As in the call.

        Returns:
            A dict of tensors with a batch axis, which the call takes for its memory; ``None``
            without attention.
        """
        if self.attention is None:
            return None
        if memory is None:
            raise ValueError("Argument `memory` must be given to a cell with attention.")
        return memory if isinstance(memory, dict) else self.attention.prepare(memory, memory_length)

    def get_initial_state(
        self,
        token_ids: Tensor,
        initial_state: list[Tensor] | None = None,
        memory: Tensors | None = None,
    ) -> list[Tensor]:
        """Complete the states that a decoder starts from.

        Args:
            token_ids: ``(batch, ...)``; only the batch size is used.
            initial_state: ``None``, the states of the stack, or all states.
            memory: From `prepare_memory`.

        Returns:
            `num_states` tensors.
        """
        count = self.recurrent.num_states
        if initial_state is None:
            initial_state = self.recurrent.get_initial_state(token_ids)
        if not isinstance(initial_state, (list, tuple)):
            initial_state = [initial_state]
        states = [ops.cast(state, self.compute_dtype) for state in initial_state]
        if len(states) == self.num_states:
            return states
        if len(states) != count:
            expected = " or ".join(str(n) for n in sorted({count, self.num_states}))
            raise ValueError(
                f"Argument `initial_state` must have {expected} tensors. "
                f"Received: {len(states)} tensors"
            )
        if self.input_feeding:
            shape = (ops.shape(token_ids)[0], self.output_units)
            states.append(ops.zeros(shape, dtype=self.compute_dtype))
        if self.attention is not None and self.attention.has_state:
            if memory is None:
                raise ValueError("Argument `memory` must be given to a cell with attention.")
            states.append(self.attention.initial_weights(memory))
        return states

    def embed(self, token_ids: Tensor, training: bool | None = None) -> Tensor:
        """Return the features of tokens ``(..., size)``, with dropout while training."""
        # Keras' own Embedding takes no `training`, and drops nothing.
        arguments = {"training": training} if hasattr(self.embedding, "dropout") else {}
        embedded = self.embedding(token_ids, **arguments)
        return self._embedding_dropout(ops.cast(embedded, self.compute_dtype), training=training)

    def combine(self, output: Tensor, context: Tensor | None = None) -> Tensor:
        """Make the features that predict from the stack's output and the attention's context.

        Args:
            output: ``(..., units)``.
            context: ``(..., memory features)``, with attention.

        Returns:
            Features ``(..., output_units)``.
        """
        if self.combine_kernel is None:
            return output
        joined = output if context is None else ops.concatenate([context, output], axis=-1)
        return ops.tanh(ops.matmul(joined, ops.cast(self.combine_kernel, self.compute_dtype)))

    def project(self, features: Tensor, training: bool | None = None) -> Tensor:
        """Predict.

        Args:
            features: ``(..., output_units)``.
            training: Whether to drop any of them.

        Returns:
            Logits ``(..., vocabulary)``, from one matrix product.
        """
        features = self._output_dropout(features, training=training)
        flat = ops.reshape(features, (-1, self.output_units))
        if self.tie_embeddings:
            table = ops.cast(self.embedding.embeddings, self.compute_dtype)
            logits = ops.einsum("ab,cb->ac", flat, table)
        else:
            logits = ops.matmul(flat, ops.cast(self.output_kernel, self.compute_dtype))
        logits = logits + ops.cast(self.output_bias, self.compute_dtype)
        return ops.reshape(logits, (*ops.shape(features)[:-1], self.vocabulary_size))

    def call(
        self,
        token_ids: Tensor,
        states: list[Tensor] | None = None,
        memory: Nested = None,
        memory_length: Tensor | None = None,
        training: bool | None = None,
    ) -> tuple:
        """Run one step."""
        prepared = self.prepare_memory(memory, memory_length)
        states = self.get_initial_state(token_ids, states, prepared)
        embedded = self.embed(token_ids, training)
        steps = DecoderSteps(self, prepared, ops.shape(token_ids)[0], 1, bool(training))
        slices = {name: sequence[:, 0] for name, sequence in steps.sequences.items()}
        features, states, weights = steps.step(embedded, states, slices)
        logits = self.project(features, training)
        if weights is None:
            return logits, states
        if not isinstance(memory, dict):
            weights = weights[:, : ops.shape(memory)[1]]
        return logits, states, weights

    def get_config(self):
        """Return the constructor arguments."""
        config = {
            "output_units": self.output_units if self._combines else None,
            "input_feeding": self.input_feeding,
            "tie_embeddings": self.tie_embeddings,
            "embedding_dropout": self.embedding_dropout,
            "output_dropout": self.output_dropout,
        }
        for name in ("embedding", "recurrent", "attention"):
            config[name] = keras.saving.serialize_keras_object(getattr(self, name))
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config: dict):
        """Rebuild the cell and its parts, or find those that a model being loaded has."""
        parts = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("embedding", "recurrent", "attention")
        }
        return cls(**{**config, **parts})
