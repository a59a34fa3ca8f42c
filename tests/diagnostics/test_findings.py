"""What is named as broken, and what is not: from numbers alone, and on models of every cell."""

import keras
import numpy as np
import pytest

from seqsuite.diagnostics import (
    Gate,
    GateStatistics,
    GradientFlow,
    LayerFlow,
    Probe,
    diagnose,
)
from seqsuite.diagnostics.gates import NUM_BINS

CELLS = {
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
}
STEPS = np.arange(60)


def flow(**factors):
    """A gradient that is multiplied by a factor with every step back, for every layer."""
    rows = {name: (np.float64(factor) ** STEPS)[None] for name, factor in factors.items()}
    return GradientFlow({name: LayerFlow(row, row) for name, row in rows.items()})


def statistics(*places, keeps=False):
    counts = np.zeros(NUM_BINS, int)
    counts[list(places)] = 1
    gate = Gate("forget" if keeps else "input", counts, np.full(2, 0.5), keeps)
    return GateStatistics({"layer": {gate.name: gate}})


def kinds(findings):
    assert all("\n" not in finding.message for finding in findings)
    return [finding.kind for finding in findings]


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.0, 1.03])
def test_what_is_kept_or_fades_slowly_is_healthy(factor):
    findings = diagnose(flow(one=factor))
    assert kinds(findings) == ["healthy"]
    # A gradient that is gone after half of the steps may be all that a task needs, or too little.
    assert ("cannot be learned" in findings[0].message) == (factor < 0.9)


def test_one_layer_that_reaches_back_is_enough():
    assert "cannot be learned" not in diagnose(flow(short=0.5, long=1.0))[0].message


def test_the_worst_layer_is_named_first():
    (finding,) = diagnose(flow(good=0.9, bad=1.1, worse=1.2))
    assert finding.kind == "explode"
    assert finding.layers == ("worse", "bad")
    assert finding.message.startswith("worse: gradients explode, 4.7e+04 times their end value 59")
    assert "(also in bad)" in finding.message
    assert "clip" in finding.message


def test_what_is_gone_at_once_vanishes():
    (finding,) = diagnose(flow(one=0.2, two=0.8))
    assert (finding.kind, finding.layers) == ("vanish", ("one",))
    assert "only 3 of 60 steps back is 1 % of them left" in finding.message
    nothing = LayerFlow(np.zeros((1, 60)), np.zeros((1, 60)))
    (finding,) = diagnose(GradientFlow({"one": nothing}))
    assert "none reaches any step" in finding.message


def test_of_a_layer_whose_last_output_is_not_read_nothing_is_said():
    layer = LayerFlow(norms=np.ones((1, 60)), carried=np.zeros((1, 60)))
    assert kinds(diagnose(GradientFlow({"one": layer}))) == ["healthy"]


def test_a_short_sequence_cannot_vanish():
    row = (0.1 ** np.arange(4.0))[None]
    assert kinds(diagnose(GradientFlow({"one": LayerFlow(row, row)}))) == ["healthy"]


def test_stuck_gates_are_named_but_not_a_memory_that_is_kept():
    assert kinds(diagnose(gates=statistics(1, 2, 97, 98))) == ["saturated"]
    assert kinds(diagnose(gates=statistics(1, 50, 98, 99))) == ["healthy"]
    assert kinds(diagnose(gates=statistics(96, 97, 98, keeps=True))) == ["healthy"]
    assert kinds(diagnose(gates=statistics(1, 2, 3, keeps=True))) == ["saturated"]


def test_a_rising_loss_of_one_batch_is_a_learning_rate():
    assert kinds(diagnose(losses=[4.0, 3.9, 4.5])) == ["healthy"]
    assert kinds(diagnose(losses=[4.0, 2.0, 2.9])) == ["healthy"]
    assert kinds(diagnose(losses=[4.0, 2.0, 3.1])) == ["learning_rate"]
    # A log-likelihood of densities may be negative.
    assert kinds(diagnose(losses=[-1.0, -1.1])) == ["healthy"]
    assert kinds(diagnose(losses=[4.0, 6.0])) == ["learning_rate"]
    assert kinds(diagnose(losses=[4.0, float("nan")])) == ["not_finite"]


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_gradients_without_a_value_are_named_alone(value):
    row = np.full((2, 60), value)
    (finding,) = diagnose(GradientFlow({"one": LayerFlow(row, row)}), losses=[1.0, 9.0])
    assert finding.kind == "not_finite"
    assert "one" in finding.message


@pytest.mark.full(default=("gru",))
@pytest.mark.parametrize("cell", list(CELLS))
def test_a_model_that_is_broken_on_purpose_is_named_and_a_good_one_is_not(cell):
    # The task is to repeat the symbol before the last one.
    keras.utils.set_random_seed(0)
    ids = np.random.default_rng(0).integers(0, 8, (32, 40))
    targets = np.concatenate([ids[:, :1], ids[:, :-1]], axis=1)
    layer = CELLS[cell](24, return_sequences=True)
    model = keras.Sequential(
        [keras.Input((40,)), keras.layers.Embedding(8, 8), layer, keras.layers.Dense(8)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # Left to itself Keras has XLA compile a SimpleRNN, which takes longer than all the rest.
    model.compile(keras.optimizers.Adam(0.015), loss, jit_compile=False)
    probe, losses = Probe(model), []

    def found():
        measured = probe(ids[:8], targets[:8])
        losses.append(measured.loss)
        return kinds(diagnose(measured.flow, measured.gates, losses))

    assert found() == ["healthy"]
    model.fit(ids, targets, epochs=40, batch_size=32, verbose=0)
    assert found() == ["healthy"]
    assert losses[1] < 0.6 * losses[0]
    kernel, recurrent_kernel, bias = layer.get_weights()
    layer.set_weights([kernel, 3 * recurrent_kernel, bias])
    assert "explode" in found()
    layer.set_weights([kernel, recurrent_kernel, bias])
    model.optimizer.learning_rate.assign(3.0)
    model.fit(ids, targets, epochs=10, batch_size=32, verbose=0)
    assert {"learning_rate", "saturated"} <= set(found())
