"""The CTC loss beside those of Keras and TensorFlow, in one process, taking turns.

    python benchmarks/ctc_loss.py --batch 16 --frames 200 --symbols 30 --labels 30

Prints milliseconds of forward and backward pass in a compiled graph. All rows have the full length,
so that `keras.ops.ctc_loss` and ours give the same values; the largest difference is printed too.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from seqsuite.losses import ctc_loss


def with_gradient(loss):
    """Compile a loss of logits into a graph that returns values and the gradient of their sum."""

    @tf.function
    def run(logits):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            losses = loss(logits)
        return losses, tape.gradient(losses, logits)

    return run


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--symbols", type=int, default=30)
    parser.add_argument("--labels", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    generator = np.random.default_rng(0)
    shape = (options.batch, options.frames, options.symbols)
    logits = tf.constant(generator.normal(size=shape), tf.float32)
    labels = tf.constant(
        generator.integers(1, options.symbols, (options.batch, options.labels)), tf.int32
    )
    frames = tf.fill([options.batch], options.frames)
    label_lengths = tf.fill([options.batch], options.labels)
    functions = {
        "seqsuite.losses.ctc_loss": with_gradient(lambda x: ctc_loss(labels, x, frames)),
        "keras.ops.ctc_loss": with_gradient(
            lambda x: keras.ops.ctc_loss(labels, x, label_lengths, frames, mask_index=0)
        ),
        "tf.nn.ctc_loss, dense": with_gradient(
            lambda x: tf.nn.ctc_loss(
                labels, x, label_lengths, frames, logits_time_major=False, blank_index=0
            )
        ),
    }
    values = {name: function(logits) for name, function in functions.items()}  # traces
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(options.repeats):
        for name, function in functions.items():
            started = time.perf_counter()
            function(logits)[1].numpy()
            seconds[name].append(time.perf_counter() - started)
    own_losses, own_gradients = values["seqsuite.losses.ctc_loss"]
    for name, (losses, gradients) in values.items():
        print(
            f"{name}: {1000 * statistics.median(seconds[name]):.1f} ms, "
            f"from {1000 * min(seconds[name]):.1f} to {1000 * max(seconds[name]):.1f}; "
            f"largest difference to ours: loss {np.abs(losses - own_losses).max():.1e}, "
            f"gradient {np.abs(gradients - own_gradients).max():.1e}"
        )


if __name__ == "__main__":
    main()
