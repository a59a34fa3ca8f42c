"""`predict` of the memory task: a sequence in, the answer out."""

from __future__ import annotations

import numpy as np

from seqsuite.client import Client
from seqsuite.data import discovery
from seqsuite.errors import UserError
from seqsuite.tasks.memory import TASK


class MemoryClient(Client):
    """Answers sequences."""

    input_name = "sequence"

    def read(self, inputs):
        problem = discovery.reader(self.config.data.source, TASK.package).PROBLEM
        for item in super().read(inputs):
            wrong = [token for token in item.text.split() if not problem.reads(token)]
            if wrong:
                (example,), _ = problem.generate(1, 8, 2, np.random.default_rng(0))
                raise UserError(
                    f"{wrong[0][:40]!r} is no token of the problem {problem.name}. Give a sequence "
                    f"such as {example!r}."
                )
            yield item

    def _line(self, answer, text):
        sure = f"\t{answer['probability']:.4f}" if "probability" in answer else ""
        return f"{answer['answer'] or '(none)'}{sure}\t{' '.join(text.split())}"
