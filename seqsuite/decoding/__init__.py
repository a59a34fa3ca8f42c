"""Turning logits into text: sampling of symbols, and loops that feed them back.

A decoder here is any callable that takes the last symbol of each row and its states and gives the
logits of the next; nothing knows what network computes them.
"""

from seqsuite.decoding.generation import Generated, generate
from seqsuite.decoding.sampling import filtered_logits, sample
from seqsuite.decoding.uniform_numbers import numpy_uniform, uniform

__all__ = ["Generated", "filtered_logits", "generate", "numpy_uniform", "sample", "uniform"]
