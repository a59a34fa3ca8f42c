"""Memory of an exported character language model that reads a long stream.

    python benchmarks/character_streaming.py --model saved_models/char_lm --characters 10000000

The text is the Python manual, again and again. Resident memory is printed on the way.
"""

from __future__ import annotations

import argparse
import pydoc_data.topics
import resource
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from seqsuite.serving.versions import latest_version


def resident_megabytes() -> float:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="exported model")
    parser.add_argument("--characters", type=int, default=10_000_000, help="characters to read")
    parser.add_argument("--rows", type=int, default=64, help="streams read side by side")
    parser.add_argument("--chunk", type=int, default=500, help="characters of a row in one call")
    options = parser.parse_args()
    loaded = tf.saved_model.load(str(latest_version(Path(options.model))))
    step = loaded.signatures["step"]
    specifications = step.structured_input_signature[1]
    states = {
        name: np.zeros((options.rows, specification.shape[1]), np.float32)
        for name, specification in specifications.items()
        if name != "characters"
    }
    text = "".join(pydoc_data.topics.topics.values()).encode("ascii", "replace")
    done, shown, started = 0, 0, time.monotonic()
    print(f"{0:>12,} characters  {resident_megabytes():8.1f} MB")
    while done < options.characters:
        offsets = (done // options.rows + 7919 * np.arange(options.rows)) % (
            len(text) - options.chunk
        )
        pieces = [text[offset : offset + options.chunk] for offset in offsets]
        outputs = step(characters=tf.constant(pieces), **states)
        states = {name: outputs[name] for name in states}
        done += options.rows * options.chunk
        if done - shown >= options.characters // 10:
            shown = done
            seconds = time.monotonic() - started
            print(f"{done:>12,} characters  {resident_megabytes():8.1f} MB  {seconds:.0f} s")
    print(f"{done / (time.monotonic() - started):,.0f} characters a second")


if __name__ == "__main__":
    main()
