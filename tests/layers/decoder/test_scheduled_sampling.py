"""ScheduledSampling: the laws that tie it to teacher forcing, to chance, and to its gradients."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import ScheduledSampling, TeacherForcing
from seqsuite.layers.decoder import scheduled_sampling
from seqsuite.layers.decoder.steps import DecoderSteps
from tests.layers.decoder.decoders import (
    BATCH,
    KINDS,
    LENGTHS,
    MEMORY,
    MEMORY_LENGTH,
    STEPS,
    TOKEN_IDS,
    VOCABULARY,
    make_cell,
    memory_of,
    reference_weights,
    zero_states,
)
from tests.reference import decoder as reference

pytestmark = pytest.mark.full

every_kind = pytest.mark.parametrize(("attention", "input_feeding"), KINDS)


@pytest.fixture
def fed(monkeypatch):
    """A list that gets the token ids of every unrolling of a ScheduledSampling."""
    seen = []

    def spy(cell, token_ids, *arguments, **keywords):
        seen.append(np.array(token_ids))
        return unroll(cell, token_ids, *arguments, **keywords)

    unroll = scheduled_sampling.unroll
    monkeypatch.setattr(scheduled_sampling, "unroll", spy)
    return seen


def predicting(probabilities, **arguments):
    """A layer whose cell predicts one distribution, whatever it is given."""
    cell = make_cell("none")
    cell.output_kernel.assign(np.zeros(cell.output_kernel.shape))
    cell.output_bias.assign(np.log(probabilities))
    return ScheduledSampling(cell, seed=1, **arguments)


def gradients_of(layer, graph=True, **arguments):
    """Logits and gradients of a fixed loss."""

    def run():
        with tf.GradientTape() as tape:
            logits = layer(training=True, **arguments, **memory_of(layer.cell))
            loss = tf.reduce_sum(tf.sin(logits))
        gradients = tape.gradient(loss, layer.cell.trainable_variables)
        return logits, [tf.convert_to_tensor(gradient) for gradient in gradients]

    return tf.function(run, autograph=False)() if graph else run()


@every_kind
@pytest.mark.full(default=("luong-False",))
def test_probability_0_equals_teacher_forcing(attention, input_feeding):
    cell = make_cell(attention, input_feeding)
    inputs = {"token_ids": TOKEN_IDS, "lengths": LENGTHS}
    expected, expected_gradients = gradients_of(TeacherForcing(cell), graph=False, **inputs)
    for arguments in ({}, {"parallel": True}, {"gradient": "straight_through"}):
        # Straight through is traced below, with the same loop.
        logits, gradients = gradients_of(
            ScheduledSampling(cell, 0.0, **arguments), graph="gradient" not in arguments, **inputs
        )
        np.testing.assert_allclose(logits, expected, atol=1e-6)
        for got, want in zip(gradients, expected_gradients, strict=True):
            np.testing.assert_allclose(got, want, atol=1e-5)


@every_kind
def test_outside_training_it_equals_teacher_forcing(attention, input_feeding):
    cell = make_cell(attention, input_feeding)
    arguments = {"lengths": LENGTHS, **memory_of(cell)}
    expected = TeacherForcing(cell)(TOKEN_IDS, **arguments)
    layer = ScheduledSampling(cell, 1.0)
    np.testing.assert_array_equal(layer(TOKEN_IDS, **arguments), expected)
    np.testing.assert_array_equal(layer(TOKEN_IDS, training=False, **arguments), expected)


@pytest.mark.parametrize("input_feeding", [False, True])
def test_probability_1_runs_free_as_the_reference_does(input_feeding, fed):
    cell = make_cell("luong", input_feeding)
    layer = ScheduledSampling(cell, 1.0, feedback="argmax")
    logits = layer(TOKEN_IDS, training=True, **memory_of(cell))
    expected_fed, expected = reference.free_running(
        "gru",
        TOKEN_IDS[:, 0],
        STEPS,
        zero_states(cell),
        MEMORY,
        MEMORY_LENGTH,
        reference_weights(cell),
    )
    np.testing.assert_array_equal(fed[0], expected_fed)
    np.testing.assert_allclose(logits, expected, atol=1e-5)


@pytest.mark.parametrize("mode", ["eager", "graph"])
@every_kind
@pytest.mark.full(default=4)
def test_teacher_forcing_the_greedy_output_gives_the_same_logits(attention, input_feeding, mode):
    cell = make_cell(attention, input_feeding)
    layer = ScheduledSampling(cell, feedback="argmax")

    def run():
        return layer(TOKEN_IDS, free_running=True, **memory_of(cell))

    logits = (tf.function(run, autograph=False) if mode == "graph" else run)()
    greedy = np.array(logits).argmax(axis=-1)
    fed = np.concatenate([TOKEN_IDS[:, :1], greedy[:, :-1]], axis=1)
    again = TeacherForcing(cell)(fed, **memory_of(cell))
    np.testing.assert_allclose(again, logits, atol=1e-5)


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_tokens_are_replaced_as_often_as_the_probability_says(probability, parallel, fed):
    only_the_last = np.full(VOCABULARY, 1e-9)
    only_the_last[-1] = 1.0
    layer = predicting(only_the_last, sampling_probability=probability, parallel=parallel)
    rows, steps = 60, 40
    token_ids = np.random.default_rng(0).integers(0, VOCABULARY - 1, (rows, steps))
    lengths = np.arange(rows) % (steps + 1)
    layer(token_ids.astype("int32"), lengths=lengths, training=True)
    replaced = fed[-1] == VOCABULARY - 1
    np.testing.assert_array_equal(fed[-1][~replaced], token_ids[~replaced])
    replaceable = np.arange(steps) < lengths[:, None]
    replaceable[:, 0] = False
    assert not np.any(replaced & ~replaceable)
    count = replaceable.sum()
    # Four standard errors.
    margin = 4 * np.sqrt(probability * (1 - probability) / count)
    assert abs(replaced[replaceable].mean() - probability) <= margin


@pytest.mark.parametrize("parallel", [False, True])
def test_samples_come_as_often_as_the_cell_says(parallel, fed):
    probabilities = np.array([0.4, 1e-9, 0.25, 0.2, 0.1, 0.05, 1e-9])
    layer = predicting(probabilities, parallel=parallel)
    layer(np.ones((60, 40), "int32"), free_running=True)
    drawn = fed[-1][:, 1:]
    counts = np.bincount(drawn.ravel(), minlength=VOCABULARY) / drawn.size
    margin = 4 * np.sqrt(probabilities * (1 - probabilities) / drawn.size)
    assert np.all(np.abs(counts - probabilities) <= margin + 1e-6)


def test_parallel_tokens_are_predicted_from_the_true_ones(fed):
    cell = make_cell("luong", True)
    layer = ScheduledSampling(cell, 1.0, feedback="argmax", parallel=True)
    layer(TOKEN_IDS, training=True, **memory_of(cell))
    logits = np.array(TeacherForcing(cell)(TOKEN_IDS, **memory_of(cell)))
    np.testing.assert_array_equal(fed[-1][:, 1:], logits.argmax(axis=-1)[:, :-1])
    np.testing.assert_array_equal(fed[-1][:, 0], TOKEN_IDS[:, 0])


def test_tokens_are_found_without_dropout(fed):
    cell = make_cell("luong", True, embedding_dropout=0.5, output_dropout=0.5)
    layer = ScheduledSampling(cell, 1.0, feedback="argmax")
    for training in (True, True, False):
        layer(TOKEN_IDS, training=training, free_running=True, **memory_of(cell))
    np.testing.assert_array_equal(fed[0], fed[1])
    np.testing.assert_array_equal(fed[0], fed[2])


def test_one_seed_gives_one_sequence_of_draws(fed):
    for _ in range(2):
        layer = ScheduledSampling(make_cell("none"), 0.5, seed=3)
        for _ in range(2):
            layer(np.tile(TOKEN_IDS, (1, 9)), training=True)
    np.testing.assert_array_equal(fed[0], fed[2])
    np.testing.assert_array_equal(fed[1], fed[3])
    assert np.any(fed[0] != fed[1])


@every_kind
@pytest.mark.full(default=1)
def test_the_stopped_gradient_is_that_of_the_tokens_fed(attention, input_feeding):
    cell = make_cell(attention, input_feeding)
    layer = ScheduledSampling(cell, 1.0, feedback="argmax")
    logits, gradients = gradients_of(layer, token_ids=TOKEN_IDS)
    fed = np.concatenate([TOKEN_IDS[:, :1], np.array(logits).argmax(-1)[:, :-1]], axis=1)
    _, expected = gradients_of(TeacherForcing(cell), graph=False, token_ids=fed)
    for got, want in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(got, want, atol=1e-5)


@pytest.mark.full(default=1)
@pytest.mark.parametrize(
    ("attention", "input_feeding", "tie_embeddings"),
    [*((*kind, False) for kind in KINDS), ("none", False, True), ("luong", True, True)],
)
def test_straight_through_is_the_gradient_of_mean_embeddings(
    attention, input_feeding, tie_embeddings
):
    cell = make_cell(attention, input_feeding, tie_embeddings=tie_embeddings)
    arguments = {"feedback": "argmax", "gradient": "straight_through"}
    logits, gradients = gradients_of(ScheduledSampling(cell, 1.0, **arguments), token_ids=TOKEN_IDS)
    fed = np.concatenate([TOKEN_IDS[:, :1], np.array(logits).argmax(-1)[:, :-1]], axis=1)

    with tf.GradientTape() as tape:
        memory = cell.prepare_memory(*memory_of(cell).values()) if memory_of(cell) else None
        states = cell.get_initial_state(TOKEN_IDS, memory=memory)
        steps = DecoderSteps(cell, memory, BATCH, STEPS)
        table = tf.stop_gradient(tf.convert_to_tensor(cell.embedding.embeddings))
        found = []
        for step in range(STEPS):
            embedded = cell.embed(fed[:, step])
            if step > 0:
                soft = tf.nn.softmax(found[-1]) @ table
                embedded += soft - tf.stop_gradient(soft)
            features, states, _ = steps.step(embedded, states, {})
            found.append(cell.project(features))
        loss = tf.reduce_sum(tf.sin(tf.stack(found, axis=1)))
    np.testing.assert_allclose(logits, tf.stack(found, axis=1), atol=1e-5)
    expected = tape.gradient(loss, cell.trainable_variables)
    for got, want in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(got, tf.convert_to_tensor(want), atol=1e-4)


@pytest.mark.parametrize("arguments", [{}, {"parallel": True}])
def test_no_step_at_all_is_an_answer(arguments):
    cell = make_cell("luong", True)
    layer = ScheduledSampling(cell, 1.0, **arguments)
    logits = layer(TOKEN_IDS[:, :0], training=True, **memory_of(cell))
    assert logits.shape == (BATCH, 0, VOCABULARY)


def test_one_trace_serves_all_lengths():
    layer = ScheduledSampling(make_cell("none"), 1.0, feedback="argmax")
    run = tf.function(
        lambda ids: layer(ids, training=True),
        input_signature=[tf.TensorSpec([None, None], "int32")],
    )
    for steps in (1, STEPS):
        expected = layer(TOKEN_IDS[:, :steps], training=True)
        np.testing.assert_allclose(run(TOKEN_IDS[:, :steps]), expected, atol=1e-5)
    assert run.experimental_get_tracing_count() == 1


def test_the_probability_is_a_weight_that_is_saved_and_not_trained(tmp_path):
    layer = ScheduledSampling(make_cell("none"), 0.25)
    ids = keras.Input((None,), dtype="int32")
    model = keras.Model(ids, layer(ids))
    assert all(w is not layer.sampling_probability for w in model.trainable_weights)
    layer.sampling_probability.assign(0.625)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    (loaded,) = (each for each in again.layers if isinstance(each, ScheduledSampling))
    assert float(loaded.sampling_probability) == 0.625
    assert loaded.get_config()["sampling_probability"] == 0.25
    np.testing.assert_array_equal(again(TOKEN_IDS), model(TOKEN_IDS))


def test_wrong_arguments_are_refused():
    cell = make_cell("none")
    with pytest.raises(ValueError, match=r"sampling_probability=1\.5"):
        ScheduledSampling(cell, 1.5)
    with pytest.raises(ValueError, match="feedback='beam'"):
        ScheduledSampling(cell, feedback="beam")
    with pytest.raises(ValueError, match="gradient='reinforce'"):
        ScheduledSampling(cell, gradient="reinforce")
