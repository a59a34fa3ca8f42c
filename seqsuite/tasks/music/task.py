"""Music: the chords so far in, the next chord out, and pieces generated chord by chord.

A recurrent network reads a piano roll step by step (Boulanger-Lewandowski et al. 2012); the keys of
a step are independent, or each is conditioned on the lower ones (NADE).
"""

from __future__ import annotations

from seqsuite.metrics.metric import Metric
from seqsuite.task import Baselines, Report, Task
from seqsuite.tasks.music import TASK, report
from seqsuite.tasks.music.baselines import first_order, memoryless
from seqsuite.tasks.music.model import build_music_model
from seqsuite.tasks.music.prediction import ChordPredictor
from seqsuite.tasks.music.preprocessor import RollPreprocessor
from seqsuite.tasks.music.scores import music_scores
from seqsuite.tasks.music.server import serving


class Music(Task):
    """Predict and generate polyphonic music."""

    spec = TASK
    metrics = (
        Metric("nats_per_step", lower_is_better=True, headline=True, selects=True),
        Metric("frame_accuracy", headline=True),
        Metric("nats_per_step_with_first", lower_is_better=True),
    )

    def build_preprocessor(self, examples, fitted=None):
        return RollPreprocessor(transpose=self.config.data.transpose)

    def build_model(self, preprocessor):
        return build_music_model(self.config)

    def serving(self, preprocessor, model):
        return serving(preprocessor, model, self.config.serving)

    def build_predictor(self, preprocessor, model, final=False):
        return ChordPredictor(model, chords=final)

    def score(self, predictions, references, preprocessor):
        return music_scores(predictions, references)

    def baselines(self, train, test, preprocessor):
        known, asked = preprocessor.encode(train), preprocessor.encode(test)
        predictions = {
            "memoryless": memoryless(known, asked),
            "first order": first_order(known, asked),
        }
        return Baselines(
            {
                name: self.score(one, asked.targets, preprocessor)
                for name, one in predictions.items()
            }
        )

    def report(self, results, directory):
        protocol = {
            "nats_per_step": "88 keys, mean over all steps but the first of each piece, as Bai et "
            "al. (2018)",
            "frame_accuracy": "notes right over notes predicted or played (Bay et al. 2009)",
        }
        if directory is None:
            return Report(protocol=protocol)
        outputs = results.predictions, results.references
        plots = [report.piano_rolls(*outputs, directory / "piano_roll.png")]
        return Report(plots, report.mistakes(*outputs), protocol)
