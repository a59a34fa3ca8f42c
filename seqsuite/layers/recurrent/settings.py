"""Initialization and regularization settings of `RecurrentStack`, and checks of arguments."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from seqsuite.errors import nearest

SettingsType = TypeVar("SettingsType")

RECURRENT_INITIALIZERS = ("orthogonal", "glorot", "identity")


@dataclass(frozen=True)
class RecurrentInitialization:
    """Initial weights and states of a recurrent layer.

    Args:
        recurrent: Initializer of the recurrent kernel: ``"orthogonal"`` (the Keras default),
            ``"glorot"``, or ``"identity"``: the identity matrix for every gate, and for a SimpleRNN
            the ReLU activation with it, which makes it the IRNN.
        scale: Factor on an identity or orthogonal recurrent kernel.
        forget_bias: Initial bias of an LSTM's forget gate.
        learnable_state: Learn the initial state instead of starting at zeros.
        longest_delay: Chrono initialization, in place of `forget_bias`: gate biases of an LSTM or
            GRU with which memory times are spread from 1 step to this many; 0: off.

    Raises:
        ValueError: For an unknown name, or a longest delay of 1, 2 or below 0.

    Example:
        >>> RecurrentInitialization("identity", scale=0.01).recurrent
        'identity'

    Reference:
        IRNN: Le, Jaitly and Hinton (2015), https://arxiv.org/abs/1504.00941;
        forget bias: Jozefowicz et al. (2015), https://proceedings.mlr.press/v37/jozefowicz15.html;
        chrono: Tallec and Ollivier (2018), https://arxiv.org/abs/1804.11188
    """

    recurrent: str = "orthogonal"
    scale: float = 1.0
    forget_bias: float = 1.0
    learnable_state: bool = False
    longest_delay: int = 0

    def __post_init__(self):
        # Biases are logarithms of numbers between 1 and one less than the longest delay.
        if self.longest_delay < 0 or 0 < self.longest_delay < 3:
            raise ValueError(
                "Argument `longest_delay` must be 0 (off) or at least 3. "
                f"Received: longest_delay={self.longest_delay}"
            )
        check_choice("recurrent", self.recurrent, RECURRENT_INITIALIZERS)


@dataclass(frozen=True)
class RecurrentRegularization:
    """Regularization of a recurrent layer in training.

    Args:
        dropout: Rate on the inputs of every layer of the stack.
        variational: Draw one dropout mask per row for all steps, instead of one per step.
        weight_drop: DropConnect rate on the recurrent kernels, drawn once per batch. It costs
            almost nothing, unlike ``recurrent_dropout``.
        zoneout: Rate at which a unit of the output keeps its previous value. Needs a loop of its
            own, without cuDNN.
        zoneout_cell: The same for the memory cell of an LSTM.
        seed: Seed of all the masks; ``None`` takes it from Keras' global seed.

    Raises:
        ValueError: For a rate outside [0, 1).

    Example:
        >>> RecurrentRegularization(dropout=0.3, weight_drop=0.5).variational
        False

    Reference:
        variational: Gal and Ghahramani (2016), https://arxiv.org/abs/1512.05287;
        weight drop: Merity et al. (2018), https://arxiv.org/abs/1708.02182;
        zoneout: Krueger et al. (2017), https://arxiv.org/abs/1606.01305
    """

    dropout: float = 0.0
    variational: bool = False
    weight_drop: float = 0.0
    zoneout: float = 0.0
    zoneout_cell: float = 0.0
    seed: int | None = None

    def __post_init__(self):
        for name in ("dropout", "weight_drop", "zoneout", "zoneout_cell"):
            rate = getattr(self, name)
            if not 0.0 <= rate < 1.0:
                raise ValueError(
                    f"Argument `{name}` must be at least 0 and below 1. Received: {name}={rate}"
                )

    def seed_for(self, offset: int) -> int | None:
        """Return the seed of one of several generators."""
        return None if self.seed is None else self.seed + offset


def as_settings(
    kind: type[SettingsType], value: SettingsType | Mapping[str, Any] | None, argument: str
) -> SettingsType:
    """Convert a constructor argument to a dataclass of settings.

    Args:
        kind: The dataclass.
        value: An instance, a mapping with some of its fields, or ``None`` for the defaults.
        argument: Name of the constructor argument, for the error.

    Returns:
        An instance of `kind`.

    Raises:
        ValueError: When `value` is something else or has unknown fields.
    """
    if value is None:
        return kind()
    if isinstance(value, kind):
        return value
    fields = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if isinstance(value, Mapping) and set(value) <= fields:
        return kind(**value)
    raise ValueError(
        f"Argument `{argument}` must be a {kind.__name__} or a dict with some of its fields "
        f"{sorted(fields)}. Received: {argument}={value!r}"
    )


def check_positive(**arguments: object) -> None:
    """Raise a `ValueError` for an argument that is not a positive integer."""
    for name, value in arguments.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(
                f"Argument `{name}` must be a positive integer. Received: {name}={value!r}"
            )


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise a `ValueError` for an argument that is none of the choices."""
    if value not in choices:
        raise ValueError(
            f"Argument `{name}` must be one of {choices}. Received: {name}={value!r}."
            f"{nearest(str(value), choices)}"
        )
