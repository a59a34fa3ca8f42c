"""Training of a decoder on the right answers: every step is given the true tokens before it."""

from __future__ import annotations

from typing import Any

import keras

from seqsuite.layers.decoder.cell import DecoderCell
from seqsuite.layers.decoder.unroll import unroll
from seqsuite.layers.nested import Nested

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class TeacherForcing(keras.layers.Layer):
    """Unroll a `DecoderCell` over known tokens.

    All tokens are embedded at once, the memory is prepared once, and one matrix product predicts
    all steps. Without input feeding the recurrent stack runs its own loops over whole sequences.

    The layer has no weights beside the cell's, which other layers may share.

    Args:
        cell: A :class:`DecoderCell`.
        return_state: Also return the cell's states after each row's last step.
        return_attention: Also return the attention weights.
        **kwargs: Keras layer arguments.

    Call arguments:
        token_ids: Integer ``(batch, time)``, right-padded: the begin token, then the target without
            its last token. Row t of the logits predicts token t + 1 of these.
        memory: ``(batch, memory_time, features)``, for a cell with attention.
        memory_length: Integer ``(batch,)``; ``None`` when all of the memory is real.
        initial_state: List of ``(batch, units)``, as from :class:`StateBridge`; ``None`` starts as
            the stack does. All states of the cell will do as well.
        lengths: Integer ``(batch,)``; ``None`` when every step is real.
        training: Whether to drop anything.

    Returns:
        Logits ``(batch, time, vocabulary)``; then, where asked for, the list of states, and the
        weights ``(batch, time, memory_time)``.

    Raises:
        ValueError: For something else than a cell, or weights asked of a cell without attention.

    Masking:
        By `lengths` and `memory_length` only. Logits at padded steps are the prediction from no
        features at all: leave them out of the loss.

    Example:
        >>> from seqsuite.layers import LuongAttention, RecurrentStack, SymbolEmbedding
        >>> stack = RecurrentStack(6, cell="gru", return_state=True)
        >>> cell = DecoderCell(SymbolEmbedding(9, 4), stack, LuongAttention())
        >>> memory = keras.random.normal((2, 5, 3))
        >>> logits = TeacherForcing(cell)(keras.ops.ones((2, 7), "int32"), memory=memory)
        >>> tuple(logits.shape)
        (2, 7, 9)

    Reference:
        Williams and Zipser (1989), https://doi.org/10.1162/neco.1989.1.2.270
    """

    def __init__(
        self,
        cell: DecoderCell,
        return_state: bool = False,
        return_attention: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not isinstance(cell, DecoderCell):
            raise ValueError(f"Argument `cell` must be a DecoderCell. Received: cell={cell!r}")
        if return_attention and cell.attention is None:
            raise ValueError(
                "Argument `return_attention` must be False for a cell without attention. "
                "Received: return_attention=True"
            )
        self.cell = cell
        self.return_state = return_state
        self.return_attention = return_attention
        self.supports_jit = False

    def build(
        self,
        token_ids_shape,
        memory_shape=None,
        memory_length_shape=None,
        initial_state_shape=None,
        lengths_shape=None,
    ):
        """Create the weights of the cell, if it has none yet."""
        if not self.cell.built:
            self.cell.build((token_ids_shape[0],), None, memory_shape)
        self.built = True

    def call(
        self,
        token_ids: Tensor,
        memory: Nested = None,
        memory_length: Tensor | None = None,
        initial_state: list[Tensor] | None = None,
        lengths: Tensor | None = None,
        training: bool | None = None,
    ) -> Any:
        """Run the cell over `token_ids`."""
        prepared = self.cell.prepare_memory(memory, memory_length)
        states = self.cell.get_initial_state(token_ids, initial_state, prepared)
        features, states, weights = unroll(
            self.cell, token_ids, states, prepared, lengths, training
        )
        return self._answer(self.cell.project(features, training), states, weights, memory)

    def _answer(self, logits: Tensor, states: list[Tensor], weights: Nested, memory: Nested) -> Any:
        answer: tuple = (logits,)
        if self.return_state:
            answer = (*answer, states)
        if self.return_attention:
            if not isinstance(memory, dict):
                weights = weights[:, :, : keras.ops.shape(memory)[1]]
            answer = (*answer, weights)
        return answer if len(answer) > 1 else logits

    def get_config(self):
        """Return the constructor arguments."""
        config = {
            "cell": keras.saving.serialize_keras_object(self.cell),
            "return_state": self.return_state,
            "return_attention": self.return_attention,
        }
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config: dict):
        """Rebuild the layer and its cell, or find the cell that a model being loaded has."""
        return cls(**{**config, "cell": keras.saving.deserialize_keras_object(config["cell"])})
