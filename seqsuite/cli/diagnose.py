"""``python -m seqsuite diagnose --run_dir DIR``: what the recurrent layers of a run do.

Measured on validation examples; the test split is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqsuite.cli import parsing, terminal
from seqsuite.cli.main import exit_code
from seqsuite.cli.parsing import Parser
from seqsuite.errors import UserError
from seqsuite.task import TaskSpec

if TYPE_CHECKING:
    from seqsuite.diagnostics import Finding, Measurement, StateJacobian
    from seqsuite.training.runs import Run

# Rows and steps over which Jacobians are measured; each costs a matrix as wide as the state.
_JACOBIAN_ROWS, _JACOBIAN_LAG = 4, 50


def main(words: list[str], find_task: Callable[[str], TaskSpec]) -> int:
    """Write the report of one run and return the exit code.

    Args:
        words: Command-line words.
        find_task: Gives the task of a name.

    Returns:
        0 done, 2 the user's flags are wrong, 1 a file could not be written.
    """
    return exit_code(_report, words, find_task)


def _report(words: list[str], find_task: Callable[[str], TaskSpec]) -> int:
    parser = Parser(
        prog="python -m seqsuite diagnose",
        description="Say whether gradients vanish or explode and gates are stuck in a trained run.",
        allow_abbrev=False,
    )
    parser.add_argument("--run_dir", required=True, help="the folder that `train` wrote")
    parser.add_argument("--task", help="the run's task (default: what its metrics.json says)")
    parser.add_argument("--examples", type=int, default=32, help="validation examples to measure")
    parser.add_argument("--output", help="folder for the report (default: DIR/diagnostics)")
    options = parser.parse_args(words)
    if options.examples < 1:
        raise UserError(f"--examples must be at least 1. Received: {options.examples}.")
    run_dir = Path(options.run_dir)
    task = find_task(options.task or _task_name(run_dir))
    config = parsing.read_run_config(task, run_dir)
    output = Path(options.output or run_dir / "diagnostics")
    terminal.quiet_tensorflow()
    from seqsuite.diagnostics import Probe, diagnose
    from seqsuite.training import runs

    run = runs.load(task(config), run_dir)
    x, y = _validation_batch(run, options.examples)
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
    return 0


def _task_name(run_dir: Path) -> str:
    import json

    path = run_dir / "metrics.json"
    if not path.is_file():
        raise UserError(
            f"{run_dir} has no metrics.json to tell its task. Give --run_dir the folder of a "
            "finished run, or name the task with --task."
        )
    return json.loads(path.read_text(encoding="utf-8"))["task"]


def _validation_batch(run: Run, examples: int) -> tuple[Any, Any]:
    """Return one batch of validation examples of middle length, and the targets of the losses."""
    from seqsuite.data.batching import batch_dataset
    from seqsuite.training.splits import encode_training, load_splits
    from seqsuite.training.trainer import targets_of_losses

    splits = load_splits(run.task)
    _, encoded = encode_training(run.preprocessor, splits)
    batches = [rows[:examples] for rows in encoded.plan(run.task.config.training)]
    middle = sorted(batches, key=encoded.count)[len(batches) // 2]
    x, y, *_ = next(iter(batch_dataset(encoded, [middle])))
    return x, targets_of_losses(run.model, y)


def _jacobians(run: Run, x: Any) -> dict[str, StateJacobian]:
    from seqsuite.diagnostics import jacobian_of_call, layer_inputs

    found = {}
    for name, call in layer_inputs(run.model, x).items():
        call = call.longest_rows(_JACOBIAN_ROWS)
        longest = int(call.mask.numpy().sum(axis=0).max(initial=0))
        if longest > 1:
            # The first step starts from the initial state, which is the same for all rows.
            found[name] = jacobian_of_call(call, min(_JACOBIAN_LAG, longest - 1), num_values=4)
    return found


def _write(
    output: Path,
    run: Run,
    measured: Measurement,
    jacobians: dict[str, StateJacobian],
    findings: list[Finding],
) -> None:
    from seqsuite.diagnostics import recurrent_layers, recurrent_spectrum
    from seqsuite.training import report

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
    report.write_json(output / "diagnostics.json", _plain(record))
    text = _markdown(record, sorted(path.name for path in output.glob("*.png")))
    (output / "report.md").write_text(text, encoding="utf-8")


def _file_name(layer: str) -> str:
    return "".join(c if c.isalnum() or c in "_-" else "_" for c in layer)


def _plain(value: Any) -> Any:
    """Turn arrays into lists, and what is not a finite number into None, which JSON can hold."""
    import numpy as np

    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value


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
