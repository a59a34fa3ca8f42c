"""Speech recognition: a recording in, what was said out, with the times of words.

Log-mel frames go through strided convolutions and a recurrent stack, and connectionist temporal
classification aligns them with characters, phones or words (Graves et al. 2006; Amodei et al. 2016,
Deep Speech 2).
The best path answers, or a prefix beam search with an n-gram model, a lexicon or hot words (Hannun
et al. 2014). A network that reads forward only also answers while somebody speaks.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from seqsuite.data import discovery
from seqsuite.errors import UserError
from seqsuite.task import Item, Task
from seqsuite.tasks.speech_recognition.config import SpeechConfig


class SpeechRecognition(Task):
    """From samples, or frames of features, to words."""

    name = "speech_recognition"
    summary = "transcribe recordings"
    config_class = SpeechConfig
    free_labels = True
    monitor = "cer"

    def __init__(self, config=None):
        super().__init__(config)
        self._exported: Any = None

    @property
    def serving_signature(self) -> dict[str, str]:  # type: ignore[override]
        """Bytes of wav files; of features, frames and their number."""
        if self._hears:
            return {"audio": "string[batch]"}
        return {"features": "float32[batch,time,size]", "length": "int32[batch]"}

    @property
    def _hears(self) -> bool:
        return self.config.data.input == "audio"

    @property
    def _spells(self) -> bool:
        return self.config.data.units != "characters"

    @property
    def further_signatures(self) -> dict[str, dict[str, str]]:  # type: ignore[override]
        """Samples instead of files; and the step of a model that streams."""
        if not self._hears:
            return {}
        signatures = {"samples": {"samples": "float32[batch,time]", "length": "int32[batch]"}}
        if self.config.data.equalize:
            # By the caller, who knows more recordings of the speaker than a request holds.
            equalized = {"equalized": "float32[batch,time]", "length": "int32[batch]"}
            signatures["equalized"] = equalized
        if self.config.model.streams:
            from seqsuite.tasks.speech_recognition.streaming import stream_inputs

            signatures["step"] = stream_inputs(self.config.model, self._spells)
        return signatures

    def signatures(self, preprocessor):
        signatures = super().signatures(preprocessor)
        if not self._hears:
            frames = f"float32[batch,time,{preprocessor.feature_size}]"
            signatures["serving_default"] = {"features": frames, "length": "int32[batch]"}
        return signatures

    def load_examples(self, split):
        data = self.config.data
        examples = discovery.load_examples(data.source, split, data, self.name)
        if examples is not None and data.input not in examples.features:
            (found,) = examples.features
            raise UserError(
                f"Source {data.source} holds {found}, but data.input is {data.input}. Set "
                f"--data.input {found}, or name another --data.source."
            )
        return examples

    def extend_training(self, examples):
        from seqsuite.data.examples import concatenate
        from seqsuite.tasks.speech_recognition.data.sample.digits import generate_more

        count = self.config.data.synthetic_strings
        return concatenate([examples, generate_more(count)]) if count else examples

    def build_preprocessor(self, examples, fitted=None):
        from seqsuite.tasks.speech_recognition.model import FRAME_SECONDS
        from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor

        data, model = self.config.data, self.config.model
        preprocessor = SpeechPreprocessor(
            feature_size=0 if self._hears else examples.features["features"][0].shape[1],
            sample_rate=data.sample_rate,
            frame_samples=round(FRAME_SECONDS * data.sample_rate),
            hop_samples=round(model.hop_seconds * data.sample_rate),
            stride=math.prod(model.convolution_strides),
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
        from seqsuite.losses import CTCLoss
        from seqsuite.tasks.speech_recognition.model import build_speech_model
        from seqsuite.training.optimizers import build_optimizer

        training = self.config.training
        model = build_speech_model(preprocessor, self.config.model, training)
        # A faster recording may have become too short for its transcript.
        loss = CTCLoss(zero_infinity=bool(training.speed))
        model.compile(optimizer=build_optimizer(training), loss={"logits": loss})
        return model

    def initialize_model(self, preprocessor, model, examples):
        from seqsuite.data.batching import plan_batches
        from seqsuite.tasks.speech_recognition.model import adapt_normalization

        if self.config.model.normalization != "utterance":
            encoded = preprocessor.encode(examples)
            plan = plan_batches(encoded.lengths, batch_tokens=50_000, max_batch_size=256)
            adapt_normalization(model, map(encoded.batch, plan))

    def _decoder(self, preprocessor):
        from seqsuite.tasks.speech_recognition.decoding import build_decoder

        settings = self.config.decoding
        if not settings.searches:
            return None
        known = preprocessor.symbols, preprocessor.transcripts
        return build_decoder(settings, *known, spelling=preprocessor.spelling)

    def build_predictor(self, preprocessor, model, final=False):
        from seqsuite.tasks.speech_recognition.predictor import SpeechPredictor

        # An epoch is chosen by what the network does alone.
        decoder = self._decoder(preprocessor) if final else None
        return SpeechPredictor(preprocessor, model, decoder, final)

    def score(self, predictions, references, preprocessor):
        from seqsuite.tasks.speech_recognition.report import scores

        return scores(predictions, references["references"])

    def baseline(self, train, test, preprocessor):
        from seqsuite.tasks.speech_recognition.baselines import speech_baselines

        return speech_baselines(train, test, preprocessor)

    def protocol(self, test):
        if not self.config.data.equalize:
            return {}
        speakers = [waveform.speaker for waveform in test.features["audio"]]
        known = len({*speakers} - {""})
        alone = speakers.count("")
        told = f"equalised, {len(speakers) - alone:,} recordings of {known} speakers, each together"
        if alone:
            told += f", {alone:,} without a speaker's name each alone, which does little"
        return {"wer": f"{told}; transcripts had no part in it"}

    def build_server(self, preprocessor, model):
        from seqsuite.tasks.speech_recognition.server import SpeechServer

        stream = None
        if self._hears and self.config.model.streams:
            from seqsuite.tasks.speech_recognition.streaming import SpeechStream

            stream = SpeechStream(preprocessor, model, self.config.serving)
        return SpeechServer(preprocessor, model, self.config.serving, stream)

    def plots(self, directory, examples, predictions, references, preprocessor):
        from seqsuite.tasks.speech_recognition import report

        texts = references["references"], predictions["transcripts"]
        files = [report.confusion_plot(*texts, directory / "confusions.png")]
        if "frames" in predictions:
            said = texts[0][predictions["shown"]]
            path = directory / "alignment.png"
            files.append(report.alignment_plot(predictions, said, preprocessor, path))
        return files

    def mistakes(self, examples, predictions, references, preprocessor):
        from seqsuite.tasks.speech_recognition.report import mistakes

        return mistakes(predictions, references["references"], examples)

    def export_files(self, preprocessor):
        from seqsuite.tasks.speech_recognition.exported import export_files

        return export_files(self.config, preprocessor)

    def read_export(self, folder):
        from seqsuite.tasks.speech_recognition.exported import Exported

        self._exported = Exported.read(folder)

    @classmethod
    def add_predict_arguments(cls, parser):
        parser.add_argument(
            "--stream", action="store_true", help="write what is heard while a file is read"
        )
        parser.add_argument(
            "--best_path", action="store_true", help="leave the language model and the like out"
        )

    def expand(self, text):
        from seqsuite.tasks.speech_recognition import transcriber

        known = transcriber
        paths = known.expand(text, known.SUFFIXES if self._hears else (known.FEATURE_SUFFIX,))
        if self.config.data.equalize and paths != [text]:
            # Corpora have a folder for each speaker, within one that has them all.
            folders: dict[Path, list[str]] = {}
            for path in paths:
                folders.setdefault(Path(path).parent, []).append(path)
            for together in folders.values():
                self._exported.read_audio.together(together)
        return paths

    def request(self, text, options):
        return {"path": text}

    def answer(self, serve, items, options):
        settings = self.config.decoding
        transcribe = self._exported.transcriber(
            serve, settings, options.best_path, limits=self.config.serving
        )
        paths = [item.text for item in items]
        if self.config.data.equalize:
            self._exported.read_audio.together(paths)
        return transcribe(paths)

    def streams(self, options):
        if options.stream and not (self._hears and self.config.model.streams):
            raise UserError(
                "--stream needs a model of recordings that reads forward only: train one with "
                "--model.bidirectional false --model.look_ahead 4 --model.normalization running."
            )
        return options.stream

    def stream(self, serve, folder, item: Item):
        from seqsuite.tasks.speech_recognition.streaming import heard, initial_states, stream_inputs

        exported = self._exported
        inputs = stream_inputs(self.config.model, self._spells)
        states = initial_states(inputs, exported.waiting_frames)
        yield f"{item.text}\t"
        try:
            yield from heard(serve, states, Path(item.text).expanduser(), exported.sample_rate)
        except UserError as error:
            # A bad file among others does not lose them.
            yield f"error: {error}"

    def show(self, outputs, item, color=False):
        if outputs["problem"]:
            return f"{item}\terror: {outputs['problem']}"
        return f"{item}\t{outputs['transcript']}"

    def sample_requests(self):
        from seqsuite.tasks.speech_recognition.exported import silent_wav

        return {"audio": [silent_wav(self.config.data.sample_rate), b""]} if self._hears else {}

    def warm_up_requests(self, preprocessor):
        from seqsuite.tasks.speech_recognition.exported import warm_up_requests

        files, signatures = self.sample_requests(), self.signatures(preprocessor)
        return warm_up_requests(files, signatures, self.config.model, preprocessor)

    def example_words(self):
        return "FILE.wav" if self._hears else "FILE.mfc"


TASK = SpeechRecognition
