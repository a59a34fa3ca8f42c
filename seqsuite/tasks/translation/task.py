"""Translation: a sentence in, the sentence in another language out.

A bidirectional recurrent encoder reads subword pieces (or words), a recurrent decoder attends to
what it read (Bahdanau et al. 2015; Luong et al. 2015). It is trained on the true tokens, or partly
on its own (Bengio et al. 2015), and searches with a beam. The exported model answers with
alternatives and with what each piece was read from, and its ``score`` signature says how likely a
given translation is.
"""

from __future__ import annotations

from seqsuite.callbacks.scheduled_sampling import sampling_callbacks
from seqsuite.losses import TagCrossentropy
from seqsuite.metrics.metric import Metric
from seqsuite.task import Baselines, Report, Task, main_phase
from seqsuite.tasks.translation import TASK, report
from seqsuite.tasks.translation.data.directions import target_language
from seqsuite.tasks.translation.ensemble import check_runs, ensemble_members
from seqsuite.tasks.translation.model import build_translation_model
from seqsuite.tasks.translation.predictor import TranslationPredictor
from seqsuite.tasks.translation.preprocessor import TranslationPreprocessor
from seqsuite.tasks.translation.scores import signatures
from seqsuite.tasks.translation.server import serving
from seqsuite.tasks.translation.translator import Translator
from seqsuite.training.optimizers import build_optimizer


class Translation(Task):
    """Translate sentences."""

    spec = TASK
    metrics = (
        # What is wanted, though only some are translated after an epoch: the likelihood of
        # references begins to fall while translations still become better.
        Metric("bleu", headline=True, selects=True),
        Metric("perplexity*", lower_is_better=True),
    )

    @property
    def language(self) -> str:
        """Language of the target; English where nothing says which it is."""
        return target_language(self.config.data) or "en"

    def build_preprocessor(self, examples, fitted=None):
        data = self.config.data
        names = (
            "vocabulary_size", "joint", "byte_fallback", "character_coverage", "source_sampling",
            "target_sampling", "max_length", "max_length_ratio",
        )  # fmt: skip
        settings = {name: getattr(data, name) for name in names}
        preprocessor = TranslationPreprocessor(model_type=data.pieces, **settings)
        preprocessor.adapt(examples if fitted is None else fitted)
        return preprocessor

    def build_model(self, preprocessor):
        training = self.config.training
        # Fail early if a run of the ensemble is missing.
        check_runs(self.config.decoding.ensemble_runs, preprocessor)
        model = build_translation_model(preprocessor, self.config.model, training)
        loss = TagCrossentropy(training.label_smoothing, padding_tag=0)
        model.compile(optimizer=build_optimizer(training), loss={"logits": loss})
        return model

    def build_predictor(self, preprocessor, model, final=False):
        # An epoch is chosen by what the model does alone.
        return TranslationPredictor(self._translator(preprocessor, model, final), final)

    def serving(self, preprocessor, model):
        translator = self._translator(preprocessor, model, together=True)
        return serving(translator, self.config.serving)

    def _translator(self, preprocessor, model, together):
        decoding, others = self.config.decoding, []
        if together:
            others = ensemble_members(decoding.ensemble_runs, preprocessor, model)
        return Translator(preprocessor, model, decoding, others)

    def score(self, predictions, references, preprocessor):
        return report.scores(predictions, references["references"].rows(), self.language)

    def baselines(self, train, test, preprocessor):
        sides = [(part.features["source"], part.labels) for part in (train, test)]
        return Baselines(report.baselines(*sides[0], *sides[1], self.language))

    def phases(self, preprocessor, model, train):
        training = self.config.training
        callbacks = sampling_callbacks(training.sampling_schedule, training.sampling_probability)
        return [main_phase(training, model, callbacks)]

    def report(self, results, directory):
        predictions, labels = results.predictions, results.test.labels
        protocol = signatures(labels, self.language)
        if directory is None:
            return Report(protocol=protocol)
        pieces = predictions["pieces"], predictions["source_pieces"]
        path = directory / "attention.png"
        plots = [report.attention_map(predictions["attention"], *pieces, path)]
        sources = results.test.features["source"]
        mistakes = report.mistakes(sources, predictions["translations"], labels)
        return Report(plots, mistakes, protocol)
