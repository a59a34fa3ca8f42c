"""`predict` of the memory task: a sequence in, the answer out."""

from __future__ import annotations

from seqsuite.client import Client


class MemoryClient(Client):
    """Answers sequences."""

    input_name = "sequence"

    def _line(self, answer, text):
        sure = f"\t{answer['probability']:.4f}" if "probability" in answer else ""
        return f"{answer['answer'] or '(none)'}{sure}\t{' '.join(text.split())}"
