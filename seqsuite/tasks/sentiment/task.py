"""Sentiment and any other text classification: a text in, a label and its probability out.

The model reads token ids with a bidirectional recurrent stack, pools over time and classifies
(Schuster and Paliwal 1997; Johnson and Zhang 2016 for pooling over an LSTM). By option the stack is
first trained as a language model on the training texts (Dai and Le 2015), trained on adversarially
moved embeddings (Miyato et al. 2017), and joined by naive Bayes scores of the text's n-grams (Wang
and Manning 2012). Labels may be two, many, or (with ``data.label_separator``) sets.
"""

from __future__ import annotations

import keras

from seqsuite.errors import UserError
from seqsuite.metrics import calibration, classification
from seqsuite.metrics.metric import Metric
from seqsuite.models import BidirectionalLanguageModel
from seqsuite.task import Baselines, Phase, Report, Task, main_phase
from seqsuite.tasks.sentiment import TASK, report
from seqsuite.tasks.sentiment.baselines import text_baselines
from seqsuite.tasks.sentiment.model import build_classifier
from seqsuite.tasks.sentiment.preprocessor import TextPreprocessor
from seqsuite.tasks.sentiment.report import probabilities
from seqsuite.tasks.sentiment.server import serving, weighted_logits
from seqsuite.training.optimizers import build_optimizer


class Sentiment(Task):
    """Classify texts (sentiment, topics, any labels)."""

    spec = TASK
    metrics = (
        # After calibration it tells models apart that accuracy on few examples cannot.
        Metric("log_loss", lower_is_better=True, headline=True, selects=True),
        Metric("accuracy", headline=True),
        Metric("accuracy_recurrent_alone", headline=True),
        Metric("calibration_error*", lower_is_better=True),
    )

    @property
    def multi_label(self) -> bool:
        """Whether a text may have several labels."""
        return self.config.data.multi_label

    def build_preprocessor(self, examples, fitted=None):
        data = self.config.data
        preprocessor = TextPreprocessor(
            max_vocabulary=data.max_vocabulary,
            min_count=data.min_count,
            max_length=data.max_length,
            head_fraction=data.head_fraction,
            multi_label=self.multi_label,
            label_separator=data.label_separator or ",",
            ngram_buckets=self.config.model.ngram_buckets,
        )
        preprocessor.adapt(examples)
        if len(preprocessor.labels) < 2:
            raise UserError(
                f"Training needs at least two labels. Found only {preprocessor.labels}: check "
                f"--data.label_column (now {data.label_column!r})."
            )
        model = self.config.model
        if model.word_vectors or model.label_vectors:
            # Only the start of the embedding: a restored model overwrites it with its weights.
            preprocessor.initial_embeddings = preprocessor.word_vectors(
                examples,
                model.embedding_size,
                labelled=(fitted or examples) if model.label_vectors else None,
            )
        return preprocessor

    def build_model(self, preprocessor):
        return build_classifier(self.config, preprocessor)

    def serving(self, preprocessor, model):
        return serving(self.config, preprocessor, model, self.multi_label)

    def calibrate(self, preprocessor, predictions, references):
        if "recurrent_logits" in predictions:
            # The recurrent part has seen the labels of its training examples, the n-gram scores of
            # those were out of fold: training trusts the former too much. Validation weighs them.
            recurrent = predictions["recurrent_logits"]
            temperature = calibration.fit_relative_temperature(
                recurrent, predictions["logits"] - recurrent, references, self.multi_label
            )
            preprocessor.recurrent_scaling.set_temperature(temperature)
        logits = weighted_logits(predictions, float(preprocessor.recurrent_scaling.temperature))
        temperature = calibration.fit_temperature(logits, references, multi_label=self.multi_label)
        preprocessor.temperature_scaling.set_temperature(temperature)

    def score(self, predictions, references, preprocessor):
        before, after = self._probabilities(predictions, preprocessor)
        scores = classification.classification_scores(
            after, references, preprocessor.labels, multi_label=self.multi_label
        )
        unscaled = calibration.answer_confidence(before, references, self.multi_label)
        scores["calibration_error_unscaled"] = calibration.expected_calibration_error(*unscaled)
        if "recurrent_logits" in predictions:
            alone = report.probabilities(predictions["recurrent_logits"], self.multi_label)
            scores["accuracy_recurrent_alone"] = report.accuracy(
                alone, references, self.multi_label
            )
        return scores

    def baselines(self, train, test, preprocessor):
        targets = preprocessor.encode_labels(train.labels)
        references = preprocessor.encode_labels(test.labels)
        results = {}
        for model in text_baselines():
            model.fit(train.features["text"], targets, len(preprocessor.labels), self.multi_label)
            probabilities = model.predict_proba(test.features["text"])
            results[model.name] = classification.classification_scores(
                probabilities, references, preprocessor.labels, multi_label=self.multi_label
            )
        return Baselines(results)

    def _probabilities(self, predictions, preprocessor):
        """Return probabilities before and after calibration on validation."""
        weighed = weighted_logits(predictions, float(preprocessor.recurrent_scaling.temperature))
        scaled = weighed / float(preprocessor.temperature_scaling.temperature)
        before = probabilities(predictions["logits"], self.multi_label)
        return before, probabilities(scaled, self.multi_label)

    def phases(self, preprocessor, model, train):
        training = self.config.training
        main = main_phase(training, model)
        if training.pretraining_epochs == 0:
            return [main]
        language_model = self._language_model(preprocessor, model)
        epochs, rate = training.pretraining_epochs, training.pretraining_learning_rate
        return [Phase("pretrain", language_model, epochs, rate), main]

    def _language_model(self, preprocessor, model):
        if not self.config.model.bidirectional or self.config.model.num_layers != 1:
            raise UserError(
                "training.pretraining_epochs needs model.bidirectional true and model.num_layers "
                "1: deeper layers see both directions and could copy the token to be predicted."
            )
        inner = getattr(model, "model", model)
        inputs = {name: inner.input[name] for name in ("token_ids", "length")}
        encoder = keras.Model(inputs, inner.get_layer("stack").output, name="encoder")
        training = self.config.training
        num_sampled = min(self.config.model.num_sampled, preprocessor.vocabulary_size // 2)
        language_model = BidirectionalLanguageModel(
            encoder, inner.get_layer("embedding"), max(1, num_sampled), seed=training.seed
        )
        language_model.compile(build_optimizer(training, training.pretraining_learning_rate))
        return language_model

    def report(self, results, directory):
        if directory is None:
            return Report()
        texts, labels = results.test.features["text"], results.preprocessor.labels
        before, after = self._probabilities(results.predictions, results.preprocessor)
        rest = results.references, labels, self.multi_label
        plots = report.plots(directory, texts, before, after, *rest)
        return Report(plots, report.mistakes(texts, results.test.labels, after, *rest))
