"""Learning curves are drawn for ordinary and tiny histories, and show what they are given."""

from __future__ import annotations

import pytest

from seqsuite import plotting
from seqsuite.metrics.metric import Metric, Metrics
from seqsuite.training.learning_curves import learning_curves

METRICS = Metrics([Metric("mse*", lower_is_better=True)])


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are drawn, kept for a look at what is on them."""
    figures = []
    save = plotting.save_figure
    monkeypatch.setattr(
        "seqsuite.training.learning_curves.save_figure",
        lambda figure, path: (figures.append(figure), save(figure, path))[1],
    )
    return figures


def _is_png(path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def _history(epochs, phase="train"):
    return [
        {
            "phase": phase,
            "epoch": epoch + 1,
            "loss": 0.7 / (epoch + 1),
            "learning_rate": 1e-3 * (epochs - epoch) / epochs,
            "val_accuracy": 0.8 + 0.01 * epoch,
            "val_accuracy_low": 0.7,
            "val_log_loss": 0.6 / (epoch + 1) + 0.02 * epoch,
            "val_roc_auc": None,
        }
        for epoch in range(epochs)
    ]


def _lines(axis):
    return {line.get_label(): line.get_ydata().tolist() for line in axis.get_lines()}


def test_learning_curves_show_every_epoch(tmp_path, drawn):
    history = _history(6)
    path = learning_curves(history, tmp_path / "curves.png", METRICS)
    assert _is_png(path)
    loss, validation, rate = drawn[0].axes
    assert _lines(loss)["training"] == [row["loss"] for row in history]
    assert _lines(loss)["validation"] == [row["val_log_loss"] for row in history]
    assert _lines(validation) == {"accuracy": [row["val_accuracy"] for row in history]}
    assert len(rate.get_lines()) == 1
    assert all(axis.get_xlabel() and axis.get_ylabel() for axis in drawn[0].axes)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("val_mse_96", ["loss", "error (0 is perfect)"]),
        ("val_accuracy", ["loss (nats per example)", "score (1 is perfect)"]),
    ],
)
def test_learning_curves_say_which_way_is_better(tmp_path, drawn, name, labels):
    learning_curves([{"epoch": 1, "loss": 2.0, name: 0.9}], tmp_path / "curves.png", METRICS)
    assert [axis.get_ylabel() for axis in drawn[0].axes] == labels


def test_learning_curves_keep_pre_training_apart(tmp_path, drawn):
    pretraining = [{"phase": "pretrain", "epoch": e + 1, "loss": 7.0 - e} for e in range(3)]
    learning_curves([*pretraining, *_history(2)], tmp_path / "curves.png", METRICS)
    assert _lines(drawn[0].axes[0]) == {"training": [7.0, 6.0, 5.0]}
    assert len(_lines(drawn[0].axes[1])["training"]) == 2


@pytest.mark.parametrize("history", [[], [{"epoch": 1, "loss": 0.5}], _history(1)])
def test_learning_curves_of_almost_nothing(tmp_path, history):
    assert _is_png(learning_curves(history, tmp_path / "curves.png", METRICS))
