"""The ridge inside a forecaster is the baseline's, and training leaves it alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.forecasting.baselines.rules import RidgeOnLags
from seqsuite.tasks.forecasting.scales import training_scales
from seqsuite.tasks.forecasting.windows import SeriesWindows
from tests.layers.training_steps import build_for_training
from tests.tasks.forecasting.forecasters import built, series

ROWS = 120


def whole(name):
    """A series without missing rows."""
    one = series(name, ROWS)
    return dataclasses.replace(one, target=np.nan_to_num(one.target, nan=20.0))


@pytest.fixture(scope="module")
def forecaster():
    task, preprocessor, model = built(model={"ridge_share": 1.0, "scaling": "revin"})
    train = Examples({"series": [whole("a").part(100), whole("bb").part(100)]})
    preprocessor.adapt(train)
    task.phases(preprocessor, model, train)
    return train, preprocessor, model


def test_with_all_of_the_share_it_forecasts_as_the_baseline(forecaster):
    train, preprocessor, model = forecaster
    targets = [one.target for one in train.features["series"]]
    trained, scales = SeriesWindows(targets, 24), training_scales(targets, 24)
    ridge = RidgeOnLags(preprocessor.prediction_length, preprocessor.context_length)
    assert not ridge.fit(trained, scales)
    ridge.refit(trained, scales)
    test = [series("a", ROWS, 100), series("bb", ROWS, 100)]
    encoded = preprocessor.encode(Examples({"series": test}))
    # From row 3 on, so that short histories and missing rows are among them.
    encoded = dataclasses.replace(encoded, first_targets=np.array([3, 3]))
    numbers = np.arange(encoded.num_windows)
    # The baseline also knows what came before the first row of a history.
    numbers = numbers[encoded.batch(numbers)["observed"][:, 0]]
    found = model(encoded.batch(numbers), training=False)["forecast"].numpy()
    places = encoded.locate(numbers)
    expected = ridge.forecast(SeriesWindows([one.target for one in test], 24), scales, *places)
    assert {5, 6, 20, 21, 100} <= set(places[1])
    np.testing.assert_allclose(encoded.in_units(numbers, found), expected, rtol=1e-4)


def test_training_leaves_it_alone(forecaster):
    train, preprocessor, model = forecaster
    before = [np.array(weight) for weight in model.get_layer("ridge").weights]
    encoded = preprocessor.encode(train, training=True)
    numbers = np.arange(encoded.num_windows)
    build_for_training(model)
    model.fit(encoded.batch(numbers), {"forecast": encoded.target_batch(numbers)}, verbose=0)
    for one, two in zip(before, model.get_layer("ridge").weights, strict=True):
        np.testing.assert_array_equal(one, two)


def test_series_too_short_for_a_ridge_are_named():
    task, preprocessor, model = built(model={"ridge_share": 0.5})
    train = Examples({"series": [series("a").part(3)]})
    with pytest.raises(UserError, match=r"model\.ridge_share"):
        task.phases(preprocessor, model, train)
