"""Part-of-speech tags and named entities: a sentence in, a tag for each of its words out.

Each word is its embedding, its characters (Ma and Hovy 2016), its prefixes, suffixes and shape; a
bidirectional recurrent stack reads the sentence (Plank et al. 2016), and a softmax or a
linear-chain CRF (Lample et al. 2016) tags it. Further columns of tags (language-specific tags,
morphology) are learned along as auxiliary targets. Named entities are the same task with
``data.scheme`` set.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from seqsuite.data import discovery
from seqsuite.errors import UserError
from seqsuite.metrics.metric import Metric
from seqsuite.models import AdversarialModel
from seqsuite.task import Baselines, Report, Task
from seqsuite.tasks.pos_tagging import TASK, report
from seqsuite.tasks.pos_tagging.data.sentences import tagged, with_auxiliary
from seqsuite.tasks.pos_tagging.messages import spans_note
from seqsuite.tasks.pos_tagging.model import build_tagger
from seqsuite.tasks.pos_tagging.preprocessor import WordPreprocessor
from seqsuite.tasks.pos_tagging.scores import calibration_error, tag_scores
from seqsuite.tasks.pos_tagging.server import serving
from seqsuite.tasks.pos_tagging.word_features import folded
from seqsuite.text.word_vectors import read_word_vectors
from seqsuite.training.optimizers import build_optimizer


class PosTagging(Task):
    """Tag words (parts of speech, named entities)."""

    spec = TASK

    @property
    def entities(self) -> bool:
        """Whether tags are spans."""
        return self.config.data.scheme != "none"

    @property
    def metrics(self):  # type: ignore[override]
        """Entities are what counts where there are any; else every tag counts alike."""
        return (
            Metric("entity_f1", headline=True, selects=self.entities),
            Metric("accuracy", headline=True, selects=not self.entities),
            Metric("calibration_error", lower_is_better=True),
        )

    def load_examples(self, split):
        data = self.config.data
        found = super().load_examples(split)
        if found is None:
            return None
        wanted = ("tokens", *data.auxiliary_columns)
        features = {name: found.features[name] for name in wanted if name in found.features}
        return replace(found, features=features)

    def extend_training(self, examples):
        name = self.config.data.auxiliary_source
        if name is None:
            return examples
        options = replace(self.config.data, source=name, scheme="none", tag_column="auto")
        others = discovery.load_examples(name, "train", options, self.spec.package)
        if others is None:
            raise UserError(f"data.auxiliary_source: {name} has no training split.")
        return with_auxiliary(
            examples, others, name.removeprefix("tfds:"), self.config.data.auxiliary_columns
        )

    def build_preprocessor(self, examples, fitted=None):
        data = self.config.data
        names = (
            "max_vocabulary", "min_count", "max_word_length", "affix_length", "language", "scheme",
        )  # fmt: skip
        preprocessor = WordPreprocessor(**{name: getattr(data, name) for name in names})
        # Words of validation alone would be known by name, with an embedding that nothing trains.
        examples = examples if fitted is None else fitted
        vectors = {}
        if data.word_vectors is not None:
            size = self.config.model.embedding_size
            vectors = read_word_vectors(data.word_vectors, size, data.max_vocabulary, folded)
        preprocessor.adapt(examples, list(vectors))
        if vectors:
            preprocessor.set_word_vectors(vectors)
        if len(preprocessor.labels) < 2:
            raise UserError(
                f"Training needs at least two tags. Found only {preprocessor.labels}: check "
                "--data.tag_column and --data.label_column."
            )
        note = "" if self.entities else spans_note(preprocessor.labels)
        if note:
            print(note, file=sys.stderr)
        return preprocessor

    def build_model(self, preprocessor):
        config, training = self.config.model, self.config.training
        model, losses, weights = build_tagger(
            preprocessor, config, training.label_smoothing, self.entities
        )
        if config.adversarial != "none":
            model = AdversarialModel(model, config.adversarial, config.epsilon)
        model.compile(optimizer=build_optimizer(training), loss=losses, loss_weights=weights)
        return model

    def serving(self, preprocessor, model):
        return serving(self.config.serving, preprocessor, model)

    def score(self, predictions, references, preprocessor):
        answers, truth, confidence = _named(predictions, references, preprocessor)
        scores = tag_scores(answers, truth, references["known"].rows(), self.entities)
        scores["calibration_error"] = calibration_error(confidence.values, answers, truth)
        return scores

    def baselines(self, train, test, preprocessor):
        references = preprocessor.encode_targets(test)
        truth, known = preprocessor.names(references["logits"]), references["known"].rows()
        train = tagged(train)
        learned = preprocessor.names(preprocessor.encode_labels(train.labels))
        sentences = train.features["tokens"], test.features["tokens"]
        return Baselines(report.baselines(*sentences, learned, truth, known, self.entities))

    def report(self, results, directory):
        if directory is None:
            return Report()
        named = _named(results.predictions, results.references, results.preprocessor)
        names = results.preprocessor.answer_names
        plots = report.plots(directory, *named, names)
        return Report(plots, report.mistakes(results.test.features["tokens"], *named))


def _named(predictions, references, preprocessor) -> tuple[Any, Any, Any]:
    """Return the names of answered and true tags, and the probability of each answer."""
    names = preprocessor.names
    return names(predictions["tags"]), names(references["logits"]), predictions["confidence"]
