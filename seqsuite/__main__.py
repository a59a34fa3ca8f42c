"""`python -m seqsuite`: what there is to run; `python -m seqsuite diagnose`: a run's report."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from seqsuite import __version__
from seqsuite.cli import diagnose
from seqsuite.cli.main import VERBS, exit_code
from seqsuite.data import discovery
from seqsuite.tasks import find_task, task_names


def main(arguments: Sequence[str] | None = None) -> int:
    """List tasks, their data sources and verbs, or report on a run; return the exit code.

    Args:
        arguments: Command-line words, ``sys.argv[1:]`` when None: ``diagnose`` and its flags, or
            nothing.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] == "diagnose":
        return diagnose.main(words[1:], find_task)
    return exit_code(_list_tasks)


def _list_tasks() -> int:
    print(f"seqsuite {__version__}: recurrent sequence tasks in Keras 3 and TensorFlow\n")
    for name in task_names():
        task = find_task(name)
        print(f"{name}: {task.summary}")
        print(f"  {task.command()} [{' | '.join((*VERBS, *task.verbs))}] --help")
        print("  data.source:")
        for source, description in sorted(discovery.sources(task.package).items()):
            print(f"    {source:8s} {description}")
    print("\nRecipes are TOML files (tasks/<task>/<data set>.toml); run one with --config RECIPE.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
