"""How far the gradient of truncated back-propagation is from the full one.

    python benchmarks/truncation_error.py --steps 300

A character model reads windows of 200 characters. Its gradient over the whole window is compared
with that of segments of k characters, between which the state goes on and the gradient does not.
Printed for each cell, fresh and after some steps of training: the relative error of the recurrent
kernel's gradient ``|g_k - g| / |g|`` and the cosine between the two, for the loss of all characters
and for that of the last one alone. Everything is float64. Without --text it reads the manual that
comes with Python, the sample of the task `char_lm`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from seqsuite.diagnostics.recording import recording
from seqsuite.tasks.char_lm.data.sample import manual

CELLS = {
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
}
SEGMENTS = (5, 20, 50, 100)
STEPS = 200


class CharacterModel:
    """An embedding, a recurrent layer and an output layer, run in segments."""

    def __init__(self, cell: str, symbols: int, units: int):
        self.embedding = keras.layers.Embedding(symbols, 32, dtype="float64")
        self.recurrent = CELLS[cell](
            units, return_sequences=True, return_state=True, dtype="float64"
        )
        self.output = keras.layers.Dense(symbols, dtype="float64")
        self.output(self.recurrent(self.embedding(tf.zeros((1, 2), tf.int32)))[0])

    @property
    def weights(self) -> list:
        """All weights, the recurrent kernel third."""
        layers = (self.embedding, self.recurrent, self.output)
        return [weight for layer in layers for weight in layer.trainable_variables]

    def losses(self, ids: tf.Tensor, segment: int) -> tf.Tensor:
        """Return the loss of every character, ``(rows, time)``; gradients stay in their segment.

        All segments run at once, as rows of a batch, from the states that a run over the whole
        window has between them.
        """
        rows, time = ids.shape[0], ids.shape[1] - 1
        embedded = self.embedding(ids[:, :-1])
        initial = None
        if segment < time:
            with recording(self.recurrent) as calls:
                self.recurrent(embedded)
            initial = [_between(state, segment) for state in calls[0].states]
        pieces = tf.reshape(embedded, (-1, segment, embedded.shape[2]))
        hidden = self.recurrent(pieces, initial_state=initial)[0]
        logits = self.output(tf.reshape(hidden, (rows, time, hidden.shape[2])))
        return tf.nn.sparse_softmax_cross_entropy_with_logits(ids[:, 1:], logits)


def _between(states: tf.Tensor, segment: int) -> tf.Tensor:
    """Return the states ``(rows * segments, units)`` that segments start from, as constants."""
    starts = tf.concat([tf.zeros_like(states[:1]), states[segment - 1 : -1 : segment]], axis=0)
    return tf.stop_gradient(tf.reshape(tf.transpose(starts, (1, 0, 2)), (-1, states.shape[2])))


def traced_gradients(model: CharacterModel, ids: tf.Tensor) -> dict[int, Callable]:
    """Return, for each segment, what computes the gradients of the recurrent kernel.

    Each gives two of them: of the loss of all characters, and of that of the last. Tracing is most
    of the work here, so the fresh and the trained model share it.
    """
    kernel = model.recurrent.cell.recurrent_kernel.value

    def of(segment: int) -> Callable:
        @tf.function(autograph=False)
        def run():
            with tf.GradientTape(persistent=True) as tape:
                losses = model.losses(ids, segment)
                of_all, of_last = tf.reduce_mean(losses), tf.reduce_mean(losses[:, -1])
            return tape.gradient(of_all, kernel), tape.gradient(of_last, kernel)

        return run.get_concrete_function()

    return {segment: of(segment) for segment in (*SEGMENTS, STEPS)}


def train(model: CharacterModel, windows, steps: int) -> float:
    """Train on full windows and return the last loss."""
    optimizer = keras.optimizers.Adam(2e-3, clipnorm=1.0)
    weights = model.weights
    optimizer.build(weights)

    @tf.function(autograph=False)
    def step(ids):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model.losses(ids, STEPS))
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    loss = tf.constant(float("nan"))
    for _ in range(steps):
        loss = step(windows(16))
    return float(loss)


def report(gradients: dict[int, Callable], title: str) -> None:
    """Print errors and cosines of all segments."""
    found = {segment: [g.numpy() for g in run()] for segment, run in gradients.items()}
    for index, which in enumerate(("all characters", "last character")):
        full, shown = found[STEPS][index], []
        for segment in SEGMENTS:
            cut = found[segment][index]
            error = np.linalg.norm(cut - full) / np.linalg.norm(full)
            cosine = (cut * full).sum() / np.linalg.norm(cut) / np.linalg.norm(full)
            shown.append(f"{error:9.2e} ({cosine:.3f})")
        print(f"{title:36s}{which:16s}" + "  ".join(shown), flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--text", type=Path, help="a text file (default: Python's manual)")
    parser.add_argument("--cells", choices=CELLS, nargs="+", default=[*CELLS])
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--steps", type=int, default=200, help="steps of training")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    text = options.text.read_text(encoding="utf-8") if options.text else manual()
    symbols, codes = np.unique([ord(character) for character in text], return_inverse=True)
    generator = np.random.default_rng(options.seed)

    def windows(rows: int) -> tf.Tensor:
        starts = generator.integers(0, len(codes) - STEPS - 1, rows)
        return tf.constant(codes[starts[:, None] + np.arange(STEPS + 1)], tf.int32)

    probe = windows(16)
    print(f"{STEPS} steps, relative error of the recurrent kernel's gradient (cosine)\n")
    print(f"{'':52s}" + "  ".join(f"{f'k={k}':>17s}" for k in SEGMENTS))
    for cell in options.cells:
        keras.utils.set_random_seed(options.seed)
        model = CharacterModel(cell, len(symbols), options.units)
        gradients = traced_gradients(model, probe)
        report(gradients, f"{cell}, fresh")
        loss = train(model, windows, options.steps)
        report(gradients, f"{cell}, trained to {loss:.2f} nats")


if __name__ == "__main__":
    main()
