"""Gates of real steps, beside the NumPy reference, and what is said of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.diagnostics import Gate, diagnose, gate_statistics, gradient_flow
from seqsuite.diagnostics.gates import NUM_BINS, gate_values
from seqsuite.diagnostics.recording import recording
from seqsuite.layers import RecurrentInitialization, RecurrentRegularization, RecurrentStack
from tests.reference import recurrent

LENGTHS = np.array([5, 3])
# Of what a step of the reference keeps for its backward pass, where the gates are.
PLACES = {
    "simple_rnn": {"state": 2},
    "lstm": {"input": 3, "forget": 4, "candidate": 5, "output": 6},
    "gru": {"update": 2, "reset": 3, "candidate": 5},
    "gru_reset_before": {"update": 2, "reset": 3, "candidate": 4},
}


@pytest.mark.parametrize("cell", list(PLACES))
def test_gates_are_those_of_the_reference(cell):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 5, 3)).astype("float32")
    weights = recurrent.random_weights(cell, 3, 4, rng)
    layer = {
        "simple_rnn": lambda: keras.layers.SimpleRNN(4),
        "lstm": lambda: keras.layers.LSTM(4),
        "gru": lambda: keras.layers.GRU(4),
        "gru_reset_before": lambda: keras.layers.GRU(4, reset_after=False),
    }[cell]()
    layer.build(x.shape)
    layer.set_weights(weights)
    with recording(layer) as calls:
        layer(x, mask=tf.sequence_mask(LENGTHS, 5))
    found = gate_values(calls[0])
    states = [np.zeros((2, 4)) for _ in range(recurrent.num_states(cell))]
    _, _, (_, _, caches, _) = recurrent.forward(cell, x, LENGTHS, states, weights)
    assert set(found) == set(PLACES[cell])
    for name, place in PLACES[cell].items():
        for step in range(5):
            real = step < LENGTHS
            expected = caches[step][place][real]
            np.testing.assert_allclose(found[name][step][real], expected, atol=1e-5)


@pytest.mark.parametrize("zoneout", [0.0, 0.1])
def test_padding_does_not_count_and_chosen_biases_are_seen(zoneout):
    inputs, lengths = keras.Input((None, 2)), keras.Input((), dtype="int32")
    stack = RecurrentStack(
        3,
        initialization=RecurrentInitialization(forget_bias=4.0),
        regularization=RecurrentRegularization(zoneout=zoneout),
        name="stack",
    )
    model = keras.Model([inputs, lengths], stack(inputs, lengths=lengths))
    statistics = gate_statistics(model, [np.zeros((2, 5, 2), "float32"), LENGTHS])
    (gates,) = statistics.layers.values()
    forget = gates["forget"]
    # Nothing comes in, so all gates are where their biases put them, 5 + 3 steps of 3 units.
    opened = 1 / (1 + np.exp(-4.0))
    assert forget.counts.sum() == 24
    assert forget.mean == pytest.approx(opened)
    assert forget.share_high == 1.0
    assert forget.memory_steps() == pytest.approx(np.full(3, 1 / (1 - opened)), rel=1e-4)
    assert gates["input"].share_saturated == 0.0
    (row,) = [row for row in statistics.rows() if "memory_steps_mean" in row]
    assert row["gate"] == "forget"


def test_the_keeping_gate_of_a_gru_is_keras_update_gate():
    model = keras.Sequential([keras.Input((4, 1)), keras.layers.GRU(2, name="gru")])
    kernel, recurrent_kernel, bias = model.get_weights()
    bias[0, :2] = 3.0  # z; h = z * h + (1 - z) * candidate
    model.set_weights([0 * kernel, 0 * recurrent_kernel, bias])
    gates = gate_statistics(model, np.ones((1, 4, 1), "float32")).layers["gru"]
    assert [gate.name for gate in gates.values() if gate.keeps] == ["update"]
    assert gates["update"].memory_steps()[0] == pytest.approx(1 + np.exp(3.0), rel=1e-4)


def test_shares_and_quantiles_by_hand():
    counts = np.zeros(NUM_BINS, int)
    counts[2], counts[50], counts[97] = 1, 2, 1  # at 0.02, 0.5 and 0.97
    gate = Gate("forget", counts, np.array([0.5, 1.0]), keeps=True)
    assert (gate.share_low, gate.share_high, gate.share_saturated) == (0.25, 0.25, 0.5)
    assert gate.quantile(0.5) == pytest.approx(0.505)
    assert gate.memory_steps()[0] == 2.0
    assert np.isfinite(gate.memory_steps()).all()
    # The same bins of a tanh lie at -0.96, 0 and 0.94.
    assert Gate("candidate", counts, np.zeros(1)).quantile(0.5) == pytest.approx(0.01)


def test_a_cell_that_is_not_known_has_states_but_no_gates(tmp_path):
    cells = [keras.layers.GRUCell(3), keras.layers.LSTMCell(2)]
    model = keras.Sequential(
        [
            keras.Input((4, 1)),
            keras.layers.RNN(cells, return_sequences=True, name="cells"),
            keras.layers.LSTM(2, name="lstm"),
        ]
    )
    statistics = gate_statistics(model, np.ones((2, 4, 1), "float32"))
    assert statistics.layers["cells"] == {}
    assert statistics.plot(tmp_path / "gates.png").stat().st_size > 0


def test_a_fit_that_has_diverged_is_measured():
    model = keras.Sequential(
        [keras.Input((5, 3)), keras.layers.SimpleRNN(4), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    model.layers[0].cell.kernel.assign(np.full((3, 4), np.nan))
    flow = gradient_flow(model, np.ones((4, 5, 3), "float32"), np.ones((4, 1), "float32"))
    assert diagnose(flow)[0].kind == "not_finite"
    (gates,) = gate_statistics(model, np.ones((4, 5, 3), "float32")).layers.values()
    assert all(gate.counts.sum() == 0 for gate in gates.values())
