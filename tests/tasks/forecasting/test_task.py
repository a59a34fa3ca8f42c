"""Forecasting as a task: what is trained, scored and served is the same, and sees no future."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.metrics.metric import Metrics
from seqsuite.serving.signatures import zeros
from seqsuite.tasks.forecasting.backtest.rolling import assert_no_leak
from seqsuite.tasks.forecasting.data.series import Series
from seqsuite.tasks.forecasting.models.architectures import forecast_function
from seqsuite.tasks.forecasting.predictor import conformal_offsets
from seqsuite.tasks.forecasting.quantile_levels import QUANTILE_LEVELS
from tests.layers.training_steps import build_for_training
from tests.tasks.forecasting.forecasters import COVARIATES, HOUR, built, series

VARIANTS = {
    "plain": {},
    "cycle": {"model": {"cycle_length": 6, "scaling": "revin", "mean_reversion": True}},
    "calendar": {"model": {"calendar": True, "scaling": "last_deviation", "linear": True}},
    "quantiles": {
        "model": {"output": "quantiles", "ridge_share": 0.5, "series_embedding_size": 3},
        "evaluation": {"intervals": "calibrated"},
    },
    "covariates": {"data": COVARIATES, "model": {"scaling": "mean_abs"}},
    "encoder_decoder": {
        "data": COVARIATES,
        "model": {"architecture": "encoder_decoder", "output": "quantiles", "calendar": True},
        "evaluation": {"intervals": "calibrated"},
    },
    "student_t": {
        "data": {"future_covariates": "plan", "static_covariates": "city"},
        "model": {"architecture": "autoregressive", "num_paths": 20, "cycle_length": 6},
        "evaluation": {"intervals": "model"},
    },
    "counts": {
        "model": {
            "architecture": "autoregressive",
            "distribution": "negative_binomial",
            "scaling": "mean_abs",
            "num_paths": 20,
        },
        "evaluation": {"intervals": "calibrated"},
    },
}


AUTOREGRESSIVE = {"architecture": "autoregressive"}
COUNTS = {**AUTOREGRESSIVE, "distribution": "negative_binomial"}


@pytest.fixture(scope="module", params=VARIANTS)
def variant(request):
    return built(**VARIANTS[request.param])


def answered(server, requests):
    return {name: value.numpy() for name, value in server(requests).items()}


@pytest.mark.full(default=2)
def test_served_forecasts_are_those_that_are_scored(variant):
    task, preprocessor, model = variant
    examples = Examples({"series": [series("a", first_target=30), series("bb", first_target=33)]})
    encoded = preprocessor.encode(examples)
    first = np.array([0, np.flatnonzero(encoded.locate(np.arange(encoded.num_windows))[0] == 1)[0]])
    features = {name: tf.constant(value) for name, value in encoded.batch(first).items()}
    outputs = forecast_function(preprocessor, model, task.config.model)(features, training=False)
    server = task.serving(preprocessor, model).function
    answers = answered(server, preprocessor.to_tensors(examples))
    np.testing.assert_allclose(
        answers["mean"], encoded.in_units(first, outputs["forecast"].numpy()), rtol=1e-5
    )
    predictor = task.build_predictor(preprocessor, model, final=True)
    quantiles = predictor.quantiles({name: value.numpy() for name, value in outputs.items()})
    np.testing.assert_allclose(answers["quantiles"], encoded.in_units(first, quantiles), rtol=1e-5)
    assert (np.diff(answers["quantiles"], axis=-1) >= 0).all()
    assert answers["quantiles"].shape == (2, 4, len(QUANTILE_LEVELS))


@pytest.mark.full(default=2)
def test_series_that_training_did_not_know_are_scored_as_they_are_served(variant):
    task, preprocessor, model = variant
    unknown = Examples({"series": [series("unknown", first_target=30)]})
    answers = answered(task.serving(preprocessor, model).function, preprocessor.to_tensors(unknown))
    predictor = task.build_predictor(preprocessor, model, final=True)
    shown = predictor(preprocessor.encode(unknown))["shown"]
    ends = [fan.history[-1] for fan in shown]
    fan = shown[int(np.argmin(np.abs(np.array(ends) - series("unknown").target[29])))]
    assert fan.history[-1] == pytest.approx(series("unknown").target[29], rel=1e-5)
    np.testing.assert_allclose(answers["mean"][0], fan.mean, rtol=1e-4)
    np.testing.assert_allclose(answers["quantiles"][0], fan.quantiles, rtol=1e-4)


@pytest.mark.full
def test_intervals_of_series_that_training_did_not_know_cover_what_they_say():
    generator = np.random.default_rng(0)

    def walks(prefix, count, first_target):
        values = np.cumsum(generator.normal(size=(count, 60)), axis=1)
        steps = HOUR * np.arange(60)
        return [
            Series(f"{prefix}{i}", steps, row, first_target=first_target, frequency="1h")
            for i, row in enumerate(values)
        ]

    task, _, _ = built()
    known = walks("known", 60, 40)
    preprocessor = task.build_preprocessor(Examples({"series": [one.part(40) for one in known]}))
    model = task.build_model(preprocessor)  # untrained: coverage holds whatever the forecasts are
    encoded = preprocessor.encode(Examples({"series": known}))
    task.calibrate(preprocessor, task.build_predictor(preprocessor, model)(encoded), None)
    server = task.serving(preprocessor, model).function
    fresh = walks("fresh", 300, 50)
    quantiles = answered(server, preprocessor.to_tensors(Examples({"series": fresh})))["quantiles"]
    truth = np.array([one.target[50:54] for one in fresh])
    low, high = (quantiles[..., QUANTILE_LEVELS.index(level)] for level in (0.1, 0.9))
    assert np.mean((truth >= low) & (truth <= high)) == pytest.approx(0.8, abs=0.06)


@pytest.mark.full(default=2)
def test_steps_forecast_as_the_whole_history_does(variant):
    task, preprocessor, model = variant
    server = task.serving(preprocessor, model).function
    whole = series("a", first_target=14)
    inputs = task.serving(preprocessor, model).signatures["step"]
    states = zero_states(inputs)
    for row in range(14):
        fed = {
            "observation": tf.constant([whole.target[row]], tf.float64),
            "end": tf.constant([whole.timestamps[row]], tf.int64),
            "unique_id": tf.constant(["a"]),
        }
        fed |= covariate_rows(whole, row, inputs)
        answer = server({**fed, **states})
        states = {name: value for name, value in answer.items() if name in states}
    part = Examples({"series": [whole]})
    expected = answered(server, preprocessor.to_tensors(part))
    for name, value in expected.items():
        np.testing.assert_allclose(answer[name], value, rtol=1e-6)


def zero_states(inputs):
    return {
        name: tf.constant(zeros(one, rows=1))
        for name, one in inputs.items()
        if name.startswith("state_")
    }


def covariate_rows(whole, row, inputs):
    ahead = slice(row, row + 5)
    rows = {
        "past_covariates": whole.covariates["warm"][None, row : row + 1],
        "past_categories": [[whole.covariates["wind"][row]]],
        "future_covariates": whole.covariates["plan"][None, ahead, None],
        "static_categories": [["Bonn"]],
    }
    return {name: tf.constant(value) for name, value in rows.items() if name in inputs}


@pytest.mark.full(default=2)
def test_no_forecast_and_no_scale_depends_on_the_future(variant):
    task, preprocessor, model = variant
    server = task.serving(preprocessor, model).function

    def forecast(whole):
        again = task.build_preprocessor(Examples({"series": [whole.part(30)]}))
        tensors = preprocessor.to_tensors(Examples({"series": [whole]}))
        found = answered(server, tensors)
        return found["mean"], found["quantiles"], np.array(again.centers + again.scales)

    assert_no_leak(forecast, series("a", first_target=30), 30, future_covariates=("plan",))


def test_a_planted_leak_is_caught():
    task, _, _ = built()

    def leaking(whole):
        return np.array(task.build_preprocessor(Examples({"series": [whole]})).centers)

    with pytest.raises(AssertionError, match="changes"):
        assert_no_leak(leaking, series("a", first_target=30), 30)


@pytest.mark.full(default=2)
def test_a_window_alone_is_the_window_in_a_batch(variant):
    task, preprocessor, model = variant
    forecast = forecast_function(preprocessor, model, task.config.model)
    encoded = preprocessor.encode(Examples({"series": [series("a"), series("bb")]}))
    numbers = np.arange(encoded.num_windows)
    together = forecast({k: tf.constant(v) for k, v in encoded.batch(numbers).items()})
    for number in numbers[::9]:
        alone = forecast({k: tf.constant(v) for k, v in encoded.batch(numbers[[number]]).items()})
        for name, value in alone.items():
            np.testing.assert_allclose(value[0], together[name][number], atol=1e-5)


@pytest.mark.full(default=2)
def test_every_architecture_is_scored_on_the_test(variant):
    task, preprocessor, model = variant
    test = Examples({"series": [series("a", first_target=34), series("bb", first_target=34)]})
    found = task.build_predictor(preprocessor, model, final=True)(preprocessor.encode(test))
    assert np.isfinite(task.score(found, None, preprocessor)["mse"])
    steps = task.config.model.cycle_length
    assert found["cycles"].shape == (2, steps) if steps else "cycles" not in found


@pytest.mark.full
def test_every_window_of_every_horizon_is_scored():
    task, preprocessor, model = built()
    test = Examples({"series": [series("a", first_target=30), series("bb", first_target=30)]})
    encoded = preprocessor.encode(test)
    found = task.build_predictor(preprocessor, model, final=True)(encoded)
    scores = task.score(found, None, preprocessor)
    server = task.serving(preprocessor, model).function
    for horizon in (2, 4):
        errors = []
        for one in test.features["series"]:
            for origin in range(30, 40 - horizon + 1):
                part = one.part(origin)
                tensors = preprocessor.to_tensors(Examples({"series": [part]}))
                mean = server(tensors)["mean"].numpy()[0, :horizon]
                scale = preprocessor.scales[preprocessor.unique_ids.index(one.unique_id)]
                errors.append(((one.target[origin : origin + horizon] - mean) / scale) ** 2)
        assert scores[f"mse_{horizon}"] == pytest.approx(np.mean(errors), rel=1e-4)
    assert scores["mse"] == pytest.approx((scores["mse_2"] + scores["mse_4"]) / 2)
    assert len(found["shown"]) == 6


@pytest.mark.full(default=10)
@pytest.mark.parametrize("history", [[], [float("nan")], [5.0], [1e300, -1e300], [1e-300, 0.0]])
@pytest.mark.parametrize("unique_id", ["a", "never seen"])
def test_forecasts_are_always_numbers(variant, history, unique_id):
    task, preprocessor, model = variant
    inputs = task.serving(preprocessor, model).signatures["serving_default"]
    tensors = {
        "history": tf.constant([history or [0.0]], tf.float64),
        "length": tf.constant([len(history)]),
        "end": tf.constant([0], tf.int64),
        "unique_id": tf.constant([unique_id]),
    }
    count = max(1, len(history))
    sizes = {"past_covariates": (count, 1), "past_categories": (count, 1)}
    sizes |= {"future_covariates": (count + 4, 1), "static_categories": (1,)}
    for name, shape in sizes.items():
        if name in inputs:
            text = "categories" in name
            tensors[name] = tf.fill([1, *shape], "" if text else np.float64("nan"))
    for value in answered(task.serving(preprocessor, model).function, tensors).values():
        assert np.isfinite(value).all()


def test_conformal_intervals_cover_what_they_say():
    generator = np.random.default_rng(0)
    errors = generator.standard_t(3, size=(2000, 5)) * np.arange(1, 6)
    offsets = np.array(conformal_offsets(errors, np.zeros_like(errors)))
    fresh = generator.standard_t(3, size=(20_000, 5)) * np.arange(1, 6)
    low, high = QUANTILE_LEVELS.index(0.1), QUANTILE_LEVELS.index(0.9)
    inside = (fresh >= offsets[:, low]) & (fresh <= offsets[:, high])
    np.testing.assert_allclose(inside.mean(axis=0), 0.8, atol=0.03)


@pytest.mark.full
def test_the_model_learns_what_is_regular():
    keras.utils.set_random_seed(0)
    task, preprocessor, _ = built(
        model={"units": 16, "segment_length": 4, "cycle_length": 6, "dropout": 0.0},
        training={"learning_rate": 1e-2},
    )
    steps = np.arange(120)
    wave = Series("a", HOUR * steps, np.array([0.0, 1, 4, 9, 4, 1])[steps % 6], frequency="1h")
    encoded = preprocessor.encode(Examples({"series": [wave]}), training=True)
    model = task.build_model(preprocessor)
    numbers = np.arange(encoded.num_windows)
    features, targets = encoded.batch(numbers), encoded.target_batch(numbers)
    build_for_training(model)
    history = model.fit(features, {"forecast": targets}, epochs=30, verbose=0, batch_size=32)
    losses = history.history["loss"]
    assert losses[-1] < 0.1 * losses[0]


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"data": {"horizons": "2,x"}}, "numbers separated by commas"),
        ({"data": {"horizons": "8"}}, "between 1 and"),
        ({"data": {"join_validation": True}}, "not an option of this task"),
        ({"evaluation": {"intervals": "model"}}, "no quantiles of its own"),
        ({"training": {"class_weights": "balanced"}}, "not an option of this task"),
        ({"model": {"distribution": "normal"}}, "distribution is read with .* autoregressive only"),
        ({"training": {"sampling_schedule": "linear"}}, "sampling_schedule is read with .* only"),
        ({"model": {"architecture": "encoder_decoder", "linear": True}}, "segments only"),
        ({"model": {**AUTOREGRESSIVE, "output": "quantiles"}}, "segments or encoder_decoder only"),
        ({"model": {**AUTOREGRESSIVE, "num_paths": 5}}, "at least 20"),
        (
            {"model": AUTOREGRESSIVE, "training": {"loss": "huber"}},
            "loss is read with .* segments or",
        ),
        ({"model": AUTOREGRESSIVE, "data": {"past_covariates": "warm"}}, "runs on without them"),
        ({"model": COUNTS}, "choose model.scaling mean_abs"),
        ({"model": {**COUNTS, "scaling": "mean_abs", "cycle_length": 6}}, "a cycle moves"),
    ],
)
def test_settings_that_cannot_be_are_told(section, message):
    with pytest.raises(UserError, match=message):
        built(**section)


def test_an_epoch_is_chosen_by_what_series_are_compared_by():
    assert Metrics(built()[0].metrics).selecting.name == "mse"
    by_owa = built(evaluation={"owa": "hourly"})[0]
    assert Metrics(by_owa.metrics).selecting.name == "owa"
