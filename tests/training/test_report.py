"""What a run writes for people and programs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from seqsuite.metrics.metric import Metric, Metrics
from seqsuite.training import report, runs

METRICS = Metrics([Metric("calibration_error", lower_is_better=True), Metric("mse", True)])


def _cells(table):
    return [line.split() for line in table.splitlines()]


def test_json_holds_plain_values_and_null_for_what_is_not_a_number(tmp_path):
    value = {"a": np.float32(0.5), "b": float("nan"), "c": [np.arange(2), np.int64(3)], "d": "é"}
    report.write_json(tmp_path / "metrics.json", value)
    text = (tmp_path / "metrics.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"a": 0.5, "b": None, "c": [[0, 1], 3], "d": "é"}
    assert "é" in text
    assert len(report.to_json(value).splitlines()) == 1


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "metrics.json"
    report.write_json(path, {"a": 1})

    def full_disk(self, text, **options):
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(OSError, match="No space"):
        report.write_json(path, {"a": 2})
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_history_has_the_columns_of_all_rows(tmp_path):
    rows = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25, "val_accuracy": 0.75}]
    report.write_history(tmp_path / "history.csv", rows)
    with open(tmp_path / "history.csv", encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == [
            {"epoch": "1", "loss": "0.5", "val_accuracy": ""},
            {"epoch": "2", "loss": "0.25", "val_accuracy": "0.75"},
        ]


def test_mistakes_are_one_json_object_a_line_in_the_given_order(tmp_path):
    mistakes = [{"text": f"two\nlines {p}", "probability": p} for p in (0.99, 0.7, 0.8)]
    report.write_mistakes(tmp_path / "mistakes.jsonl", iter(mistakes))
    lines = (tmp_path / "mistakes.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == mistakes


def test_table_stars_the_best_and_is_aligned():
    rows = {
        "ours": {"accuracy": 0.92, "calibration_error": 0.01},
        "a longer name": {"accuracy": 0.9, "calibration_error": 0.005},
    }
    table = report.results_table(rows, ["accuracy", "calibration_error"], METRICS)
    assert _cells(table) == [
        ["calibration"],
        ["model", "accuracy", "error"],
        ["ours", "0.9200*", "0.0100"],
        ["a", "longer", "name", "0.9000", "0.0050*"],
    ]
    points = [[i for i, c in enumerate(line) if c == "."] for line in table.splitlines()[2:]]
    assert points[0] == points[1]


def test_table_says_when_a_baseline_wins_and_not_when_it_ties():
    rows = {"ours": {"accuracy": 0.9}, "bag": {"accuracy": 0.91}, "most frequent": {}}
    assert report.results_table(rows, ["accuracy"], METRICS).endswith(
        "A baseline wins: bag has accuracy 0.9100, ours 0.9000."
    )
    rows["bag"]["accuracy"] = 0.900001
    assert "wins" not in report.results_table(rows, ["accuracy"], METRICS)


def test_table_of_errors_prefers_the_smallest():
    table = report.results_table({"ours": {"mse": 0.3}, "naive": {"mse": 0.2}}, ["mse"], METRICS)
    assert "0.2000*" in table
    assert table.endswith("A baseline wins: naive has mse 0.2000, ours 0.3000.")


@pytest.mark.parametrize("missing", [{}, {"roc_auc": None}, {"roc_auc": float("nan")}])
def test_table_shows_a_dash_for_what_is_unknown(missing):
    table = report.results_table({"ours": missing, "bag": {"roc_auc": 0.5}}, ["roc_auc"], METRICS)
    assert _cells(table)[2] == ["ours", "-"]


def test_every_interval_is_told_and_none_is_a_column():
    metrics = {
        "entity_f1": 0.5, "entity_f1_low": 0.41, "entity_f1_high": 0.62,
        "accuracy": 0.9, "accuracy_low": 0.88, "accuracy_high": 0.93, "very_low": 0.1,
    }  # fmt: skip
    expected = {"entity_f1": "0.4100 to 0.6200", "accuracy": "0.8800 to 0.9300"}
    assert report.intervals(metrics) == expected
    result = {"task": "pos_tagging", "metrics": metrics, "baseline": {"naive": metrics}}
    printed = runs.format_result(result, METRICS)
    for name, ends in expected.items():
        assert f"95 % bootstrap interval of our {name}: {ends}" in printed
    assert printed.splitlines()[1].split() == ["model", "f1", "accuracy"]


def test_model_card_holds_what_a_reader_needs(tmp_path):
    metrics = {
        "accuracy": 0.92,
        "accuracy_low": 0.91,
        "accuracy_high": 0.93,
        "calibration_error": 0.0123,
        "calibration_error_unscaled": 0.0456,
        "f1/good|bad": 0.9,
    }
    bag = {"accuracy": 0.95, "calibration_error": 0.02}
    report.write_model_card(
        tmp_path / "model_card.md",
        task="sentiment",
        summary="classify texts",
        metrics=METRICS,
        source="imdb",
        result={"metrics": metrics, "baseline": {"bag": bag}, "examples": 25_000},
        config_text="[data]\nsource = 'imdb'\n",
        command="python -m seqsuite.tasks.sentiment --data.source imdb ",
        seconds=61.4,
        num_weights=1_234_567,
    )
    text = (tmp_path / "model_card.md").read_text(encoding="utf-8")
    for part in (
        "# Model card: sentiment on imdb",
        "Classify texts, on inputs like those",
        "python -m seqsuite.tasks.sentiment --data.source imdb\n",
        "1,234,567 weights; 61 seconds",
        "25,000 examples",
        "| this model | 0.9200 | **0.0123** | 0.0456 |",
        "| bag | **0.9500** | 0.0200 | - |",
        "A baseline wins: bag has accuracy 0.9500, ours 0.9200.",
        "0.9100 to 0.9300",
        "| good\\|bad | 0.9000 |",
        "off by 0.0123 (before temperature scaling 0.0456)",
        "tensorflow 2.",
        "[data]\nsource = 'imdb'",
    ):
        assert part in text
