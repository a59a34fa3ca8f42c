"""The report of ``python -m seqsuite diagnose``: gradients, gates and kernels of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tensorflow import Tensor

from seqsuite.data.batching import batch_dataset
from seqsuite.data.writing import write_text
from seqsuite.diagnostics import (
    Finding,
    Measurement,
    Probe,
    StateJacobian,
    diagnose,
    jacobian_of_call,
    layer_inputs,
    recurrent_layers,
    recurrent_spectrum,
)
from seqsuite.task import Task
from seqsuite.training import report, runs
from seqsuite.training.runs import Run
from seqsuite.training.splits import encode_training, load_splits
from seqsuite.training.trainer import targets_of_losses

# Rows and steps over which Jacobians are measured; each costs a matrix as wide as the state.
_JACOBIAN_ROWS, _JACOBIAN_LAG = 4, 50


def write(task: Task, run_dir: Path, examples: int, output: Path) -> None:
    """Measure a run on validation examples, print the findings and write the report.

    Args:
        task: The configured task.
        run_dir: The run.
        examples: Validation examples to measure.
        output: Folder of the report.
    """
    run = runs.load(task, run_dir)
    x, y = _validation_batch(run, examples)
    measured = Probe(run.model)(x, y)
    findings = diagnose(measured.flow, measured.gates)
    jacobians = _jacobians(run, x)
    output.mkdir(parents=True, exist_ok=True)
    _write(output, run, measured, jacobians, findings)
    for finding in findings:
        print(finding.message)
    if measured.unwatched:
        print(f"Not seen, as they run step by step in a loop: {', '.join(measured.unwatched)}.")
    print(f"Report: {output / 'report.md'}")


def _validation_batch(run: Run, examples: int) -> tuple[Any, Any]:
    """Return one batch of validation examples of middle length, and the targets of the losses."""
    splits = load_splits(run.task)
    _, encoded = encode_training(run.preprocessor, splits)
    batches = [rows[:examples] for rows in encoded.plan(run.task.config.training)]
    middle = sorted(batches, key=encoded.count)[len(batches) // 2]
    x, y, *_ = next(iter(batch_dataset(encoded, [middle])))
    return x, targets_of_losses(run.model, y)


def _jacobians(run: Run, x: Tensor) -> dict[str, StateJacobian]:
    jacobians = {}
    for name, call in layer_inputs(run.model, x).items():
        call = call.longest_rows(_JACOBIAN_ROWS)
        longest = int(call.mask.numpy().sum(axis=0).max(initial=0))
        if longest > 1:
            # The first step starts from the initial state, which is the same for all rows.
            jacobians[name] = jacobian_of_call(call, min(_JACOBIAN_LAG, longest - 1), num_values=4)
    return jacobians


def _write(
    output: Path,
    run: Run,
    measured: Measurement,
    jacobians: dict[str, StateJacobian],
    findings: list[Finding],
) -> None:
    measured.flow.plot(output / "gradient_flow.png")
    measured.gates.plot(output / "gates.png")
    for name, jacobian in jacobians.items():
        jacobian.plot(output / f"jacobian_{_file_name(name)}.png", name)
    spectra = {
        name: {
            gate: {"spectral_radius": radius, "largest_singular_value": largest}
            for gate, (radius, largest) in recurrent_spectrum(layer).items()
        }
        for name, layer in recurrent_layers(run.model).items()
    }
    flows = {
        name: {
            "steps": layer.length,
            "reach_1_percent": layer.reach(0.01),
            "reach_10_percent": layer.reach(0.1),
            "norms": layer.mean(),
            "relative": layer.relative(),
        }
        for name, layer in measured.flow.layers.items()
    }
    record = {
        "task": run.task.spec.name,
        "loss": measured.loss,
        "findings": [{"kind": f.kind, "message": f.message} for f in findings],
        "unwatched": measured.unwatched,
        "gradient_flow": flows,
        "gates": measured.gates.rows(),
        "jacobian_norms": {
            name: {"lags": jacobian.lags} | {s: jacobian.norm(s) for s in jacobian.singular_values}
            for name, jacobian in jacobians.items()
        },
        "recurrent_kernels": spectra,
    }
    report.write_json(output / "diagnostics.json", record)
    text = _markdown(record, sorted(path.name for path in output.glob("*.png")))
    write_text(output / "report.md", text)


def _file_name(layer: str) -> str:
    return "".join(c if c.isalnum() or c in "_-" else "_" for c in layer)


def _markdown(record: dict[str, Any], pictures: list[str]) -> str:
    lines = [f"# Training dynamics: {record['task']}", ""]
    lines += [f"- {finding['message']}" for finding in record["findings"]]
    lines += ["", "## How far back the end of the loss reaches", ""]
    lines += ["| layer | steps | to 10 % | to 1 % |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {name} | {row['steps']} | {row['reach_10_percent']} | {row['reach_1_percent']} |"
        for name, row in record["gradient_flow"].items()
    ]
    lines += ["", "## Gates", ""]
    lines += ["| layer | gate | mean | near its lower end | near its upper end | remembers |"]
    lines += ["| --- | --- | --- | --- | --- | --- |"]
    for row in record["gates"]:
        steps = row.get("memory_steps_median")
        memory = "" if steps is None else f"{steps:.1f} steps (median unit)"
        lines.append(
            f"| {row['layer']} | {row['gate']} | {row['mean']:.3f} | {row['share_low']:.1%} | "
            f"{row['share_high']:.1%} | {memory} |"
        )
    lines += ["", "## Recurrent kernels", ""]
    lines += ["| layer | gate | spectral radius | largest singular value |"]
    lines += ["| --- | --- | --- | --- |"]
    for name, gates in record["recurrent_kernels"].items():
        for gate, row in gates.items():
            radius, largest = row["spectral_radius"], row["largest_singular_value"]
            lines.append(f"| {name} | {gate} | {radius:.3f} | {largest:.3f} |")
    lines += ["", "## Pictures", ""]
    lines += [f"![{name}]({name})" for name in pictures]
    return "\n".join(lines) + "\n"
