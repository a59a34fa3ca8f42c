"""Character language model: text in, what comes next out.

A recurrent stack reads one character after the other (Mikolov et al. 2012; Karpathy 2015) and is
trained by truncated back-propagation on parallel streams, each batch starting from the states of
the one before. The exported model writes on from a prompt, and its ``step`` signature takes and
returns the state, so that text may be fed in pieces of any size.
"""

from __future__ import annotations

import math
from functools import partial

from seqsuite.data.examples import concatenate
from seqsuite.errors import UserError
from seqsuite.metrics.metric import Metric
from seqsuite.ngram_language_model import NgramLanguageModel, mixed, mixing_weight
from seqsuite.task import Baselines, Report, Task
from seqsuite.tasks.char_lm import TASK
from seqsuite.tasks.char_lm.batches import random_windows
from seqsuite.tasks.char_lm.dynamic_evaluation import adaptive_log_probabilities
from seqsuite.tasks.char_lm.model import build_language_model
from seqsuite.tasks.char_lm.plots import bits_along_text, bits_by_context, cells_along_text
from seqsuite.tasks.char_lm.predictor import StreamPredictor
from seqsuite.tasks.char_lm.preprocessor import CharacterPreprocessor
from seqsuite.tasks.char_lm.server import serving

_VALIDATION_ROWS = 16
_MAX_ORDER = 8
_SHOWN_CHARACTERS = 320


class CharLm(Task):
    """Learn a text's characters: write on, score, compress."""

    spec = TASK
    metrics = (
        Metric("nats_per_character", lower_is_better=True, headline=True, selects=True),
        Metric("nats_per_character_*", lower_is_better=True),
        Metric("bits_per_character", lower_is_better=True),
        Metric("perplexity", lower_is_better=True),
    )

    @property
    def _states(self) -> range:
        model = self.config.model
        return range(model.num_layers * (2 if model.cell == "lstm" else 1))

    def load_examples(self, split):
        data = self.config.data
        examples = super().load_examples(split)
        if examples is not None and sum(map(len, examples.features["text"])) < 2:
            raise UserError(
                f"{getattr(data, split) or data.source}: the {split} text is a single character, "
                "and each is predicted from those before it. Give a longer text."
            )
        return examples

    def build_preprocessor(self, examples, fitted=None):
        data = self.config.data
        preprocessor = CharacterPreprocessor(unit=data.unit, min_count=data.min_count)
        preprocessor.adapt(examples if fitted is None else fitted)
        return preprocessor

    def build_model(self, preprocessor):
        return build_language_model(self.config, preprocessor)

    def build_predictor(self, preprocessor, model, final=False):
        settings, unit = self.config.evaluation, self.config.data.unit
        if unit != preprocessor.unit:
            raise UserError(f"The model reads {preprocessor.unit}s: --data.unit {unit} cannot be.")
        other = None
        if settings.mixture:
            other = self._ngram_model(preprocessor, everything=final).log_probabilities
        # While training, parts of the validation text are read side by side.
        if not final:
            return StreamPredictor(model.model, rows=_VALIDATION_ROWS, other=other)
        adaptive = partial(
            adaptive_log_probabilities,
            model.model,
            learning_rate=settings.adaptive_learning_rate,
            decay=settings.adaptive_decay,
            steps=settings.adaptive_steps,
        )
        return StreamPredictor(
            model.model,
            num_windows=settings.windows,
            window=settings.window,
            adaptive=adaptive if settings.adaptive else None,
            num_activations=_SHOWN_CHARACTERS,
            other=other,
        )

    def calibrate(self, preprocessor, predictions, references):
        if "other" in predictions:
            weight = mixing_weight(predictions["stream"], predictions["other"])
            preprocessor.mixing_weight = float(weight)

    def score(self, predictions, references, preprocessor):
        nats = -float(predictions["stream"].mean())
        scores = {
            "nats_per_character": nats,
            "bits_per_character": nats / math.log(2),
            "perplexity": math.exp(nats),
        }
        if "windowed" in predictions:
            scores["nats_per_character_windowed"] = -float(predictions["windowed"].mean())
        if "adaptive" in predictions:
            scores["nats_per_character_adaptive"] = -float(predictions["adaptive"].mean())
        if "other" in predictions:
            parts = predictions["stream"], predictions["other"]
            together = mixed(*parts, preprocessor.mixing_weight)
            scores["nats_per_character_mixed"] = -float(together.mean())
            scores["mixing_weight"] = preprocessor.mixing_weight
        return scores

    def baselines(self, train, test, preprocessor):
        model = self._ngram_model(preprocessor, everything=True)
        ids, settings = preprocessor.encode(test).ids, self.config.evaluation
        predictions = {"stream": model.log_probabilities(ids)[1:]}
        if settings.windows:
            windows = random_windows(ids, settings.windows, settings.window)
            predictions["windowed"] = model.log_probabilities(windows)[:, 1:]
        if settings.adaptive:
            predictions["adaptive"] = model.log_probabilities(ids, online=True)[1:]
        return Baselines({"n-gram mixture": self.score(predictions, None, preprocessor)})

    def _ngram_model(self, preprocessor, everything):
        """Return the n-gram mixture of the training text, and of what was held out from it.

        Counts select nothing, so the one that is reported may have all of it.
        """
        held_out = everything and self.config.data.validation is None
        parts = [self.load_examples(split) for split in ("train", "validation")[: 1 + held_out]]
        text = concatenate([part for part in parts if part is not None])
        model = NgramLanguageModel(preprocessor.num_symbols, _MAX_ORDER)
        return model.fit(preprocessor.encode(text).ids)

    def serving(self, preprocessor, model):
        return serving(preprocessor, model.model, self.config.serving)

    def report(self, results, directory):
        if directory is None:
            return Report()
        activations = results.predictions["activations"]
        text = "".join(results.test.features["text"])[: len(activations)]
        files = [
            bits_along_text(results.predictions["stream"], directory / "bits_along_text.png"),
            cells_along_text(text, activations, directory / "cells_along_text.png"),
        ]
        if "windowed" in results.predictions:
            path = directory / "bits_by_context.png"
            files.append(bits_by_context(results.predictions["windowed"], path))
        return Report(files)
