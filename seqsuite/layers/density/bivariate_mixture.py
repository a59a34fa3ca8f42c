"""Head that predicts points of a plane by a mixture of normal distributions."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras
from keras import ops

from seqsuite.layers.contracts import freeze_parts

Tensor = Any

_MAX_CORRELATION = 0.99
_MAX_BIAS = 1000.0


class Mixture(NamedTuple):
    """Parameters of a mixture over points of a plane and categories.

    Args:
        log_weights: Logarithms of the components' weights ``(..., components)``.
        means: ``(..., 2, components)``.
        log_scales: Logarithms of the standard deviations ``(..., 2, components)``.
        correlations: In (-1, 1), ``(..., components)``.
        category_logits: ``(..., categories, components)``.
    """

    log_weights: Tensor
    means: Tensor
    log_scales: Tensor
    correlations: Tensor
    category_logits: Tensor


@keras.saving.register_keras_serializable(package="seqsuite")
class BivariateMixtureHead(keras.layers.Layer):
    """Mixture density output for points of a plane, with a category beside each point.

    Each component of the mixture is a bivariate normal distribution of the point, and a
    distribution of its category (for strokes of a pen: draw on, lift, end). In Graves' mixture all
    components have one distribution of the category, which then says nothing of the point.

    Args:
        num_components: Number of normal distributions.
        num_categories: Number of categories.
        min_scale: Smallest standard deviation, which bounds the density of repeated points.
        **kwargs: Keras layer arguments.

    Call arguments:
        features: ``(batch, time, width)``, or any other number of axes.

    Returns:
        Parameters float ``(batch, time, (6 + num_categories) * num_components)``, which
        `split_mixture` takes apart.

    Masking:
        None: steps are independent.

    Example:
        >>> head = BivariateMixtureHead(num_components=4, num_categories=3)
        >>> tuple(head(keras.ops.ones((2, 5, 8))).shape)
        (2, 5, 36)

    References:
        Bishop (1994), "Mixture Density Networks"; Graves (2013), "Generating Sequences With
        Recurrent Neural Networks", https://arxiv.org/abs/1308.0850, section 4.
    """

    def __init__(
        self, num_components: int, num_categories: int = 3, min_scale: float = 0.02, **kwargs
    ):
        super().__init__(**kwargs)
        self.num_components = num_components
        self.num_categories = num_categories
        self.min_scale = min_scale
        width = (6 + num_categories) * num_components
        self.projection = keras.layers.Dense(width, name="projection", dtype=self.dtype_policy)

    def build(self, features_shape):
        """Create the weights."""
        self.projection.build(features_shape)
        freeze_parts(self)
        self.built = True

    def call(self, features: Tensor) -> Tensor:
        """Return the parameters at features."""
        # Densities of narrow components need float32.
        raw = split_mixture(ops.cast(self.projection(features), "float32"), self.num_categories)
        # From -20 to 20 in logarithms there is no overflow, and no gradient is lost in practice.
        spread = ops.exp(ops.clip(raw.log_scales, -20.0, 20.0))
        return join_mixture(
            Mixture(
                ops.log_softmax(raw.log_weights, axis=-1),
                raw.means,
                ops.log(self.min_scale + spread),
                _MAX_CORRELATION * ops.tanh(raw.correlations),
                ops.log_softmax(raw.category_logits, axis=-2),
            )
        )

    def sample(
        self, features: Tensor, uniform_numbers: Tensor, bias: Tensor = 0.0
    ) -> tuple[Tensor, Tensor]:
        """Draw points and their categories.

        Args:
            features: ``(batch, width)``.
            uniform_numbers: Floats in [0, 1) ``(batch, 4)``.
            bias: ``(batch,)`` or a scalar, at least 0: a larger one draws likelier points (Graves
                2013, section 5.4).

        Returns:
            Points float ``(batch, 2)``, and categories int32 ``(batch,)``.
        """
        return sample_mixture(self(features), uniform_numbers, bias, self.num_categories)

    def compute_output_shape(self, features_shape):
        """Return the shape of the parameters."""
        return (*features_shape[:-1], (6 + self.num_categories) * self.num_components)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "num_components": self.num_components,
            "num_categories": self.num_categories,
            "min_scale": self.min_scale,
        }


def split_mixture(parameters: Tensor, num_categories: int) -> Mixture:
    """Return the parts of the parameters of a `BivariateMixtureHead`.

    Args:
        parameters: Floats ``(..., (6 + num_categories) * components)``.
        num_categories: Number of categories.
    """
    size, rest = divmod(parameters.shape[-1], 6 + num_categories)
    if size < 1 or rest:
        raise ValueError(
            "Argument `parameters` must have (6 + num_categories) * components entries on its last "
            f"axis. Received: parameters.shape={tuple(parameters.shape)}, {num_categories=}"
        )
    rows = ops.reshape(parameters, (*ops.shape(parameters)[:-1], 6 + num_categories, size))
    return Mixture(
        rows[..., 0, :], rows[..., 1:3, :], rows[..., 3:5, :], rows[..., 5, :], rows[..., 6:, :]
    )


def join_mixture(mixture: Mixture) -> Tensor:
    """Return the parameters that `split_mixture` takes apart."""
    rows = ops.concatenate(
        [
            mixture.log_weights[..., None, :],
            mixture.means,
            mixture.log_scales,
            mixture.correlations[..., None, :],
            mixture.category_logits,
        ],
        axis=-2,
    )
    return ops.reshape(rows, (*ops.shape(rows)[:-2], rows.shape[-2] * rows.shape[-1]))


def component_log_densities(mixture: Mixture, points: Tensor) -> Tensor:
    """Return the logarithm of each component's weight times its density at points.

    Args:
        mixture: Parameters.
        points: ``(..., 2)``.

    Returns:
        Floats ``(..., components)``; their `logsumexp` is the density of the points.

    Example:
        >>> zeros = ops.zeros((1, 1))
        >>> mixture = Mixture(zeros, ops.zeros((1, 2, 1)), ops.zeros((1, 2, 1)), zeros, zeros)
        >>> round(float(component_log_densities(mixture, ops.zeros((1, 2)))[0, 0]), 4)  # -log(2 pi)
        -1.8379
    """
    distances = (points[..., None] - mixture.means) * ops.exp(-mixture.log_scales)
    x, y = distances[..., 0, :], distances[..., 1, :]
    correlation = mixture.correlations
    rest = 1.0 - ops.square(correlation)
    # A sum of squares: the usual x² + y² - 2 r x y loses digits where points are far away.
    exponent = ops.square(x) + ops.square(y - correlation * x) / rest
    return (
        mixture.log_weights
        - ops.sum(mixture.log_scales, axis=-2)
        - 0.5 * (ops.log(rest) + exponent)
        - math.log(2 * math.pi)
    )


def sample_mixture(
    parameters: Tensor, uniform_numbers: Tensor, bias: Tensor, num_categories: int
) -> tuple[Tensor, Tensor]:
    """Draw points and their categories; see :meth:`BivariateMixtureHead.sample`.

    Args:
        parameters: ``(batch, (6 + num_categories) * components)``.
        uniform_numbers: Floats in [0, 1) ``(batch, 4)``.
        bias: ``(batch,)`` or a scalar.
        num_categories: Number of categories.
    """
    mixture = split_mixture(ops.cast(parameters, "float32"), num_categories)
    numbers = ops.cast(uniform_numbers, "float32")
    bias = ops.clip(ops.cast(bias, "float32"), 0.0, _MAX_BIAS)
    bias = ops.broadcast_to(bias, ops.shape(numbers)[:1])[:, None]
    component = _draw_category(mixture.log_weights * (1.0 + bias), numbers[:, 0])
    chosen = ops.one_hot(component, mixture.log_weights.shape[-1], dtype="float32")
    means = ops.sum(mixture.means * chosen[:, None], axis=-1)
    scales = ops.exp(ops.sum(mixture.log_scales * chosen[:, None], axis=-1) - bias)
    correlation = ops.sum(mixture.correlations * chosen, axis=-1)
    # Box and Muller (1958).
    radius = ops.sqrt(-2.0 * ops.log1p(-numbers[:, 1]))
    angle = 2 * math.pi * numbers[:, 2]
    first, second = radius * ops.cos(angle), radius * ops.sin(angle)
    second = correlation * first + ops.sqrt(1.0 - ops.square(correlation)) * second
    points = means + scales * ops.stack([first, second], axis=-1)
    logits = ops.sum(mixture.category_logits * chosen[:, None], axis=-1)
    return points, _draw_category(logits * (1.0 + bias), numbers[:, 3])


def _draw_category(logits: Tensor, numbers: Tensor) -> Tensor:
    """Return the category whose interval of cumulated probability holds a number, int32."""
    cumulated = ops.cumsum(ops.softmax(logits, axis=-1), axis=-1)
    below = ops.sum(ops.cast(cumulated <= numbers[:, None], "int32"), axis=-1)
    return ops.minimum(below, logits.shape[-1] - 1)
