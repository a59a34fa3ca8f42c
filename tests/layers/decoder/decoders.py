"""Small decoders for the tests of `DecoderCell` and of what unrolls it."""

from __future__ import annotations

import keras
import numpy as np

from seqsuite.layers import (
    BahdanauAttention,
    DecoderCell,
    LocationAttention,
    LuongAttention,
    RecurrentStack,
    SymbolEmbedding,
)
from tests.reference import recurrent

VOCABULARY, SIZE, UNITS, FEATURES = 7, 3, 4, 2
BATCH, STEPS, PLACES = 3, 5, 4
LENGTHS, MEMORY_LENGTH = np.array([5, 2, 0], "int32"), np.array([4, 2, 0], "int32")
TOKEN_IDS = np.random.default_rng(0).integers(0, VOCABULARY, (BATCH, STEPS)).astype("int32")
MEMORY = np.random.default_rng(1).normal(size=(BATCH, PLACES, FEATURES)).astype("float32")
ATTENTIONS = {
    "none": lambda: None,
    "luong": lambda: LuongAttention("general"),
    "bahdanau": lambda: BahdanauAttention(3),
    "location": lambda: LocationAttention(3, num_filters=2, filter_width=3),
}
# Attention and input feeding: the whole-sequence path and the loop, with and without state.
KINDS = [
    ("none", False),
    ("luong", False),
    ("luong", True),
    ("bahdanau", True),
    ("location", False),
    ("location", True),
]


def make_cell(attention="luong", input_feeding=False, stack=None, seed=0, **arguments):
    """A built cell with weights large enough to matter."""
    keras.utils.set_random_seed(seed)
    cell = DecoderCell(
        SymbolEmbedding(VOCABULARY, SIZE),
        RecurrentStack(UNITS, return_state=True, **(stack or {"cell": "gru"})),
        attention=ATTENTIONS[attention](),
        input_feeding=input_feeding,
        **arguments,
    )
    cell.build((None,), None, None if attention == "none" else (None, None, FEATURES))
    rng = np.random.default_rng(seed)
    cell.set_weights([rng.normal(size=w.shape) * 0.7 for w in cell.get_weights()])
    return cell


def memory_of(cell, rows=slice(None)):
    """The call arguments that a cell needs of the memory."""
    if cell.attention is None:
        return {}
    return {"memory": MEMORY[rows], "memory_length": MEMORY_LENGTH[rows]}


def reference_weights(cell):
    """The weights of a cell with Luong's attention or none, for `tests.reference.decoder`."""
    levels = [level.directions[0].cell for level in cell.recurrent._levels]
    read = lambda variable: np.array(variable, "float64")  # noqa: E731
    weights = {
        "embedding": read(cell.embedding.embeddings),
        "levels": [[read(c.kernel), read(c.recurrent_kernel), read(c.bias)] for c in levels],
        "output": read(cell.output_kernel),
        "bias": read(cell.output_bias),
        "feed": cell.input_feeding,
    }
    if cell.attention is not None:
        weights["attention"] = read(cell.attention.memory_kernel)
        weights["combine"] = read(cell.combine_kernel)
    return weights


def zero_states(cell, batch=BATCH):
    """The reference's states before the first step."""
    count = cell.recurrent.num_layers * recurrent.num_states(cell.recurrent.cell)
    states = [np.zeros((batch, UNITS)) for _ in range(count)]
    return [*states, np.zeros((batch, cell.output_units))] if cell.input_feeding else states
