"""Distributions against SciPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from seqsuite import distributions

# For each distribution, parameters from small to large.
PARAMETERS = {
    "normal": {"loc": [0.0, -3.0, 1e6, 1e-20], "scale": [1.0, 0.01, 2e5, 1e-20]},
    "student_t": {
        "loc": [0.0, -3.0, 1e6, 2.0],
        "scale": [1.0, 0.01, 2e5, 1e-10],
        "degrees_of_freedom": [2.1, 5.0, 40.0, 1e6],
    },
    "negative_binomial": {"mean": [0.02, 3.0, 2e4, 500.0], "dispersion": [2.0, 0.5, 1.5, 1e-5]},
}
PROBABILITIES = np.array([0.001, 0.1, 0.5, 0.77, 0.999])
EVERY = pytest.mark.parametrize("distribution", PARAMETERS)


def tensors(distribution):
    return {
        name: tf.constant(value, tf.float32) for name, value in PARAMETERS[distribution].items()
    }


def frozen(distribution):
    """SciPy's distribution of the same parameters."""
    own = {name: np.array(v, "float32") * 1.0 for name, v in PARAMETERS[distribution].items()}
    own = {name: value.astype("float64") for name, value in own.items()}
    if distribution == "normal":
        return stats.norm(own["loc"], own["scale"])
    if distribution == "student_t":
        return stats.t(own["degrees_of_freedom"], own["loc"], own["scale"])
    shape = 1 / own["dispersion"]
    return stats.nbinom(shape, shape / (shape + own["mean"]))


@EVERY
def test_the_log_probability_is_that_of_scipy(distribution):
    scipys = frozen(distribution)
    for probability in PROBABILITIES:
        values = scipys.ppf(probability).astype("float32")
        density = scipys.logpmf if distribution == "negative_binomial" else scipys.logpdf
        found = distributions.log_prob(distribution, values, tensors(distribution))
        np.testing.assert_allclose(found, density(values.astype("float64")), rtol=1e-5, atol=1e-5)


@EVERY
def test_quantiles_are_those_of_scipy(distribution):
    parameters = {name: value[:, None] for name, value in tensors(distribution).items()}
    found = tf.function(lambda p: distributions.quantile(distribution, parameters, p))(
        tf.constant(PROBABILITIES[None])
    )
    scipys = frozen(distribution)
    expected = np.stack([scipys.ppf(p) for p in PROBABILITIES], axis=1)
    # The median of a Student-t is bisected around 0, so not exactly 0.
    atol = 1e-12 if distribution == "student_t" else 1e-30
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=atol)
    extreme = distributions.quantile(distribution, parameters, np.array([[0.0, 1.0]]))
    assert np.isfinite(extreme).all()


@EVERY
def test_samples_follow_the_distribution(distribution):
    scipys = frozen(distribution)
    drawn = distributions.sample(distribution, tensors(distribution), seed=3, num_samples=4000)
    assert drawn.shape == (4, 4000)
    for row, name in enumerate(("first", "second", "third")):
        one = type(scipys)(scipys.dist, *[argument[row] for argument in scipys.args])
        values = np.array(drawn)[row]
        if distribution == "negative_binomial":
            # Every value is one of a table: compare the shares of some.
            for value in np.unique(one.ppf([0.1, 0.5, 0.9])):
                assert (values <= value).mean() == pytest.approx(one.cdf(value), abs=0.03), name
        else:
            assert stats.kstest(values, one.cdf).pvalue > 1e-3, name


@pytest.mark.parametrize(
    ("distribution", "variance"), [("normal", 1e-4), ("negative_binomial", 3.0 + 0.5 * 9.0)]
)
def test_moments_of_samples(distribution, variance):
    parameters = {name: value[1:2] for name, value in tensors(distribution).items()}
    drawn = np.array(distributions.sample(distribution, parameters, seed=1, num_samples=20_000))
    error = 5 * np.sqrt(variance / 20_000)
    mean = float(distributions.mean(distribution, parameters)[0])
    assert drawn.mean() == pytest.approx(mean, abs=error)
    assert drawn.var() == pytest.approx(variance, rel=0.1)


def test_a_seed_gives_the_same_samples_and_a_generator_moves_on():
    unit = {"loc": tf.zeros(5), "scale": tf.ones(5)}
    first = distributions.sample("normal", unit, seed=1)
    np.testing.assert_array_equal(first, distributions.sample("normal", unit, seed=1))
    generator = keras.random.SeedGenerator(1)
    pair = [np.array(distributions.sample("normal", unit, generator)) for _ in range(2)]
    assert not np.array_equal(*pair)


@pytest.mark.parametrize("distribution", ["normal", "student_t"])
def test_rescaled_is_the_distribution_of_the_rescaled_value(distribution):
    parameters = tensors(distribution)
    rescaled = distributions.rescale(distribution, parameters, 7.0, 3.0)
    quantiles = distributions.quantile(distribution, parameters, 0.8)
    found = distributions.quantile(distribution, rescaled, 0.8)
    np.testing.assert_allclose(found, 7.0 + 3.0 * np.array(quantiles), rtol=1e-5)


def test_rescaled_counts_are_those_of_deepar():
    rescaled = distributions.rescale("negative_binomial", tensors("negative_binomial"), 0.0, 4.0)
    own = PARAMETERS["negative_binomial"]
    np.testing.assert_allclose(rescaled["mean"], 4 * np.array(own["mean"]), rtol=1e-6)
    np.testing.assert_allclose(rescaled["dispersion"], np.array(own["dispersion"]) / 2, rtol=1e-6)


@EVERY
def test_parameters_go_into_one_tensor_and_back(distribution):
    raw = np.random.default_rng(0).normal(size=(2, 3, len(distributions.PARAMETERS[distribution])))
    parameters = distributions.constrain(distribution, raw.astype("float32"))
    joined = distributions.join(distribution, parameters)
    assert joined.shape == raw.shape
    for name, value in distributions.split(distribution, joined).items():
        np.testing.assert_array_equal(value, parameters[name])


@EVERY
def test_gradients_of_far_values_are_finite(distribution):
    raw = tf.Variable([[0.0] * 3, [30.0] * 3, [-200.0] * 3])
    with tf.GradientTape() as tape:
        parameters = distributions.constrain(distribution, raw)
        values = tf.constant([[0.0], [1e5], [50.0]])[:, 0]
        loss = tf.reduce_sum(distributions.log_prob(distribution, values, parameters))
    assert np.isfinite(loss)
    assert np.isfinite(tape.gradient(loss, raw)).all()


def test_the_table_divides_every_step_evenly():
    table = distributions.uniform_table(7, 50, seed=2)
    assert table.shape == (7, 50, 2)
    parts = np.sort((table * 50).astype(int), axis=1)
    assert (parts == np.arange(50)[None, :, None]).all()
    # The order differs from step to step, or paths would stay where they began.
    correlations = np.corrcoef(table[:, :, 0])
    assert np.abs(correlations - np.eye(7)).max() < 0.6


def test_an_unknown_distribution_is_refused():
    with pytest.raises(ValueError, match="distribution='cauchy'"):
        distributions.check_distribution("cauchy")
