"""Speech recognition: a recording in, what was said out, with the times of words.

Log-mel frames go through strided convolutions and a recurrent stack, and connectionist temporal
classification aligns them with characters, phones or words (Graves et al. 2006; Amodei et al. 2016,
Deep Speech 2).
The best path answers, or a prefix beam search with an n-gram model, a lexicon or hot words (Hannun
et al. 2014). A network that reads forward only also answers while somebody speaks.
"""

from __future__ import annotations

import math

from seqsuite.data.batching import plan_batches
from seqsuite.data.examples import concatenate
from seqsuite.errors import UserError
from seqsuite.losses import CTCLoss
from seqsuite.metrics.metric import Metric
from seqsuite.task import Baselines, Report, Task
from seqsuite.tasks.speech_recognition import TASK, report
from seqsuite.tasks.speech_recognition.baselines import speech_baselines
from seqsuite.tasks.speech_recognition.data.sample.digits import generate_more
from seqsuite.tasks.speech_recognition.decoding import build_decoder
from seqsuite.tasks.speech_recognition.model import (
    FRAME_SECONDS,
    adapt_normalization,
    build_speech_model,
)
from seqsuite.tasks.speech_recognition.predictor import SpeechPredictor
from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor
from seqsuite.tasks.speech_recognition.report import scores
from seqsuite.tasks.speech_recognition.serving import serving
from seqsuite.training.optimizers import build_optimizer


class SpeechRecognition(Task):
    """Transcribe recordings."""

    spec = TASK
    metrics = (
        Metric("wer", lower_is_better=True, headline=True),
        Metric("cer", lower_is_better=True, headline=True, selects=True),
        *(Metric(name, aside=True) for name in ("insertions", "deletions", "substitutions")),
        Metric("words", aside=True),
    )

    @property
    def _hears(self) -> bool:
        return self.config.data.input == "audio"

    def load_examples(self, split):
        data = self.config.data
        examples = super().load_examples(split)
        if examples is not None and data.input not in examples.features:
            (found,) = examples.features
            raise UserError(
                f"Source {data.source} holds {found}, but data.input is {data.input}. Set "
                f"--data.input {found}, or name another --data.source."
            )
        return examples

    def extend_training(self, examples):
        count = self.config.data.synthetic_strings
        return concatenate([examples, generate_more(count)]) if count else examples

    def build_preprocessor(self, examples, fitted=None):
        data, model = self.config.data, self.config.model
        preprocessor = SpeechPreprocessor(
            feature_size=0 if self._hears else examples.features["features"][0].shape[1],
            sample_rate=data.sample_rate,
            frame_samples=round(FRAME_SECONDS * data.sample_rate),
            hop_samples=round(model.hop_seconds * data.sample_rate),
            stride=math.prod(model.strides),
            case=data.case,
            alphabet=data.alphabet,
            keep_transcripts=self.config.decoding.searches,
            equalize=data.equalize,
            units=data.units,
            pronunciations=data.pronunciations,
        )
        preprocessor.adapt(examples if fitted is None else fitted)
        # What cannot be searched with is told now, and not when all is learned.
        self._decoder(preprocessor)
        return preprocessor

    def build_model(self, preprocessor):
        training = self.config.training
        model = build_speech_model(preprocessor, self.config.model, training)
        # A faster recording may have become too short for its transcript.
        loss = CTCLoss(zero_infinity=bool(training.speed))
        model.compile(optimizer=build_optimizer(training), loss={"logits": loss})
        return model

    def _decoder(self, preprocessor):
        settings = self.config.decoding
        if not settings.searches:
            return None
        known = preprocessor.symbols, preprocessor.transcripts
        return build_decoder(settings, *known, spelling=preprocessor.spelling)

    def build_predictor(self, preprocessor, model, final=False):
        # An epoch is chosen by what the network does alone.
        decoder = self._decoder(preprocessor) if final else None
        return SpeechPredictor(preprocessor, model, decoder, final)

    def score(self, predictions, references, preprocessor):
        return scores(predictions, references["references"])

    def baselines(self, train, test, preprocessor):
        return Baselines(speech_baselines(train, test, preprocessor))

    def serving(self, preprocessor, model):
        return serving(self.config, preprocessor, model)

    def phases(self, preprocessor, model, train):
        if train is not None and self.config.model.normalization != "utterance":
            encoded = preprocessor.encode(train)
            plan = plan_batches(encoded.lengths, batch_tokens=50_000, max_batch_size=256)
            adapt_normalization(model, map(encoded.batch, plan))
        return super().phases(preprocessor, model, train)

    def report(self, results, directory):
        protocol = self._protocol(results.test)
        if directory is None:
            return Report(protocol=protocol)
        predictions, references = results.predictions, results.references["references"]
        texts = references, predictions["transcripts"]
        plots = [report.confusion_plot(*texts, directory / "confusions.png")]
        if "frames" in predictions:
            said, path = references[predictions["shown"]], directory / "alignment.png"
            plots.append(report.alignment_plot(predictions, said, results.preprocessor, path))
        mistakes = report.mistakes(predictions, references, results.test)
        return Report(plots, mistakes, protocol)

    def _protocol(self, test):
        if not self.config.data.equalize:
            return {}
        speakers = [waveform.speaker for waveform in test.features["audio"]]
        known = len({*speakers} - {""})
        alone = speakers.count("")
        told = f"equalised, {len(speakers) - alone:,} recordings of {known} speakers, each together"
        if alone:
            told += f", {alone:,} without a speaker's name each alone, which does little"
        return {"wer": f"{told}; transcripts had no part in it"}
