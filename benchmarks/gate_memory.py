"""How long an LSTM's forget gates keep its memory, beside the Jacobian of the memory.

    python benchmarks/gate_memory.py

Texts say: with a forget gate near 1 the derivative of the memory is about the gate, and gradients
live. Over one step, the hidden state held fixed, it is the gate exactly. Over more, the hidden
state carries a second part. For fresh networks with other forget biases on random inputs it prints:

1. the gates' mean and the mean memory time 1 / (1 - mean) of the median unit;
2. what the gates of that unit really let through in that time, where 1/e = 0.368 is the rule;
3. over k steps, the largest singular value of the memory's Jacobian, and below it the largest
   product of forget gates of any unit: what it were, if the memory's own path were the only one.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from seqsuite.diagnostics import jacobian_of_call, layer_inputs
from seqsuite.diagnostics.gates import gate_values

SHOWN = (1, 2, 5, 10, 20, 50, 100)
ROWS, STEPS, FEATURES = 4, 120, 3


def with_forget_biases(units: int, biases: np.ndarray) -> keras.layers.LSTM:
    """Return an LSTM with orthogonal recurrent weights and given biases of its forget gates.

    Args:
        units: Its width.
        biases: One for each unit, or one for all.
    """
    layer = keras.layers.LSTM(units, return_sequences=True)
    layer.build((None, None, FEATURES))
    kernel, recurrent_kernel, bias = layer.get_weights()
    bias[units : 2 * units] = biases
    layer.set_weights([kernel, recurrent_kernel, bias])
    return layer


def report(title: str, layer: keras.layers.LSTM, x: np.ndarray) -> None:
    """Print both lines of one network."""
    inputs = keras.Input(x.shape[1:])
    (call,) = layer_inputs(keras.Model(inputs, layer(inputs)), x).values()
    forget = gate_values(call)["forget"].numpy().astype(np.float64)  # (time, rows, units)
    means = forget.mean(axis=(0, 1))
    memory_steps = 1 / (1 - means)
    unit = int(np.argsort(memory_steps)[len(memory_steps) // 2])
    span = int(np.clip(round(memory_steps[unit]), 1, STEPS))
    kept = np.exp(np.log(forget[-span:, :, unit]).sum(axis=0)).mean()
    norms = jacobian_of_call(call, max(SHOWN), num_values=1, lags=SHOWN).norm("memory")
    alone = [np.exp(np.log(forget[-k:]).sum(axis=0)).max(axis=1) for k in SHOWN]
    alone = np.exp(np.log(alone).mean(axis=1))
    start = f"{title:14s}{means.mean():7.3f}{memory_steps[unit]:9.1f}{kept:8.3f}  "
    print(f"{start}{'measured':10s}" + "".join(f"{value:10.2e}" for value in norms))
    print(f"{'':{len(start)}}{'gates':10s}" + "".join(f"{value:10.2e}" for value in alone))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    generator = np.random.default_rng(options.seed)
    x = generator.normal(size=(ROWS, STEPS, FEATURES)).astype("float32")
    heads = "".join(f"{f'k={k}':>10s}" for k in SHOWN)
    print(f"{'forget bias':14s}{'mean':>7s}{'steps':>9s}{'kept':>8s}  {'':10s}{heads}")
    for bias in (0.0, 1.0, 2.0, 4.0):
        report(f"{bias:g}", with_forget_biases(options.units, np.array(bias)), x)
    # Chrono initialization: memory times spread evenly up to 100 steps.
    chrono = np.log(generator.uniform(1, 99, options.units))
    report("chrono, 100", with_forget_biases(options.units, chrono), x)


if __name__ == "__main__":
    main()
