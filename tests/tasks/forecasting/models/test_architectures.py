"""Decoders of forecasters: what they are taught is what they say when they run on their own."""

from __future__ import annotations

import dataclasses
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite import distributions
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.serving import export
from seqsuite.tasks.forecasting.models.architectures import forecast_function
from seqsuite.tasks.forecasting.models.autoregressive import path_quantiles
from tests.layers.training_steps import build_for_training
from tests.tasks.forecasting.forecasters import built, series

pytestmark = pytest.mark.full

COVARIATES = {"future_covariates": "plan", "static_covariates": "city"}
VARIANTS = {
    "points": {
        "data": {**COVARIATES, "past_covariates": "warm,wind"},
        "model": {"architecture": "encoder_decoder", "cycle_length": 6, "dropout": 0.0},
        "training": {
            "learning_rate": 0.02,
            "sampling_schedule": "linear",
            "sampling_probability": 0.8,
        },
    },
    "quantiles": {
        "model": {"architecture": "encoder_decoder", "output": "quantiles", "cell": "lstm"},
    },
    "student_t": {
        "data": COVARIATES,
        "model": {
            "architecture": "autoregressive",
            "cycle_length": 6,
            "calendar": True,
            "scaling": "none",
            "num_paths": 20,
        },
    },
    "counts": {
        "model": {
            "architecture": "autoregressive",
            "distribution": "negative_binomial",
            "scaling": "mean_abs",
            "series_embedding_size": 3,
            "num_paths": 20,
        },
        "evaluation": {"intervals": "model"},
    },
}


@functools.cache
def prepared(name):
    """A task, its preprocessor and model, what forecasts with it, and windows of training."""
    sections = {"training": {"learning_rate": 0.02, "clip_norm": 0.0}, **VARIANTS[name]}
    task, preprocessor, model = built(**sections)
    forecast = forecast_function(preprocessor, model, task.config.model)
    encoded = preprocessor.encode(Examples({"series": [series("a"), series("bb")]}), training=True)
    return task, preprocessor, model, forecast, encoded


@pytest.fixture(params=VARIANTS)
def variant(request):
    return prepared(request.param)


def window_batch(encoded, numbers):
    """Features with and without what came after, and the targets."""
    features = {name: tf.constant(value) for name, value in encoded.batch(numbers).items()}
    before = {name: value for name, value in features.items() if name != "future_values"}
    return features, before, encoded.target_batch(numbers)


@pytest.mark.full(default=1)
def test_the_loss_falls_though_targets_are_missing(variant):
    task, preprocessor, _, _, encoded = variant
    keras.utils.set_random_seed(0)
    model = task.build_model(preprocessor)
    features, _, targets = window_batch(encoded, np.arange(encoded.num_windows))
    assert np.isnan(targets).any()
    named = dict.fromkeys(model.loss, targets)
    build_for_training(model)
    losses = [float(np.ravel(model.train_on_batch(features, named))[0]) for _ in range(20)]
    assert np.isfinite(losses).all()
    assert np.mean(losses[-3:]) < 0.9 * np.mean(losses[:3])


def taught(variant, numbers, future):
    """What the model says of each step when it is told `future` as what is true."""
    _, _, model, _, encoded = variant
    features, *_ = window_batch(encoded, numbers)
    told = {**features, "future_values": tf.cast(future, tf.float32)}
    (outputs,) = model(told, training=False).values()
    return outputs.numpy()


@pytest.mark.full(default=1)
def test_taught_its_own_forecast_it_says_the_same(variant):
    *_, forecast, encoded = variant
    numbers = np.array([0, 7, 40])
    _, before, _ = window_batch(encoded, numbers)
    if hasattr(forecast, "paths"):
        check_paths(variant, numbers, forecast, before)
        return
    found = {name: value.numpy() for name, value in forecast(before).items()}
    said = taught(variant, numbers, found["forecast"])
    np.testing.assert_allclose(said, found.get("quantiles", found["forecast"]), atol=1e-5)


def check_paths(variant, numbers, forecast, before):
    """Each path is drawn from the distributions that follow its own values."""
    _, preprocessor, _, _, encoded = variant
    paths, name = forecast.paths(before).numpy(), forecast.decoder.head.distribution
    for path in (0, 11):
        own = paths[:, :, path]
        joined = taught(variant, numbers, own)[:, -preprocessor.prediction_length :]
        drawn = distributions.draw(
            name, distributions.split(name, joined), forecast.uniforms[None, :, path]
        )
        expected = encoded.in_units(numbers, own) if preprocessor.counts else own
        np.testing.assert_allclose(drawn, expected, rtol=1e-4, atol=1e-4)
    found = forecast(before)
    np.testing.assert_allclose(found["forecast"], paths.mean(axis=-1), rtol=1e-5)
    if preprocessor.counts:
        counts = encoded.in_units(numbers, paths)
        np.testing.assert_allclose(counts, np.round(counts), atol=1e-3)
        assert (counts > -1e-3).all()


def test_the_past_is_predicted_as_the_future_is():
    _, preprocessor, model, *_ = prepared("student_t")
    long = preprocessor.encode(Examples({"series": [series("a")]}), training=True)
    # The same rows as a shorter history: forecast from where the longer one predicts row 6.
    shorter = dataclasses.replace(long.settings, shortest_history=6)
    short = dataclasses.replace(long, settings=shorter)
    whole, _, _ = window_batch(long, np.array([0]))
    part, _, _ = window_batch(short, np.array([0]))
    assert (whole["length"].numpy(), part["length"].numpy()) == (10, 6)
    inside = model(whole)["distribution"][:, 6:10]
    ahead = model(part)["distribution"][:, 10:14]
    np.testing.assert_allclose(inside, ahead, atol=1e-5)


@pytest.mark.full(default=1)
@pytest.mark.parametrize("name", ["points", "student_t"])
def test_what_is_served_is_what_python_says(name, tmp_path):
    task, preprocessor, model, *_ = prepared(name)
    version = export.export(task, preprocessor, model, tmp_path)
    loaded = tf.saved_model.load(str(version))
    tensors = preprocessor.to_tensors(Examples({"series": [series("a", first_target=30)]}))
    expected = task.serving(preprocessor, model).function(tensors)
    answers = loaded.signatures["serving_default"](**tensors)
    assert set(answers) == set(expected)
    for name, value in answers.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-5)
    for function in loaded.signatures.values():
        export.check_servable(function)
    assert set(loaded.signatures) == {"serving_default", "step"}


def test_a_schedule_moves_how_often_the_decoder_is_fed_its_own_values():
    task, preprocessor, *_ = prepared("points")
    model = task.build_model(preprocessor)
    ((callback,),) = (phase.callbacks for phase in task.phases(preprocessor, model, None))
    callback.set_params({"epochs": 2, "steps": 5})
    callback.set_model(model)
    callback.on_train_begin()
    callback.update(5)
    assert float(model.get_layer("decoder").sampling_probability) == pytest.approx(0.4)


def test_fed_its_own_values_it_is_not_told_the_future():
    _, _, model, forecast, encoded = prepared("points")
    features, before, _ = window_batch(encoded, np.arange(5))
    other = {**features, "future_values": features["future_values"] + 1.0}
    decoder = model.get_layer("decoder")
    for probability, told in ((1.0, False), (0.0, True)):
        decoder.sampling_probability.assign(probability)
        one, two = (model(x, training=True)["forecast"].numpy() for x in (features, other))
        assert np.allclose(one, two, atol=1e-6) != told
        if not told:
            np.testing.assert_allclose(one, forecast(before)["forecast"], atol=1e-5)


def test_quantiles_of_paths_are_hazens():
    paths = np.random.default_rng(0).normal(size=(2, 3, 25)).astype("float32")
    levels = [0.025, 0.1, 0.5, 0.77, 0.975]
    expected = np.quantile(paths, levels, axis=-1, method="hazen").transpose(1, 2, 0)
    np.testing.assert_allclose(path_quantiles(paths, levels), expected, atol=1e-6)


@pytest.mark.parametrize("value", [3.5, -1.0])
def test_what_is_no_count_is_refused(value):
    task, *_ = prepared("counts")
    whole = series("a")
    whole.target[9] = value
    with pytest.raises(UserError, match=r"series a has .*: choose student_t or normal"):
        task.build_preprocessor(Examples({"series": [whole]}))
