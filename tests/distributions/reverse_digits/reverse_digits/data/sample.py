"""The built-in sample: all strings of three digits."""

import random

from seqsuite.data.examples import Examples

NAME = "sample"
DESCRIPTION = "built-in sample, no network: strings of three digits"

_SPLITS = {"train": slice(0, 800), "validation": slice(800, 900), "test": slice(900, 1000)}


def load(split, options):
    """Return one split."""
    strings = [f"{number:03d}" for number in range(1000)]
    random.Random(0).shuffle(strings)
    chosen = strings[_SPLITS[split]]
    return Examples({"digits": chosen}, [text[::-1] for text in chosen])
