"""Parameters of distributions: from any numbers, in one tensor, in other units."""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any
Parameters = dict[str, Tensor]

PARAMETERS = {
    "normal": ("loc", "scale"),
    "student_t": ("loc", "scale", "degrees_of_freedom"),
    "negative_binomial": ("mean", "dispersion"),
}
# The least scale, mean and dispersion of a prediction, in units of the scaled series.
_LEAST = 1e-4


def check_distribution(distribution: str) -> str:
    """Return the name of a distribution, or raise an error.

    Args:
        distribution: A name.

    Returns:
        It.

    Raises:
        ValueError: There is none of that name.

    Example:
        >>> check_distribution("normal")
        'normal'
    """
    if distribution not in PARAMETERS:
        raise ValueError(
            f"Argument `distribution` must be one of {tuple(PARAMETERS)}. "
            f"Received: distribution={distribution!r}"
        )
    return distribution


def constrain(distribution: str, raw: Tensor) -> Parameters:
    """Turn any numbers into parameters.

    Args:
        distribution: Its name.
        raw: ``(..., number of parameters)``.

    Returns:
        Parameters, each ``(...)``. A Student-t has more than two degrees of freedom, so that its
        variance exists.

    Example:
        >>> parameters = constrain("normal", ops.array([[3.0, 0.0]]))
        >>> round(float(parameters["loc"][0]), 4), round(float(parameters["scale"][0]), 4)
        (3.0, 0.6932)
    """
    columns = [raw[..., index] for index in range(len(PARAMETERS[distribution]))]
    if distribution == "negative_binomial":
        found = [ops.softplus(column) + _LEAST for column in columns]
    else:
        found = [columns[0], ops.softplus(columns[1]) + _LEAST]
        found += [2.0 + ops.softplus(column) + _LEAST for column in columns[2:]]
    return dict(zip(PARAMETERS[distribution], found, strict=True))


def join(distribution: str, parameters: Parameters) -> Tensor:
    """Put parameters into one tensor, for a model's output or a loss.

    Args:
        distribution: Its name.
        parameters: Each ``(...)``.

    Returns:
        ``(..., number of parameters)``.

    Example:
        >>> join("normal", {"scale": ops.array([2.0]), "loc": ops.array([1.0])}).numpy().tolist()
        [[1.0, 2.0]]
    """
    return ops.stack([parameters[name] for name in PARAMETERS[distribution]], axis=-1)


def split(distribution: str, joined: Tensor) -> Parameters:
    """Undo `join`.

    Args:
        distribution: Its name.
        joined: ``(..., number of parameters)``.

    Returns:
        Parameters, each ``(...)``.

    Example:
        >>> split("normal", ops.array([[1.0, 2.0]]))["scale"].numpy().tolist()
        [2.0]
    """
    return {name: joined[..., index] for index, name in enumerate(PARAMETERS[distribution])}


def rescale(distribution: str, parameters: Parameters, center: Tensor, scale: Tensor) -> Parameters:
    """Return the distribution of ``center + scale * value``.

    For counts that is not a negative binomial again: as in DeepAR the mean is multiplied by the
    scale, the dispersion divided by its square root, and the center is not used.

    Args:
        distribution: Its name.
        parameters: Those of the value.
        center: Broadcast against the parameters, such as ``(batch, 1)``.
        scale: Likewise, positive.

    Returns:
        Parameters, of the same dtypes.

    Example:
        >>> unit = {"loc": ops.array([[1.0]]), "scale": ops.array([[2.0]])}
        >>> rescale("normal", unit, ops.array([[5.0]]), ops.array([[3.0]]))["loc"].numpy().tolist()
        [[8.0]]
    """
    found = dict(parameters)
    if distribution == "negative_binomial":
        mean_, dispersion = parameters["mean"], parameters["dispersion"]
        found["mean"] = mean_ * ops.cast(scale, mean_.dtype)
        found["dispersion"] = dispersion / ops.sqrt(ops.cast(scale, dispersion.dtype))
        return found
    loc, spread = parameters["loc"], parameters["scale"]
    found["loc"] = loc * ops.cast(scale, loc.dtype) + ops.cast(center, loc.dtype)
    found["scale"] = spread * ops.cast(scale, spread.dtype)
    return found


def mean(distribution: str, parameters: Parameters) -> Tensor:
    """Return the mean.

    Args:
        distribution: Its name.
        parameters: Each ``(...)``.

    Returns:
        ``(...)``, of the parameters' dtype.

    Example:
        >>> mean("normal", {"loc": ops.array([1.0]), "scale": ops.array([2.0])}).numpy().tolist()
        [1.0]
    """
    return parameters["mean" if distribution == "negative_binomial" else "loc"]
