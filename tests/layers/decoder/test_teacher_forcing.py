"""TeacherForcing: the whole sequence equals the steps, the reference, and padded sequences."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import (
    LuongAttention,
    RecurrentStack,
    StateBridge,
    SymbolEmbedding,
    TeacherForcing,
)
from seqsuite.layers.decoder.cell import DecoderCell
from tests.layers.decoder.decoders import (
    BATCH,
    KINDS,
    LENGTHS,
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
from tests.layers.training_steps import build_for_training
from tests.reference import decoder as reference
from tests.reference.attention import numeric_gradients

REAL = np.arange(STEPS) < LENGTHS[:, None]
STACKS = [
    {"cell": "gru"},
    {"cell": "gru", "reset_after": False, "num_layers": 2, "connection": "highway"},
    {"cell": "lstm", "num_layers": 2, "connection": "residual", "layer_norm": True},
    {"cell": "simple_rnn", "regularization": {"zoneout": 0.3}},
]
every_kind = pytest.mark.parametrize(("attention", "input_feeding"), KINDS)


@pytest.mark.full(default=4)
@pytest.mark.parametrize(
    ("attention", "input_feeding", "stack"),
    [
        *((*kind, STACKS[0]) for kind in KINDS),
        # Each other stack on the path of the whole sequence and in the loop.
        *(
            (*kind, stack)
            for stack in STACKS[1:]
            for kind in (("luong", False), ("location", True))
        ),
    ],
)
def test_the_whole_sequence_equals_the_steps(attention, input_feeding, stack):
    cell = make_cell(attention, input_feeding, stack)
    layer = TeacherForcing(cell, return_state=True)
    logits, final = layer(TOKEN_IDS, lengths=LENGTHS, **memory_of(cell))
    states = [None]
    for step in range(STEPS):
        found, following, *_ = cell(TOKEN_IDS[:, step], states[-1], **memory_of(cell))
        real = REAL[:, step]
        np.testing.assert_allclose(logits[:, step][real], found[real], atol=1e-5)
        states.append(following)
    for row, length in enumerate(LENGTHS[:2]):
        for got, want in zip(final, states[length], strict=True):
            np.testing.assert_allclose(got[row], want[row], atol=1e-5)
    assert not np.any([state[2] for state in final if state.shape == (BATCH, UNITS)])


@pytest.mark.full(default=4)
@pytest.mark.parametrize("mode", ["eager", "graph"])
@pytest.mark.parametrize("cell_name", ["lstm", "gru"])
@pytest.mark.parametrize(("attention", "input_feeding"), KINDS[:3])
def test_values_and_gradients_equal_reference(attention, input_feeding, cell_name, mode):
    cell = make_cell(attention, input_feeding, {"cell": cell_name})
    layer = TeacherForcing(cell)
    memory = None if attention == "none" else MEMORY
    on_logits = np.random.default_rng(3).normal(size=(BATCH, STEPS, VOCABULARY)) * REAL[..., None]
    named = reference_weights(cell)
    names = [name for name in named if name not in ("levels", "feed")]

    def run():
        with tf.GradientTape() as tape:
            logits = layer(TOKEN_IDS, lengths=LENGTHS, training=True, **memory_of(cell))
            loss = tf.reduce_sum(logits * on_logits.astype("float32"))
        gradients = tape.gradient(loss, layer.trainable_variables)
        return logits, [tf.convert_to_tensor(gradient) for gradient in gradients]

    def teacher_forcing(*arrays):
        weights = {"feed": input_feeding, "levels": [arrays[:3]]}
        weights |= dict(zip(names, arrays[3:], strict=True))
        return reference.teacher_forcing(
            cell_name, TOKEN_IDS, zero_states(cell), memory, MEMORY_LENGTH, weights
        )

    arrays = [*named["levels"][0], *(named[name] for name in names)]
    logits, gradients = (tf.function(run, autograph=False) if mode == "graph" else run)()
    np.testing.assert_allclose(logits[REAL], teacher_forcing(*arrays)[REAL], atol=1e-5)
    numeric = numeric_gradients(lambda *a: float((teacher_forcing(*a) * on_logits).sum()), arrays)
    inner = cell.recurrent._levels[0].directions[0].cell
    variables = [inner.kernel, inner.recurrent_kernel, inner.bias]
    own = {"embedding": cell.embedding.embeddings, "bias": cell.output_bias}
    own["output"] = cell.output_kernel
    if cell.attention is not None:
        own |= {"attention": cell.attention.memory_kernel, "combine": cell.combine_kernel}
    variables += [own[name] for name in names]
    assert len(variables) == len(layer.trainable_variables)
    by_path = dict(zip([v.path for v in layer.trainable_variables], gradients, strict=True))
    for variable, want in zip(variables, numeric, strict=True):
        np.testing.assert_allclose(by_path[variable.path], want, atol=2e-4)


@every_kind
def test_padding_changes_nothing(attention, input_feeding):
    cell = make_cell(attention, input_feeding)
    layer = TeacherForcing(cell, return_state=True)
    logits, states = layer(TOKEN_IDS, lengths=LENGTHS, **memory_of(cell))
    longer = {"token_ids": np.pad(TOKEN_IDS, [(0, 0), (0, STEPS)], constant_values=6)}
    if attention != "none":
        places = np.pad(MEMORY, [(0, 0), (0, 3), (0, 0)], constant_values=9.0)
        longer |= {"memory": places, "memory_length": MEMORY_LENGTH}
    more_logits, more_states = layer(**longer, lengths=LENGTHS)
    np.testing.assert_allclose(more_logits[:, :STEPS], logits, atol=1e-6)
    for got, want in zip(more_states, states, strict=True):
        np.testing.assert_allclose(got[:, : want.shape[1]], want, atol=1e-6)
    # At padded steps nothing but the bias predicts.
    np.testing.assert_allclose(logits[2], [np.array(cell.output_bias)] * STEPS, atol=1e-6)


@every_kind
@pytest.mark.full(default=2)
def test_gradients_of_the_loop_equal_those_of_the_steps(attention, input_feeding):
    cell = make_cell(attention, input_feeding, {"cell": "lstm", "num_layers": 2})
    layer = TeacherForcing(cell)
    layer.build((None, None), (None, None, 2))

    def at_once():
        return layer(TOKEN_IDS, training=True, **memory_of(cell))

    def by_steps():
        logits, states = [], None
        for step in range(STEPS):
            found, states, *_ = cell(TOKEN_IDS[:, step], states, **memory_of(cell))
            logits.append(found)
        return tf.stack(logits, axis=1)

    def gradients(unroll):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sin(unroll()))
        return [
            tf.convert_to_tensor(gradient)
            for gradient in tape.gradient(loss, cell.trainable_variables)
        ]

    for got, want in zip(tf.function(gradients)(at_once), gradients(by_steps), strict=True):
        np.testing.assert_allclose(got, want, atol=1e-5)


@every_kind
@pytest.mark.full(default=2)
def test_no_step_at_all_is_an_answer(attention, input_feeding):
    cell = make_cell(attention, input_feeding)
    layer = TeacherForcing(cell, return_state=True)
    start = [np.full((BATCH, UNITS), 0.25, "float32")]
    run = tf.function(
        lambda ids: layer(ids, initial_state=start, **memory_of(cell)),
        input_signature=[tf.TensorSpec([BATCH, None], "int32")],
    )
    logits, states = run(TOKEN_IDS[:, :0])
    assert logits.shape == (BATCH, 0, VOCABULARY)
    np.testing.assert_array_equal(states[0], start[0])


@every_kind
@pytest.mark.full(default=2)
def test_one_trace_serves_all_lengths(attention, input_feeding):
    cell = make_cell(attention, input_feeding)
    layer = TeacherForcing(cell)
    run = tf.function(
        lambda ids: layer(ids, **memory_of(cell)),
        input_signature=[tf.TensorSpec([BATCH, None], "int32")],
    )
    for steps in (1, STEPS):
        expected = layer(TOKEN_IDS[:, :steps], **memory_of(cell))
        np.testing.assert_allclose(run(TOKEN_IDS[:, :steps]), expected, atol=1e-5)
    assert run.experimental_get_tracing_count() == 1


@pytest.mark.full(default=1)
@pytest.mark.parametrize("variational", [False, True])
def test_dropout_inside_the_loop_keeps_the_mean_and_its_mask(variational):
    # One step's input dropout of half, on a stack that is nearly linear, keeps the mean; a
    # variational mask is the same at all steps of a row.
    settings = {"dropout": 0.5, "variational": variational}
    cell = make_cell("luong", True, {"cell": "simple_rnn", "regularization": settings})
    kernel = cell.recurrent._levels[0].directions[0].cell
    kernel.recurrent_kernel.assign(np.zeros((UNITS, UNITS)))
    kernel.bias.assign(np.zeros(UNITS))
    kernel.kernel.assign(np.concatenate([0.01 * np.eye(3, UNITS), np.zeros((UNITS, UNITS))]))
    cell.embedding.embeddings.assign(np.ones((VOCABULARY, 3)))
    seen = []
    body = cell.combine
    cell.combine = lambda output, context: seen.append(output) or body(output, context)
    layer = TeacherForcing(cell)
    for _ in range(60):
        layer(TOKEN_IDS, training=True, **memory_of(cell))
    # Eager loops call the body for every step.
    outputs = np.array(seen).reshape(60, STEPS, BATCH, UNITS)[..., :3] / 0.01
    kept = np.isclose(outputs, 2.0, atol=1e-2)
    assert np.all(kept | np.isclose(outputs, 0.0, atol=1e-6))
    assert abs(kept.mean() - 0.5) < 0.1
    assert np.all(kept == kept[:, :1]) == variational


def test_attention_and_states_are_returned_where_asked_for():
    cell = make_cell("luong", True)
    layer = TeacherForcing(cell, return_state=True, return_attention=True)
    _, states, weights = layer(TOKEN_IDS, lengths=LENGTHS, **memory_of(cell))
    assert len(states) == cell.num_states
    assert weights.shape == (BATCH, STEPS, MEMORY.shape[1])
    np.testing.assert_allclose(np.sum(weights, -1)[:2], 1.0, atol=1e-6)
    with pytest.raises(ValueError, match="return_attention=True"):
        TeacherForcing(make_cell("none"), return_attention=True)
    with pytest.raises(ValueError, match="`cell` must be a DecoderCell"):
        TeacherForcing(keras.layers.Dense(2))


def translator(unroll, **arguments):
    """A functional model: encoder, bridge, decoder."""
    source = keras.Input((None,), dtype="int32", name="source")
    length = keras.Input((), dtype="int32", name="length")
    target = keras.Input((None,), dtype="int32", name="target")
    encoder = RecurrentStack(3, cell="gru", bidirectional=True, return_state=True)
    memory, *final = encoder(SymbolEmbedding(8, 4)(source), lengths=length)
    start = StateBridge(6, "gru", bidirectional=True)(final)
    stack = RecurrentStack(6, cell="gru", return_state=True)
    cell = DecoderCell(SymbolEmbedding(8, 4), stack, LuongAttention(), **arguments)
    logits = unroll(cell)(target, memory=memory, memory_length=length, initial_state=start)
    model = keras.Model({"source": source, "length": length, "target": target}, logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss)
    build_for_training(model)
    return model


def copying(rows=64, steps=4):
    """Sequences to copy: the decoder is given a begin token and all but the last."""
    source = np.random.default_rng(0).integers(1, 8, (rows, steps)).astype("int32")
    target = np.pad(source[:, :-1], [(0, 0), (1, 0)])
    return {"source": source, "length": np.full(rows, steps, "int32"), "target": target}, source


@pytest.mark.full(default=1)
@pytest.mark.parametrize("input_feeding", [False, True])
@pytest.mark.full
def test_a_functional_model_learns_is_saved_and_loaded(input_feeding, tmp_path):
    keras.utils.set_random_seed(1)
    model = translator(TeacherForcing, input_feeding=input_feeding)
    x, y = copying()
    history = model.fit(x, y, epochs=8, batch_size=16, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x), model(x))
