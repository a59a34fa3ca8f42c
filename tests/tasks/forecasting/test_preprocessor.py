"""Series as the model reads them: the graph and the training batches agree, scales are learned."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.data.examples import Examples
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.forecasting.data.series import Series
from seqsuite.tasks.forecasting.preprocessor import SeriesPreprocessor
from seqsuite.tasks.forecasting.time_axis import step_numbers

HOUR = 3600


def series(name="a", rows=30, scale=1.0, level=0.0, seed=0, first_target=0, **columns):
    generator = np.random.default_rng([seed, len(name)])
    target = level + scale * generator.normal(size=rows)
    target[::7] = np.nan
    times = 1_700_000_000 // HOUR * HOUR + HOUR * np.arange(rows)
    return Series(name, times, target, first_target=first_target, frequency="1h", **columns)


def columns(rows=30):
    generator = np.random.default_rng(1)
    wind = generator.choice(["NW", "SE", ""], rows).astype(object)
    known = {"temperature": generator.normal(size=rows), "wind": wind}
    known["temperature"][3] = np.nan
    plan = {"price": generator.normal(size=rows), "holiday": (np.arange(rows) % 7).astype(float)}
    return {"covariates": {**known, **plan}, "static": {"city": "Bonn", "size": 3.0}}


ROLES = {
    "past": ["temperature", "wind"],
    "future": ["price", "holiday"],
    "static": ["city", "size"],
}


def adapted(*given, context=6, ahead=4, **settings):
    preprocessor = SeriesPreprocessor(context, ahead, **settings)
    preprocessor.adapt(Examples({"series": list(given)}))
    return preprocessor


def test_scales_come_from_training_rows():
    one, other = series("a", scale=3.0, level=100.0), series("bb", scale=0.1, level=-5.0)
    preprocessor = adapted(one, other, season_steps=2)
    assert preprocessor.centers == pytest.approx([np.nanmean(s.target) for s in (one, other)])
    assert preprocessor.scales == pytest.approx([np.nanstd(s.target) for s in (one, other)])
    longer = series("a", rows=40, scale=3.0, level=100.0, first_target=35)
    difference = np.abs(longer.target[2:35] - longer.target[:33])
    scales = preprocessor.scales_of([longer])
    assert scales.center.tolist() == preprocessor.centers[:1]
    assert scales.naive_error[0] == pytest.approx(np.nanmean(difference))


@pytest.mark.parametrize("first_target", [2, 6, 20])
def test_the_served_graph_reads_what_training_reads(first_target):
    train = series(rows=20, scale=4.0, level=50.0, **columns(20))
    test = series(rows=30, scale=4.0, level=50.0, first_target=first_target, **columns(30))
    preprocessor = adapted(train, covariates=ROLES)
    examples = Examples({"series": [test]})
    encoded = preprocessor.encode(examples)
    window = encoded.batch(np.array([0]))
    served = preprocessor(preprocessor.to_tensors(examples))
    assert encoded.locate(np.array([0]))[1] == first_target
    for name, value in window.items():
        np.testing.assert_allclose(served[name], value, rtol=1e-6, err_msg=name)


def test_a_series_training_did_not_know_is_measured_by_its_own_history():
    preprocessor = adapted(series("a"))
    new = series("new", scale=1e6, level=1e9, first_target=6)
    served = preprocessor(preprocessor.to_tensors(Examples({"series": [new]})))
    known = new.target[:6][np.isfinite(new.target[:6])]
    assert served["series_index"].numpy().tolist() == [0]
    np.testing.assert_allclose(served["center"], [known.mean()])
    np.testing.assert_allclose(served["scale"], [known.std()])
    assert preprocessor.scales_of([new]).center.tolist() == [pytest.approx(known.mean())]


@pytest.mark.parametrize("size", [1e-300, 1e-30, 1.0, 1e30, 1e300])
@pytest.mark.parametrize("kind", ["noise", "constant", "nothing"])
def test_any_size_of_numbers_is_standardized_to_finite_ones(size, kind):
    history = {
        "noise": size * np.array([[1.0, -2.0, 3.0, np.nan]]),
        "constant": np.full((1, 4), size),
        "nothing": np.full((1, 4), np.nan),
    }[kind]
    for name in ("a", "new"):
        features = {
            "history": history,
            "length": tf.constant([4]),
            "end": tf.constant([0], tf.int64),
            "unique_id": tf.constant([name]),
        }
        encoded = adapted(series("a"))(features)
        for value in encoded.values():
            assert np.isfinite(tf.cast(value, tf.float64)).all()
        if name == "new" and kind == "noise":
            assert np.abs(encoded["history"]).max() == pytest.approx(1.29, abs=0.01)


def test_what_was_learned_is_saved_and_loaded(tmp_path):
    preprocessor = adapted(series(**columns()), covariates=ROLES)
    preprocessor.offsets = [[0.5, 1.0]] * 4
    preprocessor.save_to(tmp_path)
    loaded = Preprocessor.load_from(tmp_path)
    before, after = (
        json.dumps(keras.saving.serialize_keras_object(p)["config"]) for p in (preprocessor, loaded)
    )
    assert before == after
    examples = Examples({"series": [series(**columns())]})
    for name, value in preprocessor(preprocessor.to_tensors(examples)).items():
        np.testing.assert_array_equal(loaded(loaded.to_tensors(examples))[name], value)


def test_names_that_training_did_not_know_have_an_id_of_their_own():
    preprocessor = adapted(series(**columns()), covariates=ROLES)
    wind = np.array(["NW", "SE", "", "from behind"], object)
    plan = {"price": np.zeros(4), "holiday": np.zeros(4)}
    new = Series(
        "a",
        HOUR * np.arange(4),
        np.zeros(4),
        covariates={"temperature": np.zeros(4), "wind": wind, **plan},
        static={"city": "Paris", "size": 1.0},
        frequency="1h",
    )
    encoded = preprocessor.encode(Examples({"series": [new]})).covariates
    assert encoded["past_category_ids"][:, 0].tolist() == [2, 3, 0, 1]
    assert encoded["static_category_ids"].tolist() == [[1]]


def test_months_are_numbered_as_the_calendar_has_them():
    months = np.arange("1890-01", "2110-01", dtype="datetime64[M]")
    for offset in (0, 27):
        seconds = months.astype("datetime64[D]").astype(np.int64) * 86_400 + offset * 86_400
        found = step_numbers(seconds, "1MS").numpy()
        np.testing.assert_array_equal(found, months.astype(np.int64))
    quarters = step_numbers(np.int64([0, 31 * 86_400, 92 * 86_400]), "3MS")
    assert quarters.numpy().tolist() == [0, 0, 1]


def test_steps_before_1970_are_negative():
    assert step_numbers(np.int64([-1, 0, 3600]), "1h").numpy().tolist() == [-1, 0, 1]
    assert step_numbers(np.int64([5]), "").numpy().tolist() == [5]


@pytest.mark.parametrize(("names", "index"), [(["a"], 1), (["a", "bb"], 0)])
def test_a_series_without_a_name_is_the_only_one_that_training_knew(names, index):
    layer = SeriesPreprocessor(10, 4)
    layer.adapt(Examples({"series": [series(name).part(30) for name in names]}))
    tensors = layer.to_tensors(Examples({"series": [series("a", first_target=30)]}))
    for unique_id, expected in (("a", 1), ("", index), ("other", 0)):
        encoded = layer(tensors | {"unique_id": tf.constant([unique_id])})
        assert encoded["series_index"].numpy().tolist() == [expected]
