"""DecoderCell: one step against the reference, and its parts."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import BahdanauAttention, DecoderCell, RecurrentStack, SymbolEmbedding
from tests.layers.decoder.decoders import (
    BATCH,
    KINDS,
    MEMORY,
    MEMORY_LENGTH,
    STEPS,
    TOKEN_IDS,
    UNITS,
    VOCABULARY,
    make_cell,
    memory_of,
    reference_weights,
    zero_states,
)
from tests.reference import decoder as reference

STACKS = [
    {"cell": "simple_rnn"},
    {"cell": "lstm", "num_layers": 2},
    {"cell": "gru"},
]


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack["cell"])
@pytest.mark.parametrize("input_feeding", [False, True])
def test_steps_equal_reference(stack, input_feeding):
    cell = make_cell("luong", input_feeding, stack)
    states, expected_states = None, zero_states(cell)
    weights = reference_weights(cell)
    for step in range(STEPS):
        logits, states, _ = cell(TOKEN_IDS[:, step], states, **memory_of(cell))
        expected, expected_states = reference.step(
            stack["cell"], TOKEN_IDS[:, step], expected_states, MEMORY, MEMORY_LENGTH, weights
        )
        np.testing.assert_allclose(logits, expected, atol=1e-5)
        assert len(states) == len(expected_states) == cell.num_states
        for got, want in zip(states, expected_states, strict=True):
            np.testing.assert_allclose(got, want, atol=1e-5)


@pytest.mark.parametrize(("attention", "input_feeding"), KINDS)
def test_a_prepared_memory_gives_the_same_step(attention, input_feeding):
    cell = make_cell(attention, input_feeding)
    plain = cell(TOKEN_IDS[:, 0], **memory_of(cell))
    prepared = cell.prepare_memory(*memory_of(cell).values()) if memory_of(cell) else None
    states = cell.get_initial_state(TOKEN_IDS, memory=prepared)
    again = cell(TOKEN_IDS[:, 0], states, memory=prepared)
    assert len(plain) == len(again) == (2 if attention == "none" else 3)
    for got, want in zip(keras.tree.flatten(again), keras.tree.flatten(plain), strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(("attention", "input_feeding"), KINDS)
def test_shapes_of_states_stay_as_in_a_search(attention, input_feeding):
    cell = make_cell(attention, input_feeding)
    prepared = cell.prepare_memory(*memory_of(cell).values()) if memory_of(cell) else None
    states = cell.get_initial_state(TOKEN_IDS, memory=prepared)
    _, following, *_ = cell(TOKEN_IDS[:, 0], states, memory=prepared)
    assert [s.shape for s in states] == [s.shape for s in following]
    assert len(states) == cell.num_states


def test_a_row_without_memory_is_finite():
    cell = make_cell("luong", True)
    logits, _, weights = cell(TOKEN_IDS[:, 0], **memory_of(cell))
    assert np.all(np.isfinite(logits))
    assert not np.any(weights[2])
    logits, _, weights = cell(TOKEN_IDS[:, 0], memory=MEMORY[:, :0])
    assert np.all(np.isfinite(logits))
    assert weights.shape == (BATCH, 0)


def test_a_tied_cell_predicts_with_its_embedding():
    cell = make_cell("luong", tie_embeddings=True)
    assert not hasattr(cell, "output_kernel")
    features = np.random.default_rng(2).normal(size=(2, 5, cell.output_units)).astype("float32")
    table = np.array(cell.embedding.embeddings)
    expected = features @ table.T + np.array(cell.output_bias)
    np.testing.assert_allclose(cell.project(features), expected, atol=1e-5)


def test_features_are_combined_only_where_there_is_need():
    assert make_cell("none").combine_kernel is None
    assert make_cell("none", output_units=UNITS).combine_kernel is None
    assert make_cell("none", output_units=2).combine_kernel.shape == (UNITS, 2)
    assert make_cell("luong", output_units=5).output_kernel.shape == (5, VOCABULARY)
    assert make_cell("none", tie_embeddings=True).combine_kernel.shape == (UNITS, 3)


def test_an_embedding_may_be_shared_with_an_encoder(tmp_path):
    table = SymbolEmbedding(VOCABULARY, 3)
    source = keras.Input((None,), dtype="int32", name="source")
    token = keras.Input((), dtype="int32", name="token")
    encoder = RecurrentStack(UNITS, cell="gru", return_state=True)
    memory, *final = encoder(table(source))
    cell = DecoderCell(
        table, RecurrentStack(UNITS, cell="gru", return_state=True), BahdanauAttention(3)
    )
    logits, _, _ = cell(token, states=final, memory=memory)
    model = keras.Model({"source": source, "token": token}, logits)
    tables = [w for w in model.trainable_weights if w.shape == (VOCABULARY, 3)]
    assert len(tables) == 1
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert len(again.weights) == len(model.weights)
    inputs = {"source": TOKEN_IDS, "token": TOKEN_IDS[:, 0]}
    np.testing.assert_array_equal(again(inputs), model(inputs))
    tables = [w for w in again.trainable_weights if w.shape == (VOCABULARY, 3)]
    assert len(tables) == 1


def test_dropout_is_for_training_only():
    stack = {"cell": "gru", "regularization": {"dropout": 0.5, "weight_drop": 0.5, "zoneout": 0.3}}
    cell = make_cell("luong", True, stack, embedding_dropout=0.5, output_dropout=0.5)
    logits = [cell(TOKEN_IDS[:, 0], **memory_of(cell))[0] for _ in range(2)]
    np.testing.assert_array_equal(*logits)
    dropped = [cell(TOKEN_IDS[:, 0], training=True, **memory_of(cell))[0] for _ in range(2)]
    assert np.abs(dropped[0] - dropped[1]).max() > 1e-3


def test_the_loop_of_a_search_is_traced_once_for_all_lengths():
    cell = make_cell("luong", True)

    @tf.function(input_signature=[tf.TensorSpec([None], "int32"), tf.TensorSpec([None, None, 2])])
    def step(ids, memory):
        return cell(ids, memory=memory)[0]

    for rows in (1, 3):
        got = step(TOKEN_IDS[:rows, 0], MEMORY[:rows])
        want = cell(TOKEN_IDS[:rows, 0], memory=MEMORY[:rows])[0]
        np.testing.assert_allclose(got, want, atol=1e-6)
    assert step.experimental_get_tracing_count() == 1


def test_wrong_arguments_are_refused():
    embedding, stack = SymbolEmbedding(5, 3), RecurrentStack(4, return_state=True)
    plain = keras.layers.Embedding(5, 3)
    for arguments, message in (
        ({"embedding": keras.layers.Dense(3)}, "`embedding` must be a Keras Embedding"),
        ({"embedding": plain, "tie_embeddings": True}, "must be a ReversibleEmbedding"),
        ({"recurrent": keras.layers.GRU(4)}, "must be a RecurrentStack of one direction"),
        (
            {"recurrent": RecurrentStack(4, bidirectional=True, return_state=True)},
            "must be a RecurrentStack of one direction",
        ),
        ({"recurrent": RecurrentStack(4)}, "`return_state=True`"),
        ({"attention": keras.layers.Attention()}, "`attention` must be an attention layer"),
        ({"input_feeding": True}, "`input_feeding` must be False without attention"),
        ({"tie_embeddings": True, "output_units": 4}, "size of a tied embedding, 3"),
    ):
        with pytest.raises(ValueError, match=message):
            DecoderCell(**{"embedding": embedding, "recurrent": stack, **arguments})
    cell = make_cell("luong", True)
    with pytest.raises(ValueError, match="`memory` must be given"):
        cell(TOKEN_IDS[:, 0])
    states = [np.zeros((BATCH, UNITS), "float32")] * 3
    with pytest.raises(ValueError, match="must have 1 or 2 tensors"):
        cell(TOKEN_IDS[:, 0], states, **memory_of(cell))
