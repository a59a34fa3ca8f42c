"""Handwriting: strokes of a pen, drawn point by point from nothing, from a label or a beginning.

A recurrent network with a mixture density output reads the points so far and predicts the next one,
and whether the pen is lifted or the drawing ends (Graves 2013, https://arxiv.org/abs/1308.0850).
"""

from __future__ import annotations

from seqsuite.errors import UserError
from seqsuite.metrics.metric import Metric
from seqsuite.task import Baselines, Report, Task
from seqsuite.tasks.handwriting import TASK, report
from seqsuite.tasks.handwriting.baselines import first_order, memoryless
from seqsuite.tasks.handwriting.model import build_handwriting_model
from seqsuite.tasks.handwriting.pictures import draw_sheet
from seqsuite.tasks.handwriting.prediction import StrokePredictor
from seqsuite.tasks.handwriting.preprocessor import StrokePreprocessor
from seqsuite.tasks.handwriting.scores import handwriting_scores
from seqsuite.tasks.handwriting.server import HandwritingServer, serving


class Handwriting(Task):
    """Predict, draw and complete strokes."""

    spec = TASK
    metrics = (
        Metric("nats_per_point", lower_is_better=True, headline=True, selects=True),
        Metric("offset_nats", lower_is_better=True),
        Metric("pen_nats", lower_is_better=True),
        Metric("pen_accuracy"),
    )

    def build_preprocessor(self, examples, fitted=None):
        preprocessor = StrokePreprocessor(
            self.config.model.condition_on_label, self.config.data.stretch
        )
        preprocessor.adapt(examples)
        if preprocessor.condition_on_label and not preprocessor.labels:
            raise UserError(
                "model.condition_on_label needs drawings with labels, and these have none: leave "
                "it out."
            )
        return preprocessor

    def build_model(self, preprocessor):
        return build_handwriting_model(self.config, len(preprocessor.labels))

    def serving(self, preprocessor, model):
        return serving(preprocessor, model, self.config.serving)

    def build_predictor(self, preprocessor, model, final=False):
        server = HandwritingServer(preprocessor, model, self.config.serving) if final else None
        return StrokePredictor(model, server)

    def score(self, predictions, references, preprocessor):
        return handwriting_scores(predictions, references)

    def baselines(self, train, test, preprocessor):
        known, asked = preprocessor.encode(train), preprocessor.encode(test)
        size = self.config.model.num_components
        predictions = {
            "memoryless mixture": memoryless(known, asked, size),
            "first-order mixture": first_order(known, asked, size),
        }
        return Baselines(
            {
                name: self.score(one, asked.targets, preprocessor)
                for name, one in predictions.items()
            }
        )

    def report(self, results, directory):
        scale = results.preprocessor.scale
        protocol = {
            "nats_per_point": f"offsets divided by {scale:.4g}, their spread in training; all "
            "points, the first and the end of each drawing among them"
        }
        if directory is None:
            return Report(protocol=protocol)
        drawings = list(results.test.features["drawing"])
        nats = report.drawing_nats(results.predictions, results.references)
        mistakes = report.mistakes(nats, drawings)
        plots = [
            draw_sheet(results.predictions["samples"].tolist(), directory / "samples.png"),
            draw_sheet(
                [one["drawing"] for one in mistakes[:16]],
                directory / "surprises.png",
                [f"{one['nats_per_point']:.2f} nats" for one in mistakes[:16]],
            ),
        ]
        return Report(plots, mistakes, protocol)
