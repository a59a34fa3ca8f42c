"""The callback of ``fit``: what it writes, and that training does not feel it."""

import csv

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.diagnostics import DiagnosticsRecorder, RecurrentDiagnostics, records

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(32, 30, 2)).astype("float32"), np.ones((32, 1), "float32")


def make_model(gain=1.0):
    keras.utils.set_random_seed(0)
    initializer = keras.initializers.Orthogonal(gain)
    model = keras.Sequential(
        [
            keras.Input((30, 2)),
            keras.layers.SimpleRNN(8, recurrent_initializer=initializer, dropout=0.2, name="rnn"),
            keras.layers.Dense(1),
        ]
    )
    # Left to itself Keras has XLA compile a SimpleRNN: seconds for each model.
    model.compile("adam", "mse", metrics=["mae"], jit_compile=False)
    return model


def fit(callbacks, gain=1.0, epochs=2):
    model = make_model(gain)
    history = model.fit(X, Y, batch_size=8, epochs=epochs, callbacks=callbacks, verbose=0)
    return model, history.history


def test_training_with_records_ends_as_training_without(tmp_path):
    path, logs = tmp_path / "diagnostics.csv", tmp_path / "logs"
    callback = RecurrentDiagnostics((X, Y), interval=3, path=path, log_dir=logs)
    (watched, history), (plain, expected) = fit([callback]), fit([])
    assert history == expected
    for ours, theirs in zip(watched.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    # Eight steps: before the first, and after every third.
    assert [row["step"] for row in rows] == ["0", "3", "6"]
    assert {"loss", "rnn/reach", "rnn/state_mean", "rnn/state_spectral_radius"} <= set(rows[0])
    assert float(rows[0]["rnn/state_spectral_radius"]) == pytest.approx(1.0, rel=1e-4)
    outputs = make_model()(X[:8]).numpy()
    assert float(rows[0]["loss"]) == pytest.approx(np.mean((outputs - Y[:8]) ** 2), rel=1e-5)
    (file,) = logs.iterdir()
    steps = [e.step for e in tf.compat.v1.train.summary_iterator(str(file)) if e.summary.value]
    assert sorted(set(steps)) == [0, 3, 6]
    assert callback.findings == {}
    assert callback.seconds > 0


def test_what_is_wrong_is_said_once_in_one_line(capsys):
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)
    callback = RecurrentDiagnostics(dataset, interval=1)
    fit([callback], gain=3.0, epochs=1)
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if "explode" in line] == lines[:1]
    assert lines[0].startswith("diagnostics, step 0: rnn: gradients explode")
    assert callback.findings["explode"].layers == ("rnn",)


def test_records_of_a_run_that_goes_on_stay(tmp_path, monkeypatch):
    path, model = tmp_path / "diagnostics.csv", make_model()
    probe = records.Probe(model)  # compiled once for all recorders
    monkeypatch.setattr(records, "Probe", lambda model: probe)
    first = DiagnosticsRecorder(model, X[:2], Y[:2], path=path)
    for step in (0, 10, 20):
        first.record(step)
    # Stopped at step 15 and resumed: the record of step 20 is made anew.
    DiagnosticsRecorder(model, X[:2], Y[:2], path=path).record(20)
    with path.open(newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["0", "10", "20"]
    DiagnosticsRecorder(model, X[:2], Y[:2], path=path).record(0)
    with path.open(newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["0"]


@pytest.mark.parametrize("name", ["interval", "rows"])
def test_numbers_that_are_not_positive_are_refused(name):
    with pytest.raises(ValueError, match=f"Argument `{name}` must be positive"):
        RecurrentDiagnostics((X, Y), **{name: 0})


def test_a_cell_with_a_state_size_alone_is_recorded(tmp_path):
    class MinimalCell(keras.layers.Layer):
        state_size = 3

        def build(self, shape):
            self.kernel = self.add_weight(shape=(shape[-1], 3))
            self.recurrent_kernel = self.add_weight(shape=(3, 3))

        def call(self, inputs, states):
            output = keras.ops.tanh(inputs @ self.kernel + states[0] @ self.recurrent_kernel)
            return output, [output]

    inputs = keras.Input((4, 2))
    outputs = keras.layers.Dense(1)(keras.layers.RNN(MinimalCell())(inputs))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse")
    x, y = np.ones((8, 4, 2), "float32"), np.ones((8, 1), "float32")
    path = tmp_path / "records.csv"
    callback = RecurrentDiagnostics((x, y), path=path, interval=1)
    model.fit(x, y, epochs=1, verbose=0, callbacks=[callback])
    assert path.read_text().count("\n") >= 2
