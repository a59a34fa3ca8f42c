"""``python -m seqsuite.tasks.handwriting``: the command line of the task."""

from __future__ import annotations

import sys

from seqsuite.cli.main import main
from seqsuite.tasks.handwriting import TASK

if __name__ == "__main__":
    sys.exit(main(TASK))
