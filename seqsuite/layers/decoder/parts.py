"""What a `DecoderCell` may be made of."""

from __future__ import annotations

from typing import Any

import keras

from seqsuite.layers.attention.base import MemoryAttention
from seqsuite.layers.recurrent.stack import RecurrentStack


def check_parts(
    embedding: Any, recurrent: Any, attention: Any, input_feeding: bool, tie_embeddings: bool
) -> None:
    """Raise an error unless the parts of a `DecoderCell` fit together.

    Args:
        embedding: As the cell's argument.
        recurrent: As the cell's argument.
        attention: As the cell's argument.
        input_feeding: As the cell's argument.
        tie_embeddings: As the cell's argument.

    Raises:
        ValueError: They do not.
    """
    if not isinstance(embedding, keras.layers.Embedding):
        raise ValueError(
            f"Argument `embedding` must be a Keras Embedding. Received: embedding={embedding!r}"
        )
    if tie_embeddings and not getattr(embedding, "tie_weights", False):
        raise ValueError(
            "Argument `embedding` must be a ReversibleEmbedding with `tie_weights`, such as "
            f"SymbolEmbedding, when `tie_embeddings` is set. Received: embedding={embedding!r}"
        )
    if not isinstance(recurrent, RecurrentStack) or recurrent.bidirectional:
        raise ValueError(
            "Argument `recurrent` must be a RecurrentStack of one direction. "
            f"Received: recurrent={recurrent!r}"
        )
    if not recurrent.return_state:
        raise ValueError("Argument `recurrent` must be a RecurrentStack with `return_state=True`.")
    if attention is not None and not isinstance(attention, MemoryAttention):
        raise ValueError(
            "Argument `attention` must be an attention layer of seqsuite, or None. "
            f"Received: attention={attention!r}"
        )
    if input_feeding and attention is None:
        raise ValueError(
            "Argument `input_feeding` must be False without attention: the features would be the "
            "state that the stack has already. Received: input_feeding=True"
        )
