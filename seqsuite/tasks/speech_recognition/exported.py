"""What lies beside an exported recogniser for `predict`: its symbols, and what helps the search."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqsuite.errors import UserError
from seqsuite.ngram_language_model import BackoffLanguageModel, read_arpa, write_arpa
from seqsuite.tasks.speech_recognition.config import (
    SpeechConfig,
    SpeechDecodingConfig,
    SpeechServingConfig,
)
from seqsuite.tasks.speech_recognition.data.cepstra import read_cepstra
from seqsuite.tasks.speech_recognition.decoding import Decoder, build_decoder, language_model
from seqsuite.tasks.speech_recognition.equalized_reader import EqualizedReader
from seqsuite.tasks.speech_recognition.model import convolution_layer
from seqsuite.tasks.speech_recognition.pronunciations import Spelling
from seqsuite.tasks.speech_recognition.transcriber import Transcriber, parts

if TYPE_CHECKING:
    from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor


RECOGNISER_FILE = "recogniser.json"
LANGUAGE_MODEL_FILE = "language_model.arpa"


def export_files(config: SpeechConfig, preprocessor: SpeechPreprocessor) -> dict[str, str]:
    """Return name -> content of what `predict` needs beside the graph.

    Args:
        config: The task's configuration.
        preprocessor: An adapted ``SpeechPreprocessor``.
    """
    waiting_frames = convolution_layer(config.model).left_padding
    record = {
        "sample_rate": preprocessor.sample_rate,
        "hop_samples": preprocessor.hop_samples,
        "step_seconds": preprocessor.step_seconds,
        "feature_size": preprocessor.feature_size,
        "symbols": preprocessor.symbols,
        "waiting_frames": waiting_frames,
        "lexicon": sorted({word for text in preprocessor.transcripts for word in text.split()})
        if config.decoding.lexicon
        else [],
    }
    if preprocessor.spelling is not None:
        record["spelling"] = preprocessor.spelling.get_config()
    if preprocessor.equalize:
        record["spectrum"] = preprocessor.spectrum
    files = {RECOGNISER_FILE: json.dumps(record, ensure_ascii=False, indent=1)}
    model = language_model(config.decoding, preprocessor.transcripts)
    if model is not None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / LANGUAGE_MODEL_FILE
            write_arpa(model, path)
            files[LANGUAGE_MODEL_FILE] = path.read_text(encoding="utf-8")
    return files


@dataclass(frozen=True)
class Exported:
    """An exported recogniser, as read from its folder.

    Args:
        sample_rate: Samples a second of recordings.
        hop_samples: Samples from frame to frame.
        step_seconds: Time from step to step of the outputs.
        feature_size: Width of ready features; 0: it hears recordings.
        symbols: What each output stands for, the blank first.
        waiting_frames: Frames of zeros before the first of a stream.
        lexicon: Words that alone may be said; empty: any.
        model: The language model, if there is one.
        spelling: How words consist of the symbols; None: these are characters.
        spectrum: What recordings are equalised to; empty: they are not.
    """

    sample_rate: int
    hop_samples: int
    step_seconds: float
    feature_size: int
    symbols: list[str]
    waiting_frames: int
    lexicon: list[str]
    model: BackoffLanguageModel | None
    spelling: Spelling | None = None
    spectrum: Sequence[float] = ()

    @cached_property
    def read_audio(self) -> Callable[[Path], Iterator[np.ndarray]]:
        """Recording -> its parts; an `EqualizedReader` where they are equalised."""
        read = partial(parts, sample_rate=self.sample_rate)
        return EqualizedReader(read, self.spectrum, self.sample_rate) if self.spectrum else read

    @classmethod
    def read(cls, folder: Path) -> Exported:
        """Read what `export_files` laid in a folder.

        Args:
            folder: Beside the exported graph.
        """
        record = json.loads((folder / RECOGNISER_FILE).read_text(encoding="utf-8"))
        if "spelling" in record:
            record["spelling"] = Spelling(**record["spelling"])
        path = folder / LANGUAGE_MODEL_FILE
        return cls(**record, model=read_arpa(path) if path.is_file() else None)

    def transcriber(
        self,
        serve: Any,
        settings: SpeechDecodingConfig,
        best_path: bool = False,
        limits: SpeechServingConfig | None = None,
    ) -> Transcriber:
        """Return what answers files.

        Args:
            serve: The exported model.
            settings: The section ``decoding`` that it was exported with.
            best_path: Take the network's best path, whatever would help.
            limits: The section ``serving`` that it was exported with; None: its defaults.
        """
        decoder = None if best_path else self.decoder(settings)
        if self.feature_size:
            read = partial(_frames, size=self.feature_size)
            rate = self.sample_rate / self.hop_samples
            return Transcriber(
                serve, "features", read, rate, self.step_seconds, decoder, limits=limits
            )
        name = "equalized" if self.spectrum else "samples"
        rate = float(self.sample_rate)
        return Transcriber(
            serve, name, self.read_audio, rate, self.step_seconds, decoder, limits=limits
        )

    def decoder(self, settings: SpeechDecodingConfig) -> Decoder | None:
        """Return the beam search of a configuration, or None if nothing is to be searched with.

        Args:
            settings: The section ``decoding``.
        """
        if not settings.searches:
            return None
        return build_decoder(settings, self.symbols, self.lexicon, self.model, self.spelling)


def _frames(path: Path, size: int) -> Iterator[np.ndarray]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    yield read_cepstra(data, str(path), size)
