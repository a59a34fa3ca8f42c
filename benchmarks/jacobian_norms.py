"""How the Jacobian of a SimpleRNN's state shrinks or grows over k steps, beside the formulas.

    python benchmarks/jacobian_norms.py
    python benchmarks/jacobian_norms.py --picture docs/images/jacobian_norms.png

1. A linear network whose recurrent matrix is an orthogonal one times 0.9 or 1.1: the norm is
   0.9^k and 1.1^k. So it is with a symmetric matrix of that spectral radius.
2. A matrix of spectral radius 0.9 that is not normal: its powers grow first, and only their decay
   rate in the end is 0.9.
3. A tanh network stays under the bound (largest slope * largest singular value)^k.
4. Texts that write the Jacobian as (product of the slopes) * W^k move the diagonal matrices past W
   as if they commuted. The last columns give that formula's relative error.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from seqsuite.diagnostics import layer_inputs, state_jacobian
from seqsuite.plotting import blank_figure, save_figure

SHOWN = (1, 2, 5, 10, 20, 50, 100)

Curves = dict[str, np.ndarray]


def orthogonal(units: int, generator: np.random.Generator) -> np.ndarray:
    """Return a random orthogonal matrix."""
    return np.linalg.qr(generator.normal(size=(units, units)))[0]


def symmetric(units: int, generator: np.random.Generator) -> np.ndarray:
    """Return a random symmetric matrix of spectral radius 1."""
    matrix = generator.normal(size=(units, units))
    matrix = matrix + matrix.T
    return matrix / np.abs(np.linalg.eigvalsh(matrix)).max()


def not_normal(units: int, generator: np.random.Generator) -> np.ndarray:
    """Return an upper triangular matrix with ones on its diagonal: spectral radius 1."""
    return np.eye(units) + 0.03 * np.triu(generator.normal(size=(units, units)), 1)


def network(matrix: np.ndarray, features: int, activation: str) -> keras.layers.SimpleRNN:
    """Return a SimpleRNN with a given recurrent matrix."""
    layer = keras.layers.SimpleRNN(len(matrix), activation=activation, return_sequences=True)
    layer.build((None, None, features))
    layer.cell.recurrent_kernel.assign(matrix)
    return layer


def linear_table(units: int, steps: int, generator: np.random.Generator) -> Curves:
    """Print measured norms of linear networks beside powers of the spectral radius; return all."""
    x = generator.normal(size=(1, steps + 1, 3)).astype("float32")
    print("linear network, largest singular value of the Jacobian over k steps\n")
    print(
        f"{'matrix':24s}" + "".join(f"{f'k={k}':>11s}" for k in SHOWN) + "   worst error, k=1..100"
    )
    curves = {}
    for radius in (0.9, 1.1):
        formula = radius ** np.arange(1, steps + 1)
        print(f"{f'formula {radius}^k':24s}" + "".join(f"{formula[k - 1]:11.3e}" for k in SHOWN))
        for make in (orthogonal, symmetric, not_normal):
            matrix = radius * make(units, generator)
            measured = state_jacobian(network(matrix, 3, "linear"), x, steps, num_values=1).norm()
            error = np.abs(measured / formula - 1).max()
            row = "".join(f"{measured[k - 1]:11.3e}" for k in SHOWN)
            name = make.__name__.replace("_", " ")
            print(f"{name:24s}{row}   {error:.2e}")
            curves[f"{name}, {radius}"] = measured
    print()
    return curves


def tanh_table(units: int, steps: int, generator: np.random.Generator) -> Curves:
    """Print the norms of tanh networks beside their bound, and the error of the wrong formula."""
    x = generator.normal(size=(1, steps + 1, 3)).astype("float32")
    print("tanh network on random inputs, W orthogonal times a factor: norm, its bound, and the")
    print("relative error of (product of the slopes) * W^k in the Frobenius norm\n")
    print(f"{'factor':8s}" + f"{'':12s}" + "".join(f"{f'k={k}':>11s}" for k in SHOWN))
    curves = {}
    for factor in (0.9, 1.0, 1.1, 3.0):
        layer = network(factor * orthogonal(units, generator), 3, "tanh")
        measured = state_jacobian(layer, x, steps, num_values=1).norm()
        bound, error = bounds_and_errors(layer, x, steps)
        for name, values in (("measured", measured), ("bound", bound), ("wrong by", error)):
            row = "".join(f"{values[k - 1]:11.3e}" for k in SHOWN)
            print(f"{factor:<8}{name:12s}{row}")
        below = bool((measured <= bound * (1 + 1e-5)).all())
        print(f"{'':8s}under the bound at all k: {below}\n")
        curves[f"tanh, {factor}"] = measured
    return curves


def bounds_and_errors(
    layer: keras.layers.SimpleRNN, x: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (largest slope * largest singular value)^k, and the wrong formula's error, over k."""
    inputs = keras.Input(x.shape[1:])
    hidden = layer_inputs(keras.Model(inputs, layer(inputs)), x)
    states = next(iter(hidden.values())).outputs.numpy()[:, 0].astype(np.float64)
    weights = layer.cell.recurrent_kernel.numpy().astype(np.float64)
    slopes = (1 - states**2)[::-1][:steps]  # the last step first
    exact, all_slopes, power = np.eye(len(weights)), np.ones(len(weights)), np.eye(len(weights))
    errors = []
    for slope in slopes:
        exact = exact @ (slope[:, None] * weights.T)
        all_slopes, power = all_slopes * slope, power @ weights.T
        wrong = all_slopes[:, None] * power
        errors.append(np.linalg.norm(wrong - exact) / np.linalg.norm(exact))
    largest = np.linalg.norm(weights, 2) * np.maximum.accumulate(slopes.max(axis=1))
    return largest ** np.arange(1, steps + 1), np.array(errors)


def draw(curves: Curves, path: Path) -> None:
    """Draw what the tables measured beside the powers of the radius."""
    figure = blank_figure((7.2, 4.0))
    axis = figure.subplots()
    colors = {"0.9": "#0072B2", "1.1": "#D55E00"}
    dashes = {"orthogonal": "-", "not normal": "--", "tanh": ":"}
    for name, values in curves.items():
        kind, factor = name.split(", ")
        if kind in dashes and factor in colors:
            steps = np.arange(1, len(values) + 1)
            axis.plot(steps, values, dashes[kind], color=colors[factor], label=name)
    marks = np.arange(10, 101, 10)
    for factor, color in colors.items():
        axis.plot(
            marks, float(factor) ** marks, "o", color=color, label=f"{factor}^k", markersize=4
        )
    axis.set(
        title="Norm of the Jacobian of the state over k steps\nlinear networks, and tanh on noise",
        xlabel="k",
        yscale="log",
    )
    figure.legend(*axis.get_legend_handles_labels(), fontsize=8, loc="outside right upper")
    save_figure(figure, path)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--picture", type=Path, help="a PNG file to draw")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    generator = np.random.default_rng(options.seed)
    curves = linear_table(options.units, max(SHOWN), generator)
    curves |= tanh_table(options.units, max(SHOWN), generator)
    if options.picture:
        draw(curves, options.picture)


if __name__ == "__main__":
    main()
