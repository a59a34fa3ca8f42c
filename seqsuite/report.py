"""What a run leaves behind for people: tables, history, mistakes, a model card."""

from __future__ import annotations

import csv
import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqsuite import __version__


def to_json(value: Any) -> str:
    """Return ``value`` as one line of JSON."""
    return json.dumps(value, ensure_ascii=False)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON; the file is replaced whole."""
    temporary = path.with_name(path.name + ".partial")
    temporary.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def write_history(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write one csv line per epoch; columns are the union of all rows' keys, in order."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def write_mistakes(path: Path, mistakes: Sequence[dict[str, Any]]) -> None:
    """Write one JSON object per wrong answer."""
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(to_json(mistake) + "\n" for mistake in mistakes)


def results_table(
    rows: dict[str, dict[str, float]], keys: Sequence[str], lower_is_better: Sequence[str] = ()
) -> str:
    """Return an aligned table of models and metrics; the best of each metric is starred.

    Args:
        rows: Model -> metric -> value; our model first.
        keys: Metrics to show, the one that decides first.
        lower_is_better: Metrics whose smallest value is best.

    Returns:
        The table; when a baseline beats us in the first metric, a line below says so.

    Example:
        >>> print(results_table({"ours": {"accuracy": 0.5}, "naive": {"accuracy": 0.75}},
        ...                     ["accuracy"]))
        model  accuracy
        ours    0.5000
        naive   0.7500*
        <BLANKLINE>
        A baseline wins: naive has accuracy 0.7500, ours 0.5000.
    """
    best = {}
    for key in keys:
        values = [row[key] for row in rows.values() if key in row]
        if values:
            best[key] = min(values) if key in lower_is_better else max(values)
    cells = [["model", *keys]]
    for name, row in rows.items():
        shown = [
            f"{row[key]:.4f}{'*' if row[key] == best[key] else ' '}" if key in row else "- "
            for key in keys
        ]
        cells.append([name, *shown])
    widths = [max(len(row[column]) for row in cells) for column in range(len(keys) + 1)]
    lines = []
    for row in cells:
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *rest]).rstrip())
    ours = next(iter(rows))
    key = keys[0]
    winner = max(rows, key=lambda name: _signed(rows[name], key, lower_is_better))
    if winner != ours and rows[winner].get(key) != rows[ours].get(key):
        lines += [
            "",
            f"A baseline wins: {winner} has {key} {rows[winner][key]:.4f}, ours "
            f"{rows[ours][key]:.4f}.",
        ]
    return "\n".join(lines)


def write_model_card(path: Path, **facts: Any) -> None:
    """Write a model card in Markdown.

    Args:
        path: The file.
        **facts: ``task``, ``summary``, ``source``, ``result`` (of a run), ``config_text``,
            ``command``, ``seconds``, ``num_weights``.
    """
    result = facts["result"]
    keys = [key for key in result["metrics"] if "/" not in key]
    rows = {"this model": result["metrics"], **result["baseline"]}
    table = ["| model | " + " | ".join(keys) + " |", "| --- " * (len(keys) + 1) + "|"]
    for name, row in rows.items():
        shown = [f"{row[key]:.4f}" if key in row else "" for key in keys]
        table.append(f"| {name} | " + " | ".join(shown) + " |")
    per_label = [
        f"- {name}: {value:.4f}" for name, value in result["metrics"].items() if "/" in name
    ]
    versions = {name: importlib.metadata.version(name) for name in ("tensorflow", "keras")}
    text = f"""# Model card: {facts["task"]} on {facts["source"]}

**Intended use.** {facts["summary"].capitalize()}, on inputs like those of the training source.
Scores below hold for that source's test split; on other kinds of text expect less.

**Training.** `{facts["command"].strip()}`; {facts["num_weights"]:,} weights, {facts["seconds"]:.0f}
seconds on {os.cpu_count()} cores ({platform.machine()}), seqsuite {__version__}, TensorFlow
{versions["tensorflow"]}, Keras {versions["keras"]}. Selected on validation; the test split
({result["examples"]:,} examples) was read once, at the end.

## Results

{chr(10).join(table)}

{chr(10).join(per_label)}

`accuracy_low` and `accuracy_high` bound the 95 % bootstrap interval. `calibration_error` is the
expected calibration error after temperature scaling on validation.

## Limits

Trained on one source, on the labels its authors gave; biases of both are learned. The wrong
answers it was surest of are in `mistakes.jsonl`: read some before relying on it.

## Configuration

```toml
{facts["config_text"].strip()}
```
"""
    path.write_text(text, encoding="utf-8")


def _signed(row: dict[str, float], key: str, lower_is_better: Sequence[str]) -> float:
    if key not in row:
        return float("-inf")
    return -row[key] if key in lower_is_better else row[key]
