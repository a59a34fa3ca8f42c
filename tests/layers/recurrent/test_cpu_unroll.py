"""Training of LSTM and GRU on CPU: the same numbers as stock Keras and the NumPy reference."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import PerturbableEmbedding, RecurrentStack
from seqsuite.layers.recurrent import cpu_unroll, stack_layer
from seqsuite.layers.recurrent.cells import keras_layer, make_cell
from seqsuite.layers.recurrent.settings import RecurrentInitialization
from seqsuite.models import AdversarialModel
from tests.layers.recurrent.test_stack import by_reference
from tests.layers.training_steps import build_for_training
from tests.reference import recurrent

CELLS = ("lstm", "gru")
BATCH, STEPS, FEATURES, UNITS = 6, 9, 5, 4


def show(monkeypatch, devices):
    """Make TensorFlow list these devices and no others."""

    def listed(kind=None):
        return [device for device in devices if kind in (None, device.device_type)]

    monkeypatch.setattr(tf.config, "list_logical_devices", listed)


@pytest.fixture(autouse=True)
def _only_cpu_devices(monkeypatch):
    """Take the path also where the tests run beside a GPU."""
    devices = tf.config.list_logical_devices("CPU")
    show(monkeypatch, devices)


@pytest.fixture
def calls(monkeypatch):
    """Count how often the path is taken while something is traced."""
    count = []

    def counting(*arguments):
        count.append(arguments)
        return cpu_unroll.unroll_on_cpu(*arguments)

    monkeypatch.setattr(stack_layer, "unroll_on_cpu", counting)
    return count


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def built_layer(cell, go_backwards):
    start = RecurrentInitialization()
    layer = keras_layer(cell, UNITS, True, start, go_backwards=go_backwards)
    layer.build((None, None, FEATURES))
    layer.set_weights([normal(*w.shape, seed=40 + w.ndim) * 0.5 for w in layer.get_weights()])
    return layer


def by_stock(layer, inputs, states, step_mask):
    outputs, *final = layer(inputs, initial_state=list(states), mask=step_mask)
    return tf.reverse(outputs, [1]) if layer.go_backwards else outputs, final


def by_path(layer, inputs, states, step_mask):
    weights = [tf.convert_to_tensor(weight) for weight in layer.cell.trainable_weights]
    cell = make_cell(layer.cell, *weights)
    return cpu_unroll.unroll_on_cpu(cell, inputs, list(states), step_mask, layer.go_backwards)


def weighted_sum(outputs, final):
    """A scalar in which every output and final state has a weight of its own."""
    values = [outputs, *final]
    weights = [tf.sin(tf.range(tf.size(v), dtype="float32") + i) for i, v in enumerate(values)]
    pairs = zip(values, weights, strict=True)
    return tf.add_n([tf.reduce_sum(tf.reshape(v, [-1]) * w) for v, w in pairs])


def run(way, layer, inputs, states, step_mask):
    """Outputs, final states and all gradients, from a traced function."""

    @tf.function(reduce_retracing=True, autograph=False)
    def values_and_gradients(inputs, states, step_mask):
        with tf.GradientTape() as tape:
            tape.watch([inputs, *states])
            outputs, final = way(layer, inputs, states, step_mask)
            loss = weighted_sum(outputs, final)
        variables = [v.value for v in layer.trainable_variables]
        return outputs, *final, *tape.gradient(loss, [inputs, *states, *variables])

    return values_and_gradients(inputs, states, step_mask)


@pytest.mark.full(default=4)
@pytest.mark.parametrize("lengths", [None, [9, 0, 1, 5, 9, 3], [4, 0, 0, 2, 3, 1]])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_values_and_all_gradients_equal_stock(cell, go_backwards, lengths):
    layer = built_layer(cell, go_backwards)
    inputs = tf.constant(normal(BATCH, STEPS, FEATURES))
    states = [tf.constant(normal(BATCH, UNITS, seed=i + 1)) for i in range(len(layer.state_size))]
    step_mask = None if lengths is None else tf.sequence_mask(lengths, STEPS)
    expected = run(by_stock, layer, inputs, states, step_mask)
    for got, want in zip(run(by_path, layer, inputs, states, step_mask), expected, strict=True):
        np.testing.assert_allclose(got, want, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_states_pass_over_padding_unchanged_and_outputs_are_zero_there(cell):
    layer = built_layer(cell, True)
    states = [tf.constant(normal(2, UNITS, seed=i)) for i in range(len(layer.state_size))]
    step_mask = tf.sequence_mask([0, 2], 4)
    inputs = np.where(step_mask[:, :, None], normal(2, 4, FEATURES), np.nan)
    results = run(by_path, layer, tf.constant(inputs), states, step_mask)
    assert not results[0].numpy()[~step_mask.numpy()].any()
    for state, final in zip(states, results[1:], strict=False):
        np.testing.assert_array_equal(final[0], state[0])
    d_inputs = results[1 + len(states)].numpy()
    assert not d_inputs[~step_mask.numpy()].any()
    assert all(np.isfinite(result).all() for result in results)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_training_of_a_stack_equals_the_reference(cell, bidirectional, calls):
    width = UNITS * (1 + bidirectional)
    stack = RecurrentStack(UNITS, cell, bidirectional=bidirectional, return_state=True)
    stack.build((None, None, FEATURES))
    x, lengths = normal(BATCH, STEPS, FEATURES), np.array([9, 0, 1, 5, 9, 3], "int32")
    states = [normal(BATCH, UNITS, seed=2 + i) for i in range(stack.num_states)]
    on_outputs = normal(BATCH, STEPS, width, seed=1)
    on_final = [normal(BATCH, UNITS, seed=9 + i) for i in range(stack.num_states)]
    weights = []
    for _ in range(1 + bidirectional):
        weights += recurrent.random_weights(cell, FEATURES, UNITS, np.random.default_rng(5))
    stack.set_weights(weights)

    @tf.function
    def train(x, states):
        with tf.GradientTape() as tape:
            tape.watch([x, *states])
            outputs, *final = stack(x, lengths=lengths, initial_state=states, training=True)
            loss = tf.reduce_sum(outputs * on_outputs)
            loss += tf.add_n([tf.reduce_sum(f * o) for f, o in zip(final, on_final, strict=True)])
        variables = [v.value for v in stack.trainable_variables]
        return outputs, final, tape.gradient(loss, [x, *states, *variables])

    outputs, final, gradients = train(tf.constant(x), [tf.constant(s) for s in states])
    assert len(calls) == 1 + bidirectional
    expected = by_reference(cell, x, lengths, states, weights, on_outputs, on_final)
    np.testing.assert_allclose(outputs, expected[0], atol=1e-5)
    for got, want in zip([*final, *gradients], [*expected[1], *expected[2]], strict=True):
        np.testing.assert_allclose(got, want, atol=1e-5, rtol=1e-5)


def test_the_path_is_for_training_of_float32_lstm_and_gru_in_graphs(calls):
    def traced(training=True, **arguments):
        stack = RecurrentStack(3, **arguments)
        stack.build((2, 4, 3))
        calls.clear()
        tf.function(lambda x: stack(x, training=training))(tf.zeros((2, 4, 3)))
        return len(calls)

    assert traced(bidirectional=True, num_layers=2) == 4
    assert traced(cell="gru", regularization={"weight_drop": 0.5}) == 1
    assert traced(training=False) == 0
    assert traced(cell="simple_rnn") == 0
    assert traced(cell="gru", reset_after=False) == 0
    assert traced(regularization={"zoneout": 0.1}) == 0
    assert traced(dtype="mixed_bfloat16") == 0
    calls.clear()
    RecurrentStack(3)(tf.zeros((2, 4, 3)), training=True)
    assert not calls


def test_not_beside_another_device(monkeypatch):
    devices = [tf.config.LogicalDevice(f"/device:{kind}:0", kind) for kind in ("CPU", "GPU")]
    show(monkeypatch, devices[:1])
    with tf.Graph().as_default():
        layer = keras.layers.LSTM(3)
        assert cpu_unroll.fits_cpu_unroll(layer)
        show(monkeypatch, devices)
        assert not cpu_unroll.fits_cpu_unroll(layer)


@pytest.mark.full(default=1)
@pytest.mark.parametrize("jit_compile", [False, True])
def test_one_trace_for_all_lengths_and_batches(jit_compile):
    stack = RecurrentStack(3, num_layers=1 if jit_compile else 2, bidirectional=True)
    traces = []

    @tf.function(
        input_signature=[tf.TensorSpec([None, None, 2]), tf.TensorSpec([None], tf.int32)],
        jit_compile=jit_compile,
    )
    def train(x, lengths):
        traces.append(1)
        with tf.GradientTape() as tape:
            outputs = stack(x, lengths=lengths, training=True)
            loss = tf.reduce_sum(outputs**2)
        return outputs, tape.gradient(loss, [v.value for v in stack.trainable_variables])

    stack.build((None, None, 2))
    for batch, steps in [(3, 5), (1, 7), (2, 1)][: 1 if jit_compile else 3]:
        x, lengths = normal(batch, steps, 2), np.arange(batch, dtype="int32") + 1
        outputs, gradients = train(x, lengths)
        np.testing.assert_allclose(outputs, stack(x, lengths=lengths), atol=1e-6)
        assert all(np.isfinite(g).all() for g in gradients)
    assert len(traces) == 1
    if not jit_compile:
        for shape in [(0, 3, 2), (2, 0, 2)]:
            outputs, gradients = train(np.zeros(shape), np.zeros(shape[0]))
            assert outputs.shape == (*shape[:2], 6)
            assert all(np.isfinite(g).all() for g in gradients)


@pytest.mark.full
@pytest.mark.parametrize("kind", ["adversarial", "virtual"])
def test_adversarial_training_is_the_same_as_on_the_stock_loop(kind, monkeypatch, calls):
    def weights_after_a_step():
        keras.utils.set_random_seed(3)
        ids = keras.Input((None,), dtype="int32")
        x = RecurrentStack(4, bidirectional=True)(PerturbableEmbedding(9, 5)(ids))
        outputs = keras.layers.Dense(2)(keras.layers.GlobalMaxPooling1D()(x))
        model = AdversarialModel(keras.Model(ids, outputs), kind, epsilon=1.0)
        model.compile(keras.optimizers.SGD(1.0), "mse")
        build_for_training(model)
        model.fit(np.arange(24).reshape(6, 4) % 9, normal(6, 2), batch_size=6, verbose=0)
        return model.get_weights()

    fast = weights_after_a_step()
    assert calls
    monkeypatch.setattr(stack_layer, "fits_cpu_unroll", lambda layer: False)
    for got, want in zip(fast, weights_after_a_step(), strict=True):
        np.testing.assert_allclose(got, want, atol=1e-5)


@pytest.mark.parametrize("static", [(None, None), (1, None), (None, 4), (1, 4)])
def test_static_shapes_survive(static):
    stack = RecurrentStack(3, return_state=True)
    signature = [tf.TensorSpec([*static, 2]), tf.TensorSpec([1, 3]), tf.TensorSpec([1, 3])]

    @tf.function(input_signature=signature)
    def train(x, hidden, memory):
        outputs, *_ = stack(x, initial_state=[hidden, memory], training=True)
        assert outputs.shape.as_list() == [1, static[1], 3]
        return outputs

    assert train(normal(1, 4, 2), normal(1, 3), normal(1, 3)).shape == (1, 4, 3)


def test_weights_config_and_inference_graph_are_the_stock_ones():
    stack = RecurrentStack(3)
    stack.build((None, None, 2))
    tf.function(stack)(normal(1, 4, 2), training=True)
    assert [v.path.split("/")[-1] for v in stack.variables if "seed" not in v.path] == [
        "kernel",
        "recurrent_kernel",
        "bias",
    ]
    predict = tf.function(lambda x: stack(x)).get_concrete_function(tf.TensorSpec([None, None, 2]))
    assert "IdentityN" not in {op.type for op in predict.graph.get_operations()}


@pytest.mark.full
def test_a_saved_training_graph_loads_without_seqsuite(tmp_path):
    stack = RecurrentStack(3, bidirectional=True)
    stack.build((None, None, 2))
    x, lengths = normal(2, 4, 2), np.array([4, 2], "int32")
    module = tf.Module()
    module.weights = [v.value for v in stack.variables]
    spec = [tf.TensorSpec([None, None, 2]), tf.TensorSpec([None], tf.int32)]
    module.call = tf.function(lambda x, n: stack(x, lengths=n, training=True), spec)
    with tf.GradientTape() as tape:
        constant = tf.constant(x)
        tape.watch(constant)
        outputs = module.call(constant, lengths)
    gradient = tape.gradient(outputs, constant)
    tf.saved_model.save(module, str(tmp_path / "saved"))
    np.savez(tmp_path / "expected.npz", x=x, lengths=lengths, outputs=outputs, gradient=gradient)
    script = (
        "import sys\n"
        "sys.modules['seqsuite'] = sys.modules['keras'] = None\n"
        "import numpy as np, tensorflow as tf\n"
        "loaded = tf.saved_model.load(sys.argv[1] + '/saved')\n"
        "e = np.load(sys.argv[1] + '/expected.npz')\n"
        "x = tf.constant(e['x'])\n"
        "with tf.GradientTape() as tape:\n"
        "    tape.watch(x)\n"
        "    outputs = loaded.call(x, tf.constant(e['lengths']))\n"
        "np.testing.assert_allclose(outputs, e['outputs'], atol=1e-6)\n"
        "np.testing.assert_allclose(tape.gradient(outputs, x), e['gradient'], atol=1e-5)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-2000:]
