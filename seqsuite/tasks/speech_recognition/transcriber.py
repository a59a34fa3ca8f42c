"""Files to transcribe: folders of them, long ones in parts, and bad ones that spoil no others."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from seqsuite.decoding.ctc import Transcript
from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.config import SpeechServingConfig
from seqsuite.tasks.speech_recognition.data.audio import FULL_SCALE, read_blocks

SUFFIXES = (
    ".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".au", ".opus", ".caf", ".w64", ".sph",
)  # fmt: skip
# Recordings that libsndfile does not read.
_UNREAD = (".m4a", ".aac", ".wma", ".amr", ".webm", ".mp4", ".3gp")
"""What is taken for audio in a folder."""
FEATURE_SUFFIX = ".mfc"
# Recordings are read in blocks of that length, and cut where one is quiet near its end.
_PART_SECONDS, _LOOK_BACK_SECONDS, _QUIET_SECONDS = 30.0, 10.0, 0.2
# Of all parts that are answered at once, padded.
_BATCH_SECONDS = 240.0


def expand(text: str, suffixes: Sequence[str] = SUFFIXES) -> list[str]:
    """Return the files that a path stands for: of a folder all that are audio, by name.

    Args:
        text: A file or folder.
        suffixes: Endings of the files that are taken.

    Raises:
        UserError: There are none in a folder.
    """
    path = Path(text).expanduser()
    if not path.is_dir():
        return [text]
    found = sorted(str(file) for file in path.rglob("*") if file.suffix.lower() in suffixes)
    if not found:
        raise UserError(f"{text} has no file that ends in {', '.join(suffixes)}.")
    unread = sorted(str(file) for file in path.rglob("*") if file.suffix.lower() in _UNREAD)
    if unread and suffixes == SUFFIXES:
        print(
            f"note: {len(unread)} files of formats that cannot be read are passed over, the first "
            f"is {unread[0]}; convert them, for instance with ffmpeg",
            file=sys.stderr,
        )
    return found


def parts(source: Path, sample_rate: int, seconds: float = _PART_SECONDS) -> Iterator[np.ndarray]:
    """Yield a recording in parts of bounded length, cut where it is quietest.

    Args:
        source: The file.
        sample_rate: Samples a second to return.
        seconds: The longest part.

    Yields:
        float32 samples in [-1, 1]; joined, they are the recording.

    Raises:
        UserError: The file cannot be read.
    """
    waiting = np.zeros(0, np.float32)
    longest = round(seconds * sample_rate)
    for block in read_blocks(source, sample_rate, min(seconds, 10.0)):
        waiting = np.concatenate([waiting, block.astype(np.float32) / np.float32(FULL_SCALE)])
        while len(waiting) > longest:
            end = quietest(waiting[:longest], sample_rate)
            yield waiting[:end]
            waiting = waiting[end:]
    yield waiting


def quietest(samples: np.ndarray, sample_rate: int) -> int:
    """Return where to cut: the middle of the quietest moment within the last seconds.

    Args:
        samples: ``(num_samples,)``.
        sample_rate: Samples a second.

    Example:
        >>> noisy = np.ones(24_000)
        >>> noisy[20_000:21_600] = 0.0
        >>> quietest(noisy, 8000)
        20800
    """
    window = max(1, round(_QUIET_SECONDS * sample_rate))
    first = max(0, len(samples) - round(_LOOK_BACK_SECONDS * sample_rate))
    tail = samples[first:].astype(np.float64)
    if len(tail) <= window:
        return len(samples)
    power = np.cumsum(np.pad(np.square(tail), (1, 0)))
    return first + int(np.argmin(power[window:] - power[:-window])) + window // 2


@dataclass
class Recording:
    """What is known of a file while its parts are answered.

    Args:
        problem: Why it could not be read, or "".
        seconds: Length of the parts so far.
        rows: Answers of its parts, each with where it begins.
    """

    problem: str = ""
    seconds: float = 0.0
    rows: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def joined(self) -> dict[str, Any]:
        """Return one answer: words one after the other, with times from the beginning."""
        answer: dict[str, Any] = {
            "transcript": " ".join(row["transcript"] for _, row in self.rows if row["transcript"]),
            "score": sum(row["score"] for _, row in self.rows),
            "words": [word for _, row in self.rows for word in row["words"]],
        }
        for name in ("starts", "ends"):
            answer[name] = [round(begin + t, 3) for begin, row in self.rows for t in row[name]]
        answer["confidences"] = [c for _, row in self.rows for c in row["confidences"]]
        return {**answer, "seconds": round(self.seconds, 3), "problem": self.problem}


class Transcriber:
    """Answers files by an exported model, several parts of recordings at a time.

    Args:
        serve: The exported model.
        input_name: What it takes beside ``length``: ``samples`` or ``features``.
        read: A file -> its parts, ``(time,)`` or ``(time, features)``.
        rate: Samples or frames a second.
        step_seconds: Time from step to step of the model's outputs.
        decoder: A beam search over its outputs; None: its own best paths.
        limits: The section ``serving`` that the model was exported with.
    """

    def __init__(
        self,
        serve: Callable[..., dict[str, Any]],
        input_name: str,
        read: Callable[[Path], Iterator[np.ndarray]],
        rate: float,
        step_seconds: float,
        decoder: Callable[..., list[list[Transcript]]] | None = None,
        limits: SpeechServingConfig | None = None,
    ):
        self.serve = serve
        self.input_name = input_name
        self.read = read
        self.rate = rate
        self.step_seconds = step_seconds
        self.decoder = decoder
        most = (limits or SpeechServingConfig()).max_request_seconds
        self._batch_seconds = min(_BATCH_SECONDS, most)

    def __call__(self, paths: Sequence[str]) -> list[dict[str, Any]]:
        """Return the answer of each file; one that cannot be read says why under ``problem``."""
        recordings = [Recording() for _ in paths]
        waiting: list[tuple[Recording, float, np.ndarray]] = []
        for recording, path in zip(recordings, paths, strict=True):
            try:
                for part in self.read(Path(path).expanduser()):
                    # No batch grows with the length of a file.
                    longest = max([len(part), *(len(other) for *_, other in waiting)])
                    if (len(waiting) + 1) * longest > self._batch_seconds * self.rate:
                        self._answer(waiting)
                        waiting = []
                    waiting.append((recording, recording.seconds, part))
                    recording.seconds += len(part) / self.rate
            except UserError as error:
                recording.problem = str(error)
        self._answer(waiting)
        return [recording.joined() for recording in recordings]

    def _answer(self, batch: list[tuple[Recording, float, np.ndarray]]) -> None:
        if not batch:
            return
        lengths = np.array([len(part) for *_, part in batch], np.int32)
        shape = (len(batch), max(1, lengths.max()), *batch[0][2].shape[1:])
        inputs = np.zeros(shape, np.float32)
        for row, (*_, part) in zip(inputs, batch, strict=True):
            row[: len(part)] = part
        features = {self.input_name: tf.constant(inputs), "length": tf.constant(lengths)}
        outputs = {name: value.numpy() for name, value in self.serve(**features).items()}
        problems = outputs.get("problem", np.full(len(batch), b"", object))
        for number, (recording, begin, _) in enumerate(batch):
            recording.problem = recording.problem or problems[number].decode("utf-8")
            if self.decoder is None:
                row = best_path(outputs, number)
            else:
                row = self._searched(outputs["log_probabilities"][number])
            recording.rows.append((begin, row))

    def _searched(self, log_probabilities: np.ndarray) -> dict[str, Any]:
        assert self.decoder is not None
        best = self.decoder(log_probabilities[None])[0][0]
        # Where nothing that is allowed was found, the score is infinite, which JSON cannot hold.
        score = best.score if math.isfinite(best.score) else best.log_probability
        return {
            "transcript": best.text,
            "score": score,
            "words": [word.text for word in best.words],
            "starts": [word.start * self.step_seconds for word in best.words],
            "ends": [word.end * self.step_seconds for word in best.words],
            "confidences": [word.confidence for word in best.words],
        }


def best_path(outputs: dict[str, np.ndarray], row: int) -> dict[str, Any]:
    """Return a row of served outputs without the padding of its batch.

    Args:
        outputs: What a recogniser answered, as arrays.
        row: Which one.
    """
    words = [word.decode("utf-8") for word in outputs["words"][row] if word]
    answer = {
        "transcript": outputs["transcript"][row].decode("utf-8"),
        "score": float(outputs["score"][row]),
        "words": words,
    }
    for name in ("starts", "ends", "confidences"):
        answer[name] = [round(float(value), 4) for value in outputs[name][row][: len(words)]]
    return answer
