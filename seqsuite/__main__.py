"""`python -m seqsuite`: what there is to run."""

from __future__ import annotations

import sys

from seqsuite import __version__
from seqsuite.cli.main import VERBS
from seqsuite.data import discovery
from seqsuite.tasks import find_task, task_names


def main() -> int:
    """List tasks, their data sources and verbs, and return the exit code 0."""
    print(f"seqsuite {__version__}: recurrent sequence tasks in Keras 3 and TensorFlow\n")
    for name in task_names():
        print(f"{name}: {find_task(name).summary}")
        print(f"  python -m seqsuite.tasks.{name} [{' | '.join(VERBS)}] --help")
        print("  data.source:")
        for source, description in sorted(discovery.sources(name).items()):
            print(f"    {source:8s} {description}")
    print("\nRecipes are TOML files (tasks/<task>/<data set>.toml); run one with --config RECIPE.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
