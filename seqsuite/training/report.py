"""Reports of a run: tables, history, mistakes and the model card."""

from __future__ import annotations

import csv
import importlib.metadata
import io
import json
import math
import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from seqsuite import __version__
from seqsuite.data.writing import write_text
from seqsuite.metrics.metric import Metrics


def to_json(value: object, indent: int | None = None) -> str:
    """Return ``value`` as JSON; NaN and infinity become null.

    Args:
        value: Dicts, lists, strings, numbers (NumPy's too), paths.
        indent: Spaces per level; one line when None.

    Returns:
        The text.

    Example:
        >>> to_json({"accuracy": 0.5, "roc_auc": float("nan")})
        '{"accuracy": 0.5, "roc_auc": null}'
    """
    return json.dumps(_jsonable(value), ensure_ascii=False, indent=indent, allow_nan=False)


def write_json(path: str | Path, value: object) -> None:
    """Write ``value`` as indented JSON; the file is replaced atomically.

    Args:
        path: The file.
        value: As for :func:`to_json`.
    """
    write_text(path, to_json(value, indent=2) + "\n")


def write_history(path: str | Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write one csv line per epoch; the file is replaced atomically.

    Args:
        path: The file.
        rows: One dict per epoch. Columns are the union of their keys, in order of appearance.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, buffer.getvalue())


def write_mistakes(path: str | Path, mistakes: Iterable[dict[str, Any]]) -> None:
    """Write wrong answers as one JSON object a line; the file is replaced atomically.

    Args:
        path: The file.
        mistakes: JSON records, most confident errors first.
    """
    write_text(path, "".join(to_json(mistake) + "\n" for mistake in mistakes))


def results_table(
    rows: dict[str, dict[str, float]],
    keys: Sequence[str],
    metrics: Metrics,
) -> str:
    """Return an aligned table of models and metrics; the best of each metric is starred.

    Args:
        rows: Model -> metric -> value; our model first.
        keys: Metrics to show, the deciding one first.
        metrics: Definitions of the metrics.

    Returns:
        The table, followed by a line if a baseline wins in the first metric.

    Example:
        >>> print(results_table({"ours": {"accuracy": 0.5}, "naive": {"accuracy": 0.75}},
        ...                     ["accuracy"], Metrics()))
        model  accuracy
        ours     0.5000
        naive    0.7500*
        <BLANKLINE>
        A baseline wins: naive has accuracy 0.7500, ours 0.5000.
    """
    best = {key: _best(rows, key, metrics) for key in keys}
    # Long names such as calibration_error are stacked, so that a table fits a terminal.
    titles = [key.split("_") for key in keys]
    height = max(map(len, titles), default=1)
    cells = [["model" if level == height - 1 else ""] for level in range(height)]
    for title in titles:
        padded = [""] * (height - len(title)) + title
        for level, word in enumerate(padded):
            cells[level].append(word + " ")
    for name, row in rows.items():
        shown = [f"{_number(row, key)}{'*' if name in best[key] else ' '}" for key in keys]
        cells.append([name, *shown])
    widths = [max(len(line[column]) for line in cells) for column in range(len(keys) + 1)]
    lines = []
    for first, *others in cells:
        rest = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *rest]).rstrip())
    verdict = _verdict(rows, keys[0], best[keys[0]]) if rows and keys else ""
    return "\n".join(lines + (["", verdict] if verdict else []))


def write_model_card(
    path: str | Path,
    *,
    task: str,
    summary: str,
    source: str,
    result: dict[str, Any],
    config_text: str,
    command: str,
    seconds: float,
    num_weights: int,
    metrics: Metrics,
) -> None:
    """Write a model card in Markdown.

    Args:
        path: The file.
        task: Name of the task.
        summary: Noun phrase for the task.
        source: Source of the examples.
        result: ``metrics``, ``baseline`` (model -> metrics) and ``examples`` of the test split, and
            ``protocol`` (metric -> text) where there is one.
        config_text: The whole configuration as TOML.
        command: The command that made the run.
        seconds: Wall time.
        num_weights: Number of the model's weights.
        metrics: Definitions of the metrics.

    Reference:
        Mitchell et al., "Model Cards for Model Reporting", 2019, https://arxiv.org/abs/1810.03993
    """
    values = result["metrics"]
    keys = [key for key in values if "/" not in key and not is_interval_end(key)]
    rows = {"this model": values, **result.get("baseline", {})}
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}"
        for name in ("tensorflow", "keras", "scikit-learn", "numpy")
    )
    sections = [
        f"# Model card: {task} on {source}",
        f"**Intended use.** {summary[:1].upper()}{summary[1:]}, on inputs like those it was "
        f"trained on (`{source}`). The scores below hold for that source's test split only.",
        "## Training",
        f"```\n{command.strip()}\n```",
        f"{num_weights:,} weights; {seconds:.0f} seconds in all on {os.cpu_count()} processor "
        f"cores ({platform.machine()}), Python {platform.python_version()}, "
        f"seqsuite {__version__}, {versions}. Weights, and what calibrates the answers, were "
        f"selected on validation examples; the test split "
        f"({result['examples']:,} examples) was read once, at the end.",
        "## Results",
        _markdown_table(rows, keys, metrics=metrics),
        _verdict(rows, keys[0], _best(rows, keys[0], metrics)) if keys else "",
        _intervals(values),
        "\n".join(f"- {key}: `{text}`" for key, text in result.get("protocol", {}).items()),
        _per_label(values),
        _calibration(values),
        "## Limits",
        "It learned from one source, as its authors recorded it, and with the biases of both. It "
        "answers every input, including ones unlike all that it saw (another language, subject or "
        "time); a probability or an interval is then no measure of doubt. Read `mistakes.jsonl`, "
        "where the run wrote one, before relying on it: the worst of its wrong answers come first.",
        "## How to use it",
        f"```\npython -m seqsuite.tasks.{task} export --run_dir {Path(path).parent}\n"
        f"python -m seqsuite.tasks.{task} predict --model saved_models/{task} ITEM ...\n```",
        "## Configuration",
        f"```toml\n{config_text.strip()}\n```",
    ]
    write_text(path, "\n\n".join(section for section in sections if section) + "\n")


def intervals(metrics: dict[str, Any]) -> dict[str, str]:
    """Return the intervals among metrics, as text.

    Args:
        metrics: Metrics; ``<name>_low`` and ``<name>_high`` are the ends of an interval.

    Example:
        >>> intervals({"accuracy": 0.5, "accuracy_low": 0.4, "accuracy_high": 0.6})
        {'accuracy': '0.4000 to 0.6000'}
    """
    names = [name for name in metrics if {f"{name}_low", f"{name}_high"} <= set(metrics)]
    return {n: f"{metrics[f'{n}_low']:.4f} to {metrics[f'{n}_high']:.4f}" for n in names}


def is_interval_end(name: str) -> bool:
    """Return whether a metric is an end of an interval, not a score."""
    return name.endswith(("_low", "_high"))


def _intervals(metrics: dict[str, Any]) -> str:
    return "\n".join(
        f"95 % bootstrap interval of this model's {name}: {ends}."
        for name, ends in intervals(metrics).items()
    )


def _per_label(metrics: dict[str, Any]) -> str:
    """Return precision, recall and F1 of each label as a table, or nothing."""
    labels: dict[str, dict[str, Any]] = {}
    for key, value in metrics.items():
        score, slash, label = key.partition("/")
        if slash:
            labels.setdefault(label, {})[score] = value
    columns = list(dict.fromkeys(score for row in labels.values() for score in row))
    return _markdown_table(labels, columns, "label") if labels else ""


def _calibration(metrics: dict[str, Any]) -> str:
    if metrics.get("calibration_error") is None:
        return ""
    before = metrics.get("calibration_error_unscaled")
    change = f" (before temperature scaling {before:.4f})" if before is not None else ""
    return (
        f"**Calibration.** On average a probability is off by {metrics['calibration_error']:.4f}"
        f"{change}: the expected calibration error in 15 bins, after a temperature fitted on "
        "validation examples."
    )


def _markdown_table(
    rows: dict[str, dict[str, Any]],
    keys: Sequence[str],
    corner: str = "model",
    metrics: Metrics | None = None,
) -> str:
    best = {key: [] if metrics is None else _best(rows, key, metrics) for key in keys}
    lines = [f"| {corner} | " + " | ".join(keys) + " |", "| --- " + "| ---: " * len(keys) + "|"]
    for name, row in rows.items():
        shown = [
            f"**{_number(row, key)}**" if name in best[key] else _number(row, key) for key in keys
        ]
        lines.append(f"| {name.replace('|', chr(92) + '|')} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def _has_value(row: dict[str, Any], key: str) -> bool:
    return row.get(key) is not None and not math.isnan(row[key])


def _number(row: dict[str, Any], key: str) -> str:
    return f"{row[key]:.4f}" if _has_value(row, key) else "-"


def _best(rows: dict[str, dict[str, Any]], key: str, metrics: Metrics) -> list[str]:
    """Return the rows with the best printed value; ties count.

    A value that only one of several rows has is not marked.
    """
    values = {name: round(row[key], 4) for name, row in rows.items() if _has_value(row, key)}
    metric = metrics[key]
    if not values or (len(rows) > 1 and len(values) == 1) or metric.descriptive:
        return []
    best = min(values.values()) if metric.lower_is_better else max(values.values())
    return [name for name, value in values.items() if value == best]


def _verdict(rows: dict[str, dict[str, Any]], key: str, best: Sequence[str]) -> str:
    ours = next(iter(rows))
    if not best or ours in best:
        return ""
    return (
        f"A baseline wins: {best[0]} has {key} {_number(rows[best[0]], key)}, "
        f"ours {_number(rows[ours], key)}."
    )


def _jsonable(value: object) -> Any:
    if isinstance(value, dict):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if hasattr(value, "tolist"):
        return _jsonable(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
