"""``python -m seqsuite.diagnostics --run_dir DIR``: what the recurrent layers of a run do."""

from __future__ import annotations

import sys

from seqsuite.diagnose_run import main

if __name__ == "__main__":
    sys.exit(main())
