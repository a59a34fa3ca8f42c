"""Utterances -> samples or features, transcripts -> symbols, and back, in the graph."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.batching import Column, RaggedColumn, Targets
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.speech_recognition.batches import EncodedUtterances, learnable, ragged
from seqsuite.tasks.speech_recognition.data.pronunciations import read_pronunciations
from seqsuite.tasks.speech_recognition.equalization import (
    average_spectrum,
    equalize,
    equalize_speakers,
)
from seqsuite.tasks.speech_recognition.pronunciation_graph import SpelledText
from seqsuite.tasks.speech_recognition.pronunciations import Spelling

BLANK = 0
PADDING_LABEL = -1
CASES = ("lower", "upper", "keep")
UNITS = ("characters", "words", "phones")


@keras.saving.register_keras_serializable(package="seqsuite")
class SpeechPreprocessor(Preprocessor):
    """What the symbols of transcripts are, and how long utterances are in steps of the network.

    Args:
        feature_size: Width of ready features; 0: utterances are recordings.
        sample_rate: Samples a second that recordings must have, in hertz.
        frame_samples: Samples of the first frame of a recording.
        hop_samples: Samples from frame to frame, of features too.
        stride: Frames from step to step of the network.
        case: "lower", "upper" or "keep".
        alphabet: The characters of transcripts; empty: those that `adapt` finds.
        keep_transcripts: Keep the transcripts of training, for a language model or a lexicon.
        equalize: Filter the recordings of each speaker so that their average spectrum is that of
            training; the recordings of a request count as one speaker's.
        units: What symbols are: "characters", "words" or "phones".
        pronunciations: For phones, the file that `adapt` reads them from.
        **kwargs: Keras layer arguments.

    Attributes:
        characters: The characters of transcripts, set by :meth:`adapt` like the others.
        spelling: How transcripts are written in units other than characters, or None.
        spectrum: Average spectrum of speakers, for `equalize`.
        transcripts: Those of training, for `keep_transcripts`.

    Call arguments:
        features: ``samples`` or ``equalized`` (floats in [-1, 1] ``(batch, time)``), or
            ``features`` ``(batch, frames, size)``; and ``length``.

    Returns:
        ``samples`` or ``features``, and ``length``.
    """

    state_names = ("characters", "spectrum", "transcripts")

    def __init__(
        self,
        feature_size: int = 0,
        sample_rate: int = 8000,
        frame_samples: int = 200,
        hop_samples: int = 80,
        stride: int = 1,
        case: str = "lower",
        alphabet: str = "",
        keep_transcripts: bool = False,
        equalize: bool = False,
        units: str = "characters",
        pronunciations: str = "",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if case not in CASES:
            raise ValueError(f"Argument `case` must be one of {CASES}. Received: case={case!r}")
        if units not in UNITS:
            raise ValueError(f"Argument `units` must be one of {UNITS}. Received: units={units!r}")
        self.feature_size = feature_size
        self.sample_rate = sample_rate
        self.frame_samples = frame_samples
        self.hop_samples = hop_samples
        self.stride = stride
        self.case = case
        self.alphabet = alphabet
        self.keep_transcripts = keep_transcripts
        self.equalize = equalize
        self.units = units
        self.pronunciations = pronunciations
        self.spelling: Spelling | None = None
        self._spelled_text: SpelledText | None = None
        self.characters = alphabet
        self.spectrum: list[float] = []
        self.transcripts: list[str] = []
        self.ragged_features = ("features" if feature_size else "samples",)

    def get_state(self) -> dict[str, Any]:
        """Return what :meth:`adapt` learned."""
        spelling = None if self.spelling is None else self.spelling.get_config()
        return {**super().get_state(), "spelling": spelling}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`get_state` returned."""
        super().set_state(state)
        if state["spelling"] is not None:
            self._learn_spelling(Spelling(**state["spelling"]))

    @property
    def symbols(self) -> list[str]:
        """What each output of the network stands for; the first is the blank."""
        return ["", *(self.spelling.names if self.spelling else self.characters)]

    @property
    def _characters(self) -> list[str]:
        """What each output is written as, in spelled texts too."""
        return ["", *(self.spelling.alphabet if self.spelling else self.characters)]

    @property
    def symbols_are_words(self) -> bool:
        """Whether each symbol but the space is a word, whatever stands beside it."""
        return self.spelling is not None and self.spelling.units_are_words

    @property
    def rate(self) -> float:
        """Samples, or frames of ready features, a second."""
        return self.sample_rate / self.hop_samples if self.feature_size else self.sample_rate

    @property
    def step_seconds(self) -> float:
        """Time from step to step of the network."""
        return self.hop_samples / self.sample_rate * self.stride

    def adapt(self, examples: Examples) -> None:
        """Find the symbols of transcripts, and the average spectrum of speakers.

        Raises:
            UserError: Nothing is said in them, something outside a given alphabet, or words without
                a pronunciation.
        """
        transcripts = self.normalized(examples.labels or [])
        if not any(transcripts):
            raise UserError("No transcript says anything: there is nothing to learn.")
        if self.units == "characters":
            self._find_characters(transcripts)
        else:
            self._learn_spelling(self._spelling_of(transcripts))
        self.transcripts = transcripts if self.keep_transcripts else []
        if self.equalize:
            self._check_rates(examples)
            rows, speakers = _recordings(examples)
            if "" in speakers:
                print(
                    f"note: {speakers.count(''):,} of {len(speakers):,} training recordings name "
                    "no speaker: data.equalize filters each of them alone, which does little",
                    file=sys.stderr,
                )
            spectrum = average_spectrum(rows, speakers, self.sample_rate)
            self.spectrum = [float(value) for value in spectrum]

    def _find_characters(self, transcripts: Sequence[str]) -> None:
        if not self.alphabet:
            # Words are known by the space between them, even where each is alone in its recording.
            self.characters = "".join(sorted(set(" ".join(["", *transcripts, ""]))))
        for number, text in enumerate(transcripts, start=1):
            strange = sorted(set(text) - set(self.characters))
            if strange:
                raise UserError(
                    f"Transcript {number} ({text[:40]!r}) has characters outside data.alphabet: "
                    f"{' '.join(map(repr, strange))}. Add them, or mend the transcript."
                )

    def _spelling_of(self, transcripts: Sequence[str]) -> Spelling:
        if self.units == "words":
            return Spelling.of_words(transcripts)
        path = Path(self.pronunciations).expanduser()
        lexicon = read_pronunciations(path, self.normalized)
        return Spelling.of_phones(transcripts, lexicon, self.pronunciations)

    def _learn_spelling(self, spelling: Spelling) -> None:
        self.spelling, self._spelled_text = spelling, SpelledText(spelling)

    def normalized(self, transcripts: Sequence[str]) -> list[str]:
        """Return transcripts with one case, composed characters and single spaces.

        Example:
            >>> SpeechPreprocessor().normalized([" Two  WORDS "])
            ['two words']
        """
        texts = [" ".join(unicodedata.normalize("NFC", text).split()) for text in transcripts]
        if self.case == "lower":
            return [text.lower() for text in texts]
        return [text.upper() for text in texts] if self.case == "upper" else texts

    def call(self, features):
        encoded = {**features, "length": tf.cast(features["length"], tf.int32)}
        if "equalized" in encoded:
            encoded["samples"] = encoded.pop("equalized")
        elif self.equalize:
            samples, lengths = encoded["samples"], encoded["length"]
            samples = equalize(samples, lengths, self.spectrum, self.sample_rate)
            encoded["samples"] = samples
        return encoded

    def frames(self, lengths: np.ndarray) -> np.ndarray:
        """Return how many frames utterances of so many samples (or features) have."""
        if self.feature_size:
            return lengths
        return np.maximum(0, (lengths - self.frame_samples) // self.hop_samples + 1)

    def encode_labels(self, labels: Sequence[Any]) -> RaggedColumn:
        """Return the symbols of transcripts; unknown characters, or unknown words, are left out.

        Only what is learned must be spelled in full, which `adapt` sees to.
        """
        places = {character: place for place, character in enumerate(self._characters)}
        texts = self.normalized(labels)
        if self.spelling is not None:
            texts = [self.spelling.spell(text) for text in texts]
        rows = [
            np.array([places[character] for character in text if character in places], np.int32)
            for text in texts
        ]
        return ragged(rows, np.zeros(0, np.int32), PADDING_LABEL)

    def encode_targets(self, examples: Examples) -> Targets | None:
        """Return ``logits``, the symbols of transcripts, and ``references``, their texts."""
        if examples.labels is None:
            return None
        references = np.array(self.normalized(examples.labels), object)
        return {"logits": self.encode_labels(examples.labels), "references": references}

    def encode(
        self, examples: Examples, training: bool = False, chunk: int = 512
    ) -> EncodedUtterances:
        """Return utterances as they are learned from.

        Args:
            examples: ``audio`` (waveforms) or ``features``, and transcripts.
            training: Leave out what is too short for its transcript, with a note.
            chunk: Not used.

        Raises:
            UserError: A recording has another sample rate, or features have another width.
        """
        column = self._column(examples)
        lengths = np.diff(column.starts)
        features: dict[str, Column] = {
            self.ragged_features[0]: column,
            "length": lengths.astype(np.int32),
        }
        targets, frames = self.encode_targets(examples), self.frames(lengths)
        learned = None
        if training and targets is not None:
            assert isinstance(targets, dict)
            learned = learnable(targets["logits"], frames, self.stride)
        return EncodedUtterances(features, targets, frames, self.stride, learned)

    def _column(self, examples: Examples, raw: bool = False) -> RaggedColumn:
        if self.feature_size:
            rows = examples.features["features"]
            for row in rows:
                if row.ndim != 2 or row.shape[1] != self.feature_size:
                    raise UserError(
                        f"Features must be (frames, {self.feature_size}). Received: {row.shape}."
                    )
            return ragged(rows, np.zeros((0, self.feature_size), np.float32))
        self._check_rates(examples)
        rows, speakers = _recordings(examples)
        if self.equalize and not raw:
            rows = equalize_speakers(rows, speakers, self.spectrum, self.sample_rate)
        return ragged(rows, np.zeros(0, np.int16))

    def _check_rates(self, examples: Examples) -> None:
        for waveform in examples.features["audio"]:
            if waveform.sample_rate != self.sample_rate:
                raise UserError(
                    f"Recording {waveform.unique_id or '?'} has {waveform.sample_rate} samples a "
                    f"second, not {self.sample_rate}. Read it with data.sample_rate "
                    f"{self.sample_rate}, which resamples it."
                )

    def decode(self, outputs):
        """Return the texts of symbol ids, in the graph.

        Args:
            outputs: int ``(batch, symbols)``, negative where padded.

        Returns:
            Strings ``(batch,)``: words, whatever the units; of phones that are no word, their names
            in brackets. A space that was missed between whole words is written.
        """
        texts = self._written(outputs)
        return texts if self._spelled_text is None else self._spelled_text(texts)

    def decode_further(self, outputs, waiting, ends):
        """Return the words that symbol ids end, and what is spelled of the next, in the graph.

        Args:
            outputs: int ``(batch, symbols)``, negative where padded.
            waiting: What this returned before, strings ``(batch,)``; at first empty.
            ends: Whether nothing comes after it, bool scalar.

        Returns:
            Strings ``(batch,)`` twice. Joined, the first are what `decode` says of all symbols.
        """
        assert self._spelled_text is not None
        return self._spelled_text.read_further(self._written(outputs), waiting, ends)

    def _written(self, outputs):
        characters = tf.gather(tf.constant(self._characters), tf.maximum(outputs, 0))
        return tf.strings.reduce_join(tf.where(outputs < 0, "", characters), axis=1)

    def to_tensors(self, examples: Examples) -> dict[str, tf.Tensor]:
        """Return utterances as ``call`` takes them: padded, with their lengths."""
        column = self._column(examples, raw=True)
        lengths = np.diff(column.starts).astype(np.int32)
        encoded = EncodedUtterances(
            {self.ragged_features[0]: column, "length": lengths}, None, self.frames(lengths)
        )
        batch = encoded.batch(np.arange(len(encoded)))
        return {name: tf.constant(value) for name, value in batch.items()}


def _recordings(examples: Examples) -> tuple[list[np.ndarray], list[str]]:
    """Return samples, and who speaks."""
    waveforms = examples.features["audio"]
    return [one.samples for one in waveforms], [one.speaker for one in waveforms]
