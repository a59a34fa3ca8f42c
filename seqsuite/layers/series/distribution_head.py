"""Head that predicts the parameters of a distribution."""

from __future__ import annotations

from typing import Any

import keras

from seqsuite import distributions
from seqsuite.layers.contracts import freeze_parts

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class DistributionHead(keras.layers.Layer):
    """Parameters of a distribution of the value at each step.

    :mod:`seqsuite.distributions` has likelihoods, quantiles and samples for the parameters.

    Args:
        distribution: ``"normal"``, ``"student_t"`` or, for counts, ``"negative_binomial"``.
        project: Project the features by a dense layer. Without it there must be as many features
            as parameters: two, or three for a Student-t.
        **kwargs: Keras layer arguments.

    Call arguments:
        features: ``(batch, time, width)``, or any other number of axes.

    Returns:
        Dict of the parameters, each ``(batch, time)``: `loc` and `scale`, also `degrees_of_freedom`
        of a Student-t; `mean` and `dispersion` of counts.

    Raises:
        ValueError: For an unknown distribution, or features of another width.

    Masking:
        None: steps are independent.

    Example:
        >>> head = DistributionHead("student_t")
        >>> parameters = head(keras.ops.ones((2, 5, 4)))
        >>> {name: tuple(value.shape) for name, value in parameters.items()}
        {'loc': (2, 5), 'scale': (2, 5), 'degrees_of_freedom': (2, 5)}

    Reference:
        Salinas et al. (2020), https://arxiv.org/abs/1704.04110
    """

    def __init__(self, distribution: str = "student_t", project: bool = True, **kwargs):
        super().__init__(**kwargs)
        self.distribution = distributions.check_distribution(distribution)
        self.project = project
        self.dense = None
        if project:
            self.dense = keras.layers.Dense(
                self.num_parameters, name="dense", dtype=self.dtype_policy
            )

    @property
    def num_parameters(self) -> int:
        """Number of parameters."""
        return len(distributions.PARAMETERS[self.distribution])

    def build(self, features_shape):
        """Create the weights, if any."""
        if self.dense is not None:
            self.dense.build(features_shape)
        elif features_shape[-1] != self.num_parameters:
            raise ValueError(
                f"Argument `features` must have {self.num_parameters} features, one for each "
                f"parameter, where `project` is False. Received: {features_shape[-1]} features"
            )
        freeze_parts(self)
        self.built = True

    def call(self, features: Tensor) -> dict[str, Tensor]:
        """Predict the parameters."""
        raw = features if self.dense is None else self.dense(features)
        return distributions.constrain(self.distribution, raw)

    def point(self, outputs: dict[str, Tensor]) -> Tensor:
        """Return the point forecast: the mean.

        Args:
            outputs: Outputs of the layer.

        Returns:
            ``(...)``.
        """
        return distributions.mean(self.distribution, outputs)

    def compute_output_shape(self, features_shape):
        """Return the shapes of the parameters."""
        names = distributions.PARAMETERS[self.distribution]
        return {name: tuple(features_shape[:-1]) for name in names}

    def compute_output_spec(self, features):
        """Return the shapes of the parameters, of the compute dtype."""
        shapes = self.compute_output_shape(features.shape)
        return {
            name: keras.KerasTensor(shape, dtype=self.compute_dtype)
            for name, shape in shapes.items()
        }

    def get_config(self):
        """Return the constructor arguments."""
        config = {"distribution": self.distribution, "project": self.project}
        return {**super().get_config(), **config}
