"""``python -m seqsuite.tasks.char_lm``: the command line of the task."""

from __future__ import annotations

import sys

from seqsuite.cli.main import main
from seqsuite.tasks.char_lm import TASK

if __name__ == "__main__":
    sys.exit(main(TASK))
