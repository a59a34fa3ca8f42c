"""Recognition while somebody speaks: a chunk of samples and the states in, new text and states out.

Every part of the network looks back only, or ahead by a known number of frames, and hands on what
it still needs. So the text of all chunks is that of the whole recording, however it is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.decoding.ctc import ctc_greedy_search
from seqsuite.layers.audio import streaming
from seqsuite.serving.limits import MAX_STATE, after, check, check_magnitude, check_size
from seqsuite.serving.signatures import signature, zeros
from seqsuite.tasks.speech_recognition.config import SpeechModelConfig, SpeechServingConfig
from seqsuite.tasks.speech_recognition.data.audio import FULL_SCALE, read_blocks
from seqsuite.tasks.speech_recognition.preprocessor import BLANK

if TYPE_CHECKING:
    from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor


Tensor = Any

CHUNK_SECONDS = 0.1
"""What `predict --stream` reads at a time."""
_STATE = "state_"
_SUMS = ("state_count", "state_sum", "state_squares")
# Over days of frames.
_LARGEST_SUM = 1e15


def stream_inputs(config: SpeechModelConfig, spelled: bool = False) -> dict[str, tf.TensorSpec]:
    """Return the specifications of the inputs of the streaming step.

    ``chunk`` are new samples, as many for all rows; ``final`` is 1 for the last chunk (of all rows,
    which end together) and else 0; the others are what the step before returned, at first
    :func:`initial_states`.

    Args:
        config: The section ``model`` of the task.
        spelled: Symbols are not characters; ``state_word`` is what was heard of the next word.
    """
    width = config.num_coefficients or config.num_mel_bins
    inputs: dict[str, list[Any]] = {
        "chunk": [tf.float32, None],
        "final": [tf.int32],
        "state_samples": [tf.float32, None],
        "state_frames": [tf.float32, None, width],
        "state_symbol": [tf.int32],
    }
    if spelled:
        inputs["state_word"] = [tf.string]
    if config.normalization == "running":
        for name, size in (("count", 1), ("sum", width), ("squares", width)):
            inputs[f"state_{name}"] = [tf.float32, size]
    for index in range(config.num_layers * (2 if config.cell == "lstm" else 1)):
        inputs[f"state_recurrent_{index}"] = [tf.float32, config.units]
    return signature(**inputs)


class SpeechStream:
    """The streaming step of a model that looks back only.

    Args:
        preprocessor: An adapted ``SpeechPreprocessor``.
        model: A model of ``build_speech_model`` whose configuration streams.
        limits: The section ``serving`` of the task.
    """

    def __init__(
        self, preprocessor: SpeechPreprocessor, model: keras.Model, limits: SpeechServingConfig
    ):
        self.preprocessor = preprocessor
        self.limits = limits
        names = ("log_mel", "normalization", "convolutions", "recurrent", "prediction")
        self.log_mel, self.normalization, self.convolutions, self.recurrent, self.prediction = (
            model.get_layer(name) for name in names
        )

    def __call__(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Take one step.

        Args:
            inputs: As `stream_inputs` names them.

        Returns:
            ``text``, what was heard in addition, strings ``(batch,)``, and all states. Where
            symbols are phones, a word is told when the space behind it is heard.
        """
        inputs = after(self._checks(inputs), inputs)
        frames, samples = streaming.continue_log_mel(
            self.log_mel, inputs["state_samples"], inputs["chunk"]
        )
        frames, states = self._normalized(frames, inputs)
        frames, waiting = self._convolved(frames, inputs)
        names = sorted(
            (name for name in inputs if name.startswith("state_recurrent_")),
            key=lambda name: int(name.rpartition("_")[2]),
        )
        outputs, *recurrent = self.recurrent(frames, initial_state=[inputs[name] for name in names])
        ids, symbol = self._heard(self.prediction(outputs), inputs["state_symbol"])
        states |= dict(zip(names, recurrent, strict=True))
        if "state_word" in inputs:
            ends = tf.reduce_any(inputs["final"] > 0)
            word = inputs["state_word"]
            text, states["state_word"] = self.preprocessor.decode_further(ids, word, ends)
        else:
            text = self.preprocessor.decode(ids)
        kept = {"state_samples": samples, "state_frames": waiting, "state_symbol": symbol}
        return {"text": text, **kept, **states}

    def _checks(self, inputs):
        """Refuse what is too long, and states that no step can have returned."""
        limits, rate = self.limits, self.preprocessor.sample_rate
        rows, width = tf.unstack(tf.shape(inputs["chunk"]))
        longest = round(limits.max_seconds * rate)
        largest = round(limits.max_request_seconds * rate)
        checks = []
        for name, hop in (("state_samples", 1), ("state_frames", self.preprocessor.hop_samples)):
            total = width + hop * tf.shape(inputs[name])[1]
            message = (
                f"Inputs chunk and {name} must have at most {longest} samples together "
                "(serving.max_seconds). Received:"
            )
            checks += [
                check(total <= longest, message, total),
                check_size("chunk", rows, total, largest, "serving.max_request_seconds"),
            ]
        for name, values in inputs.items():
            if values.dtype.is_floating:
                greatest = _LARGEST_SUM if name in _SUMS else MAX_STATE
                checks.append(check_magnitude(name, values, greatest))
        return checks

    def _normalized(self, frames, inputs):
        names = _SUMS
        if names[0] not in inputs:
            return self.normalization(frames), {}
        frames, *states = self.normalization(frames, initial_state=[inputs[name] for name in names])
        return frames, dict(zip(names, states, strict=True))

    def _convolved(self, frames, inputs):
        """Return the outputs that frames suffice for; at the end, with zeros behind them."""
        ends = tf.reduce_any(inputs["final"] > 0)
        padding = tf.where(ends, self.convolutions.right_padding, 0)
        frames = tf.pad(frames, [[0, 0], [0, padding], [0, 0]])
        return streaming.continue_subsampling(self.convolutions, inputs["state_frames"], frames)

    def _heard(self, logits, symbol):
        """Return the symbols of new steps, and that of the last step, which may go on."""
        # The symbol before stands in front as a step of its own, and is then taken off: a repeat
        # of it is none, and a new symbol begins after it.
        size = logits.shape[-1]
        before = tf.one_hot(symbol, size, on_value=1e9, off_value=-1e9)[:, None]
        logits = tf.concat([before, logits], axis=1)
        ids = ctc_greedy_search(logits, blank=BLANK).ids
        held = symbol != BLANK
        is_first = tf.range(tf.shape(ids)[1])[None] == 0
        ids = tf.where(held[:, None] & is_first, -1, ids)
        last = tf.argmax(logits[:, -1], axis=-1, output_type=tf.int32)
        return ids, last


def initial_states(
    inputs: dict[str, tf.TensorSpec], waiting_frames: int, rows: int = 1
) -> dict[str, Any]:
    """Return the states before the first chunk.

    Args:
        inputs: As from `stream_inputs`.
        waiting_frames: Frames of zeros before the first, which the convolutions expect.
        rows: Streams side by side.

    Returns:
        State name -> zeros, or empty strings; ``state_samples`` has no samples yet.
    """
    return {
        name: zeros(one, rows, waiting_frames if name == "state_frames" else 0)
        for name, one in inputs.items()
        if name.startswith(_STATE)
    }


def heard(
    serve: Callable[..., dict[str, Any]],
    states: dict[str, Any],
    source: Path,
    sample_rate: int,
    chunk_seconds: float = CHUNK_SECONDS,
) -> Iterator[str]:
    """Yield what an exported recogniser hears in a file, chunk by chunk, in constant memory.

    Args:
        serve: The exported model.
        states: As from `initial_states`.
        source: The file.
        sample_rate: Samples a second that the model expects.
        chunk_seconds: Length of the chunks.

    Yields:
        New text; joined, the transcript.

    Raises:
        UserError: The file cannot be read.
    """
    for chunk in read_blocks(source, sample_rate, chunk_seconds):
        samples = chunk.astype(np.float32)[None] / np.float32(FULL_SCALE)
        text, states = take_step(serve, states, samples)
        yield text
    yield take_step(serve, states, np.zeros((1, 0), np.float32), final=True)[0]


def take_step(
    serve: Callable[..., dict[str, Any]],
    states: dict[str, Any],
    samples: np.ndarray,
    final: bool = False,
) -> tuple[str, dict[str, Any]]:
    """Return what is heard of one stream in a chunk, and the states after it.

    Args:
        serve: The exported model.
        states: The states before it.
        samples: float32 ``(1, time)``.
        final: Whether nothing comes after it.
    """
    states = {name: tf.constant(value) for name, value in states.items()}
    ends = tf.constant([int(final)])
    answer = dict(serve(chunk=tf.constant(samples), final=ends, **states))
    return answer.pop("text").numpy()[0].decode("utf-8"), answer
