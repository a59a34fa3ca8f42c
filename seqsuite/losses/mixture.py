"""Loss of points of a plane under a mixture density."""

from __future__ import annotations

import keras
from keras import ops

from seqsuite.layers.density.bivariate_mixture import component_log_densities, split_mixture


@keras.saving.register_keras_serializable(package="seqsuite")
class BivariateMixtureLoss(keras.losses.Loss):
    """Negative log-likelihood of points and their categories under a `BivariateMixtureHead`.

    Args:
        num_categories: Number of categories.
        name: Name of the loss.
        **kwargs: Keras loss arguments.

    Call arguments:
        y_true: Floats ``(batch, time, 3)``: a point and its category; a negative category is
            padding.
        y_pred: Parameters ``(batch, time, (6 + num_categories) * components)``.

    Returns:
        Nats a point, the mean over real points, scalar; 0 without real points.

    Example:
        >>> loss = BivariateMixtureLoss(num_categories=2)
        >>> parameters = keras.ops.zeros((1, 2, 8))  # one standard normal distribution
        >>> points = [[[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]]]
        >>> round(float(loss(points, parameters)), 4)  # log(2 pi) + log(2)
        2.531

    References:
        Graves (2013), https://arxiv.org/abs/1308.0850, equation 26.
    """

    def __init__(self, num_categories: int = 3, name: str = "bivariate_mixture_loss", **kwargs):
        kwargs.setdefault("reduction", "mean_with_sample_weight")
        super().__init__(name=name, **kwargs)
        self.num_categories = num_categories

    def __call__(self, y_true, y_pred, sample_weight=None):
        y_true = ops.cast(y_true, "float32")
        weights = ops.cast(y_true[..., 2] >= 0, "float32")
        if sample_weight is not None:
            sample_weight = ops.cast(sample_weight, weights.dtype)
            if len(sample_weight.shape) == 1:
                sample_weight = sample_weight[:, None]
            weights = weights * sample_weight
        return super().__call__(y_true, y_pred, weights)

    def call(self, y_true, y_pred):
        mixture = split_mixture(y_pred, self.num_categories)
        categories = ops.cast(ops.maximum(y_true[..., 2], 0), "int32")
        chosen = ops.one_hot(categories, self.num_categories, dtype=y_pred.dtype)
        of_category = ops.log_softmax(mixture.category_logits, axis=-2)
        of_category = ops.sum(of_category * chosen[..., None], axis=-2)
        densities = component_log_densities(mixture, y_true[..., :2])
        return -ops.logsumexp(densities + of_category, axis=-1)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {**super().get_config(), "num_categories": self.num_categories}
