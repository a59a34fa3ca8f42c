"""A training step of RecurrentStack beside one of stock Keras, in one process, taking turns.

    python benchmarks/recurrent_training.py --cell lstm --repeats 15

Both sides have the same weights and the same right-padded batches (lengths drawn between half and
all of the steps) and compute the gradients of the inputs and of all weights. A row gives the median
time of each, and the median of the ratios of neighbouring runs: of wall time, and of the processor
time of all threads, which tells more on a machine that does other things.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from seqsuite.layers import RecurrentStack

CELLS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
# Batch, steps, features, units, bidirectional.
SHAPES = (
    (32, 100, 128, 128, False),
    (64, 200, 128, 256, False),
    (32, 80, 256, 512, False),
    (20, 400, 128, 128, True),
    (200, 40, 300, 200, True),
)


def stock_model(cell: str, features: int, units: int, bidirectional: bool):
    """Return a call of stock Keras layers and their weights."""
    layer = CELLS[cell](units, return_sequences=True, zero_output_for_mask=True)
    layer = keras.layers.Bidirectional(layer) if bidirectional else layer
    layer.build((None, None, features))

    def call(inputs, lengths):
        mask = tf.sequence_mask(lengths, tf.shape(inputs)[1])
        return layer(inputs, mask=mask, training=True)

    return call, layer.trainable_variables


def our_model(cell: str, features: int, units: int, bidirectional: bool):
    """Return a call of RecurrentStack and its weights."""
    stack = RecurrentStack(units, cell, bidirectional=bidirectional)
    stack.build((None, None, features))

    def call(inputs, lengths):
        return stack(inputs, lengths=lengths, training=True)

    return call, stack.trainable_variables


def training_step(call, variables, features: int):
    """Trace the loss and its gradients for any batch size and any number of steps."""

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None, features)),
            tf.TensorSpec((None,), tf.int32),
        ]
    )
    def step(inputs, lengths):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_mean(tf.square(call(inputs, lengths)))
        return loss, *tape.gradient(loss, [inputs, *[v.value for v in variables]])

    return step


def timed(step, *arguments) -> tuple[float, float]:
    """Return the wall and the processor seconds of one step."""
    wall, processor = time.perf_counter(), time.process_time()
    step(*arguments)[-1].numpy()
    return time.perf_counter() - wall, time.process_time() - processor


def compare(cell: str, shape: tuple, repeats: int) -> str:
    """Time both sides on one shape and return a row of the table."""
    batch, num_steps, features, units, bidirectional = shape
    models = [make(cell, features, units, bidirectional) for make in (stock_model, our_model)]
    for theirs, ours in zip(models[0][1], models[1][1], strict=True):
        ours.assign(theirs)
    steps = [training_step(call, variables, features) for call, variables in models]
    rng = np.random.default_rng(0)
    inputs = tf.constant(rng.normal(size=(batch, num_steps, features)), "float32")
    lengths = tf.constant(rng.integers(num_steps // 2, num_steps + 1, batch), "int32")
    for theirs, ours in zip(*[step(inputs, lengths) for step in steps], strict=True):
        scale = float(tf.reduce_max(tf.abs(theirs)))
        np.testing.assert_allclose(ours, theirs, atol=1e-5 * scale, rtol=1e-4)
    seconds = np.array([[timed(step, inputs, lengths) for step in steps] for _ in range(repeats)])
    stock, own = 1000 * np.median(seconds[:, :, 0], axis=0)
    wall, processor = np.median(seconds[:, 0] / seconds[:, 1], axis=0)
    name = f"({batch}, {num_steps}, {features}, {units})" + " both directions" * bidirectional
    return f"| {cell} | {name} | {stock:.0f} | {own:.0f} | {wall:.2f} | {processor:.2f} |"


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cell", choices=[*CELLS], nargs="+", default=[*CELLS])
    parser.add_argument("--repeats", type=int, default=15)
    arguments = parser.parse_args()
    print("| cell | (batch, steps, features, units) | Keras ms | seqsuite ms | ratio | processor |")
    print("| --- | --- | --- | --- | --- | --- |")
    for cell in arguments.cell:
        for shape in SHAPES:
            print(compare(cell, shape, arguments.repeats), flush=True)


if __name__ == "__main__":
    main()
