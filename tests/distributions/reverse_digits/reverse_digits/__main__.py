"""``python -m reverse_digits``: the command line of the task."""

import sys

from reverse_digits import TASK
from seqsuite.cli.main import main

if __name__ == "__main__":
    sys.exit(main(TASK))
