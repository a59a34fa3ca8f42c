"""`predict` of the speech_recognition task: recordings and folders of them in, transcripts out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqsuite.client import Client, Item
from seqsuite.errors import UserError


class SpeechClient(Client):
    """Transcribes files, long ones in parts; by option while they are read."""

    input_name = "audio"

    def __init__(self, model, config, options):
        from seqsuite.tasks.speech_recognition.exported import Exported

        super().__init__(model, config, options)
        self.exported = Exported.read(model.extra)
        self._read: Any = self.exported.read_audio
        self._hears = config.data.input == "audio"
        if options.stream and not (self._hears and config.model.streams):
            raise UserError(
                "--stream needs a model of recordings that reads forward only: train one with "
                "--model.bidirectional false --model.look_ahead 4 --model.normalization running."
            )

        if options.stream and (options.json or options.format not in (None, "text")):
            raise UserError("--stream writes text: leave --json and --format out.")
        if options.best_path and (options.stream or not config.decoding.searches):
            raise UserError(
                "--best_path leaves out what a search reads beside the network, and "
                + ("--stream reads nothing else." if options.stream else "this model has nothing.")
            )

    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument(
            "--stream", action="store_true", help="write the transcript while a file is read"
        )
        parser.add_argument(
            "--best_path", action="store_true", help="decode without language model or lexicon"
        )

    def read(self, inputs):
        for row in inputs.rows(self.column):
            for path in self._files(row.text):
                yield Item(path, {"path": path}, record=row.record)

    def _files(self, text):
        from seqsuite.tasks.speech_recognition import transcriber

        suffixes = transcriber.SUFFIXES if self._hears else (transcriber.FEATURE_SUFFIX,)
        paths = transcriber.expand(text, suffixes)
        if self.config.data.equalize and paths != [text]:
            # Corpora have a folder for each speaker, within one that has them all.
            folders: dict[Path, list[str]] = {}
            for path in paths:
                folders.setdefault(Path(path).parent, []).append(path)
            for together in folders.values():
                self._read.together(together)
        return paths

    def answer(self, items):
        settings, limits = self.config.decoding, self.config.serving
        transcribe = self.exported.transcriber(
            self.model, settings, self.options.best_path, limits=limits
        )
        paths = [item.text for item in items]
        if self.config.data.equalize:
            self._read.together(paths)
        return transcribe(paths)

    def stream(self, item):
        return self._pieces(item) if self.options.stream else None

    def _pieces(self, item):
        from seqsuite.tasks.speech_recognition.streaming import heard, initial_states

        exported = self.exported
        states = initial_states(self.model.signatures["step"], exported.waiting_frames)
        yield f"{item.text}\t"
        try:
            source = Path(item.text).expanduser()
            yield from heard(self.model, states, source, exported.sample_rate)
        except UserError as error:
            # A bad file among others does not lose them.
            yield f"error: {error}"

    def _line(self, answer, text):
        if answer["problem"]:
            return f"{text}\terror: {answer['problem']}"
        return f"{text}\t{answer['transcript']}"
