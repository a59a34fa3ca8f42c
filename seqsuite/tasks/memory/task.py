"""Memory: a sequence in, what must be remembered of it out.

Synthetic problems that say how far back a recurrent network remembers: copying and adding
(Hochreiter and Schmidhuber 1997, as posed by Arjovsky et al. 2016), delayed recall, and associative
recall (Ba et al. 2016). Cells, where their weights start, clipping and attention are options, so
that what each changes can be measured.
"""

from __future__ import annotations

import math

from seqsuite.data import discovery
from seqsuite.metrics.metric import Metric
from seqsuite.task import Baselines, Report, Task
from seqsuite.tasks.memory import TASK, report
from seqsuite.tasks.memory.baselines import WINDOW, memoryless, window_model
from seqsuite.tasks.memory.model import build_memory_model
from seqsuite.tasks.memory.preprocessor import MemoryPreprocessor
from seqsuite.tasks.memory.scores import SOLVED_ACCURACY, SOLVED_MSE, memory_scores
from seqsuite.tasks.memory.server import serving

_MAX_BASELINE_EXAMPLES = 5000


class Memory(Task):
    """Remember over time: copy, add, recall (generated problems)."""

    spec = TASK

    @property
    def problem(self):
        """The problem that the source poses."""
        return discovery.reader(self.config.data.source, self.spec.package).PROBLEM

    @property
    def metrics(self):  # type: ignore[override]
        """The error of numbers, or the share of symbols that are right, selects."""
        numeric = self.problem.numeric
        return (
            Metric("log_loss", lower_is_better=True, headline=True),
            Metric("accuracy", headline=True, selects=not numeric),
            Metric("mse", lower_is_better=True, headline=True, selects=numeric),
            Metric("mae", lower_is_better=True),
        )

    def build_preprocessor(self, examples, fitted=None):
        preprocessor = MemoryPreprocessor(self.problem.name)
        preprocessor.adapt(examples)
        return preprocessor

    def build_model(self, preprocessor):
        return build_memory_model(self.config, preprocessor)

    def serving(self, preprocessor, model):
        return serving(self.config.serving, preprocessor, model)

    def score(self, predictions, references, preprocessor):
        return memory_scores(preprocessor.problem, predictions, references)

    def baselines(self, train, test, preprocessor):
        few = train.select(range(min(_MAX_BASELINE_EXAMPLES, len(train))))
        known, asked = preprocessor.encode(few), preprocessor.encode(test)
        problem = preprocessor.problem
        found = {
            "memoryless": memoryless(problem, known, asked),
            f"last {WINDOW} steps": window_model(problem, known, asked),
        }
        return Baselines(
            {
                name: self.score(predictions, asked.targets, preprocessor)
                for name, predictions in found.items()
            }
        )

    def report(self, results, directory):
        protocol = self._protocol(results.test)
        if directory is None:
            return Report(protocol=protocol)
        problem, outputs = results.preprocessor.problem, (results.predictions, results.references)
        plots = [report.by_distance(problem, *outputs, directory / "by_distance.png")]
        mistakes = report.mistakes(problem, results.test, *outputs)
        return Report(plots, mistakes, protocol)

    def _protocol(self, test):
        problem = self.problem
        if problem.numeric:
            return {
                "solved": f"mse below {SOLVED_MSE}; the best constant has {problem.memoryless:.3f}"
            }
        told = {"solved": f"accuracy, of recalled symbols alone, of {SOLVED_ACCURACY} or more"}
        if problem.blanks_count:
            steps = len(test.features["sequence"][0].split())
            loss = problem.num_recalled * math.log(8) / steps
            told["log_loss"] = f"mean over all {steps} steps; without memory {loss:.4f}"
        return told
