"""Mixtures over points of a plane: densities of SciPy, integrals, draws."""

import keras
import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from seqsuite.decoding.uniform_numbers import numpy_uniform
from seqsuite.layers import BivariateMixtureHead
from seqsuite.layers.density.bivariate_mixture import (
    component_log_densities,
    join_mixture,
    sample_mixture,
    split_mixture,
)
from seqsuite.losses import BivariateMixtureLoss


def random_parameters(rows=5, components=4, categories=3, seed=0):
    head = BivariateMixtureHead(components, categories, min_scale=0.05)
    features = np.random.default_rng(seed).normal(size=(rows, 6)).astype("float32")
    keras.utils.set_random_seed(seed)
    return np.array(head(features))


def distributions(mixture, row):
    """SciPy's distribution of each component."""
    for component in range(mixture.log_weights.shape[-1]):
        scales = np.exp(np.array(mixture.log_scales)[row, :, component])
        covariance = np.diag(scales**2)
        correlation = float(mixture.correlations[row, component])
        covariance[0, 1] = covariance[1, 0] = correlation * scales.prod()
        yield multivariate_normal(np.array(mixture.means)[row, :, component], covariance)


def test_densities_are_those_of_normal_distributions():
    mixture = split_mixture(random_parameters(), 3)
    points = np.random.default_rng(1).normal(size=(5, 2)).astype("float32")
    found = np.array(component_log_densities(mixture, points))
    expected = [
        [
            float(weight) + one.logpdf(points[row])
            for weight, one in zip(
                np.array(mixture.log_weights)[row], distributions(mixture, row), strict=True
            )
        ]
        for row in range(5)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_density_and_categories_sum_to_one_over_the_plane():
    mixture = split_mixture(random_parameters(rows=1), 3)
    step = 0.05
    axis = np.arange(-20, 20, step, dtype="float32")
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    repeated = [np.repeat(np.array(part), len(grid), axis=0) for part in mixture]
    densities = np.array(component_log_densities(type(mixture)(*repeated), grid), float)
    assert np.exp(logsumexp(densities)) * step**2 == pytest.approx(1, abs=1e-3)
    shares = np.exp(np.array(mixture.category_logits)).sum(axis=-2)
    np.testing.assert_allclose(shares, 1, rtol=1e-5)


def test_the_loss_is_the_negative_log_likelihood_of_real_points():
    parameters = random_parameters(rows=2).reshape(1, 2, -1)
    points = np.array([[[0.3, -0.2, 2], [0.1, 0.0, 0]]], "float32")
    mixture = split_mixture(parameters[0], 3)
    expected = []
    for row, (x, y, category) in enumerate(points[0]):
        parts = [
            float(weight) + one.logpdf([x, y]) + float(of_category)
            for weight, one, of_category in zip(
                np.array(mixture.log_weights)[row],
                distributions(mixture, row),
                np.array(mixture.category_logits)[row, int(category)],
                strict=True,
            )
        ]
        expected.append(-logsumexp(parts))
    loss = BivariateMixtureLoss(3)
    assert float(loss(points, parameters)) == pytest.approx(np.mean(expected), rel=1e-4)
    padded = np.concatenate([points, np.full((1, 3, 3), -1, "float32")], axis=1)
    more = np.concatenate([parameters, np.zeros((1, 3, parameters.shape[-1]), "float32")], axis=1)
    assert float(loss(padded, more)) == pytest.approx(np.mean(expected), rel=1e-4)
    assert float(loss(points, parameters, [0.5])) == pytest.approx(np.mean(expected) / 1, rel=1e-4)


@pytest.mark.parametrize("rows", [0, 2])
def test_a_batch_without_real_points_has_no_loss(rows):
    loss = BivariateMixtureLoss(3)
    value = loss(np.full((rows, 4, 3), -1, "float32"), np.zeros((rows, 4, 18), "float32"))
    assert float(value) == 0


def test_draws_have_the_moments_of_the_mixture():
    parameters = random_parameters(rows=1, seed=3)
    mixture = split_mixture(parameters, 3)
    count = 40_000
    numbers = numpy_uniform(7, np.arange(4 * count)).reshape(count, 4)
    points, categories = map(
        np.array, sample_mixture(np.repeat(parameters, count, axis=0), numbers, 0.0, 3)
    )
    weights = np.exp(np.array(mixture.log_weights)[0])
    parts = list(distributions(mixture, 0))
    mean = sum(w * part.mean for w, part in zip(weights, parts, strict=True))
    second = sum(
        w * (part.cov + np.outer(part.mean, part.mean))
        for w, part in zip(weights, parts, strict=True)
    )
    covariance = second - np.outer(mean, mean)
    np.testing.assert_allclose(points.mean(axis=0), mean, atol=4 * covariance.max() ** 0.5 / 200)
    np.testing.assert_allclose(np.cov(points.T), covariance, rtol=0.05, atol=0.05)
    shares = np.exp(np.array(mixture.category_logits)[0]) @ weights
    np.testing.assert_allclose(np.bincount(categories, minlength=3) / count, shares, atol=0.01)


def test_a_large_bias_draws_the_mean_of_the_likeliest_component():
    parameters = random_parameters(rows=3, seed=5)
    mixture = split_mixture(parameters, 3)
    numbers = numpy_uniform(0, np.arange(12)).reshape(3, 4)
    points, categories = sample_mixture(parameters, numbers, np.array([1e3, 1e3, 1e9]), 3)
    best = np.array(mixture.log_weights).argmax(axis=-1)
    means = np.array(mixture.means)[np.arange(3), :, best]
    np.testing.assert_allclose(points, means, atol=1e-3)
    logits = np.array(mixture.category_logits)[np.arange(3), :, best]
    assert np.array(categories).tolist() == logits.argmax(axis=-1).tolist()


def test_parameters_are_taken_apart_and_joined():
    parameters = random_parameters()
    np.testing.assert_array_equal(join_mixture(split_mixture(parameters, 3)), parameters)
    with pytest.raises(ValueError, match=r"\(6 \+ num_categories\) \* components"):
        split_mixture(parameters[:, :-1], 3)


def test_points_far_away_and_repeated_points_have_finite_gradients():
    import tensorflow as tf

    head = BivariateMixtureHead(2, 3)
    features = tf.Variable(np.full((1, 3, 4), 30.0, "float32"))
    points = np.array([[[1e5, -1e5, 0], [0, 0, 1], [0, 0, 2]]], "float32")
    with tf.GradientTape() as tape:
        loss = BivariateMixtureLoss(3)(points, head(features))
    gradients = tape.gradient(loss, [features, *head.trainable_weights])
    assert np.isfinite(float(loss))
    assert all(np.isfinite(np.array(gradient)).all() for gradient in gradients)
