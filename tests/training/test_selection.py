"""The epoch whose weights are kept."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from seqsuite.config import BucketTrainingConfig
from seqsuite.data.batching import EncodedExamples
from seqsuite.metrics.metric import Metric
from seqsuite.training.model_runner import ValidationLoss
from seqsuite.training.run_progress import Progress
from seqsuite.training.selection import Selection
from seqsuite.training.weight_average import WeightAverage

X = np.array([1.0, 2.0, 3.0], np.float32)[:, None]
VALIDATION = EncodedExamples({"x": X}, np.zeros_like(X), np.ones(3, np.int64))


def model_and_selection(path, lower_is_better=False, decay=0.0):
    """A model of one weight w, whose validation loss is 14/3 w²."""
    inputs = keras.Input((1,), name="x")
    outputs = keras.layers.Dense(1, use_bias=False)(inputs)
    model = keras.Model({"x": inputs}, outputs)
    model.compile("sgd", "mse")
    training = BucketTrainingConfig()
    selection = Selection(
        Metric("score", lower_is_better, selects=True),
        WeightAverage(model.trainable_variables, decay),
        ValidationLoss(model, training),
        path / "best.npz",
        training,
    )
    return model, selection


def selected(path, epochs, **arguments):
    """Return the weight that is kept after epochs of (score, weight), and the progress."""
    model, selection = model_and_selection(path, **arguments)
    progress = Progress()
    for score, weight in epochs:
        model.set_weights([np.array([[weight]])])
        selection.update(progress, {"val_score": score}, VALIDATION)
        assert model.get_weights()[0] == weight
    selection.load()
    return float(model.get_weights()[0][0, 0]), progress


def test_the_validation_loss_is_the_mean_over_examples(tmp_path):
    model, selection = model_and_selection(tmp_path)
    model.set_weights([np.array([[3.0]])])
    assert selection.loss(VALIDATION) == pytest.approx(14 / 3 * 9)


@pytest.mark.parametrize("lower_is_better", [False, True])
def test_epochs_of_the_same_score_are_told_apart_by_their_loss(tmp_path, lower_is_better):
    epochs = [(0.0, 3.0), (0.0, 1.0), (0.0, 2.0)]
    weight, progress = selected(tmp_path, epochs, lower_is_better=lower_is_better)
    assert weight == 1.0
    assert progress.best_loss == pytest.approx(14 / 3)
    # The loss is no progress of the metric.
    assert progress.stale_epochs == 2


def test_a_better_score_wins_though_its_loss_is_higher(tmp_path):
    epochs = [(0.0, 2.0), (0.0, 1.0), (1e-12, 5.0), (1e-12, 4.0), (0.0, 0.1)]
    weight, progress = selected(tmp_path, epochs)
    assert weight == 4.0
    assert progress.stale_epochs == 2


def test_without_a_tie_no_loss_is_computed(tmp_path, monkeypatch):
    monkeypatch.setattr(ValidationLoss, "__call__", lambda *_: pytest.fail("computed"))
    weight, progress = selected(tmp_path, [(0.25, 1.0), (0.5, 2.0), (0.125, 0.0)])
    assert weight == 2.0
    assert progress.best_loss is None


def test_scores_that_are_no_numbers_are_no_tie(tmp_path):
    nan, infinite = float("nan"), float("inf")
    epochs = [(nan, 1.0), (infinite, 1.0), (0.5, 2.0), (nan, 0.0)]
    weight, _ = selected(tmp_path, epochs, lower_is_better=True)
    assert weight == 2.0


def test_the_averaged_weights_are_compared_and_kept(tmp_path):
    model, selection = model_and_selection(tmp_path, decay=0.5)
    progress = Progress()
    (average,) = selection.average._averages
    for present, mean in ((1.0, 3.0), (9.0, 2.0)):
        model.set_weights([np.array([[present]])])
        average.assign([[mean]])
        selection.update(progress, {"val_score": 0.0}, VALIDATION)
    assert model.get_weights()[0] == 9.0
    selection.load()
    assert model.get_weights()[0] == 2.0
