"""Whether a change left every number as it was: metrics of the samples, answers of their exports.

``python -m tests.same_numbers record BEFORE`` trains each sample with seed 0, and writes
its metrics and its exported model's answers to fixed requests. After the change ``record AFTER
--like BEFORE`` does the same with the same requests, and ``compare BEFORE AFTER`` prints what
differs, to the digit, and exits with 1. Both runs must be on one machine.
"""

import argparse
import base64
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from seqsuite.tasks import task_names
from tests.conformance.c_api import CApiServer


def record(folder: Path, like: Path | None, tasks: list[str]) -> None:
    """Write ``<task>.json`` for each task: metrics, requests and answers."""
    folder.mkdir(parents=True, exist_ok=True)
    with CApiServer.start() as process:
        server = CApiServer(process)
        for task in tasks:
            run, served = folder / "runs" / task, folder / "exports" / task
            command = [sys.executable, "-m", f"seqsuite.tasks.{task}", "--training.seed", "0"]
            flags = ["--run_dir", str(run), "--export_dir", str(served)]
            subprocess.run([*command, *flags], check=True, stdout=subprocess.DEVNULL)
            metrics = json.loads((run / "metrics.json").read_text())
            metrics.pop("seconds", None)
            known = json.loads((like / f"{task}.json").read_text())["answers"] if like else {}
            answers = {}
            for signature, (inputs, outputs) in server.warm_up(served / "1").items():
                if signature in known:
                    inputs = {name: to_array(value) for name, value in known[signature][0].items()}
                    outputs = server.run(served / "1", signature, inputs)
                answers[signature] = [
                    {name: to_json(value) for name, value in side.items()}
                    for side in (inputs, outputs)
                ]
            content = json.dumps({"metrics": metrics, "answers": answers}, indent=1)
            (folder / f"{task}.json").write_text(content)
            print(task, flush=True)


def compare(before: Path, after: Path) -> int:
    """Print what differs and return how many numbers, texts and names do."""
    found = 0
    for path in sorted(before.glob("*.json")):
        ours, theirs = (flat(json.loads((f / path.name).read_text())) for f in (before, after))
        for name in sorted(ours.keys() | theirs.keys()):
            # As text: NaN is itself, and a float is written to its last digit.
            if str(ours.get(name)) != str(theirs.get(name)):
                found += 1
                print(f"{path.stem}: {name}: {ours.get(name)} -> {theirs.get(name)}"[:300])
    print(f"{found} differences in {len(list(before.glob('*.json')))} tasks")
    return found


def flat(value, name=""):
    """Return the leaves of nested JSON by their path."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {k: v for key, part in items for k, v in flat(part, f"{name}/{key}").items()}
    return {name: value}


def to_json(values: np.ndarray) -> dict:
    """Return an array as JSON that reads back to the last bit."""
    texts = values.dtype == object
    items = [base64.b64encode(v).decode() if texts else v.item() for v in values.ravel()]
    return {"dtype": str(values.dtype), "shape": list(values.shape), "items": items}


def to_array(value: dict) -> np.ndarray:
    """Return the array that :func:`to_json` was given."""
    texts = value["dtype"] == "object"
    items = [base64.b64decode(item) for item in value["items"]] if texts else value["items"]
    return np.array(items, value["dtype"]).reshape(value["shape"])


def main() -> int:
    """Run one of the two commands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("record")
    one.add_argument("folder", type=Path)
    one.add_argument("--like", type=Path, help="take the requests that were recorded there")
    one.add_argument("--tasks", nargs="*", default=task_names())
    two = verbs.add_parser("compare")
    two.add_argument("before", type=Path)
    two.add_argument("after", type=Path)
    options = parser.parse_args()
    if options.verb == "compare":
        return int(compare(options.before, options.after) > 0)
    record(options.folder, options.like, options.tasks)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
