"""What an exported recogniser answers: transcripts, and words with their times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow as tf

from seqsuite.decoding.ctc import CTCSymbols, ctc_greedy_search
from seqsuite.serving.limits import after, check_size
from seqsuite.tasks.speech_recognition.config import SpeechServingConfig
from seqsuite.tasks.speech_recognition.preprocessor import BLANK
from seqsuite.tasks.speech_recognition.wav_graph import decode_waves

if TYPE_CHECKING:
    import keras

    from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor


Tensor = Any

LARGEST_INPUT = 1e6
"""Samples are in [-1, 1], and features of that order; far larger ones overflow in the network."""


class SpeechServer:
    """Raw utterances in, what was said out, in the graph.

    Args:
        preprocessor: An adapted ``SpeechPreprocessor``.
        model: A trained model of ``build_speech_model``.
        limits: The section ``serving`` of the task.
        stream: What answers the streaming step; None: the model does not stream.
    """

    def __init__(
        self,
        preprocessor: SpeechPreprocessor,
        model: keras.Model,
        limits: SpeechServingConfig,
        stream: Any = None,
    ):
        self.preprocessor = preprocessor
        self.model = model
        self.limits = limits
        self.stream = stream

    def __call__(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """Answer one signature.

        Args:
            features: ``audio``; or ``samples`` (or ``features``) and ``length``; or the inputs of
                the streaming step.

        Returns:
            ``transcript`` and ``score`` ``(batch,)``: the logarithm of the path's probability;
            ``words``, ``starts``, ``ends`` (seconds) and ``confidences`` ``(batch, words)``, empty
            and 0 after the last; ``problem`` ``(batch,)``, empty unless a row has no answer, and
            why. Of all but ``audio`` also ``log_probabilities`` ``(batch, steps, symbols)``, for a
            search with what the caller knows.
        """
        if "chunk" in features:
            return self.stream(features)
        heard, problem = self._audio(features) if "audio" in features else self._limited(features)
        logits = self.model(self.preprocessor(heard), training=False)["logits"]
        found = ctc_greedy_search(logits, blank=BLANK)
        answer = {
            "transcript": self.preprocessor.decode(found.ids),
            "score": found.log_probability,
            **self.words(found),
            "problem": problem,
        }
        if "audio" in features:
            return answer
        return {**answer, "log_probabilities": tf.nn.log_softmax(logits)}

    def _audio(self, features):
        limits = self.limits
        samples, length, problem = decode_waves(
            features["audio"],
            self.preprocessor.sample_rate,
            limits.max_seconds,
            limits.max_request_seconds,
        )
        return {"samples": samples, "length": length}, problem

    def _limited(self, features):
        """Return inputs without the rows that have no answer, and what is wrong with those."""
        limits, rate = self.limits, self.preprocessor.rate
        (name,) = features.keys() - {"length"}
        values, length = features[name], features["length"]
        rows, width = tf.unstack(tf.shape(values)[:2])
        longest = tf.minimum(width, round(limits.max_seconds * rate))
        largest = round(limits.max_request_seconds * rate)
        fits = check_size(name, rows, longest, largest, "serving.max_request_seconds")
        length = tf.clip_by_value(length, 0, width)
        values, length = after([fits], (values[:, :longest], length))
        usual = tf.abs(values) <= LARGEST_INPUT
        if values.shape.rank == 3:
            usual = tf.reduce_all(usual, axis=2)
        real = tf.sequence_mask(length, longest)
        problem = tf.where(
            tf.reduce_all(usual | ~real, axis=1),
            "",
            f"{name} must be finite numbers of ordinary size",
        )
        problem = tf.where(length > longest, f"longer than {limits.max_seconds:g} seconds", problem)
        length = tf.where(tf.equal(problem, ""), length, 0)
        real = tf.sequence_mask(length, longest)
        if values.shape.rank == 3:
            real = real[:, :, None]
        return {name: tf.where(real, values, 0.0), "length": length}, problem

    def words(self, found: CTCSymbols) -> dict[str, Tensor]:
        """Return words with times in seconds and mean confidence of their symbols.

        Args:
            found: Symbols of each row.

        Returns:
            ``words``, ``starts``, ``ends`` and ``confidences``, each ``(batch, words)``.
        """
        symbols = self.preprocessor.symbols
        space = symbols.index(" ") if " " in symbols else -2
        spoken = (found.ids >= 0) & (found.ids != space)
        before = tf.pad(spoken, [[0, 0], [1, 0]])[:, :-1]
        first = spoken if self.preprocessor.symbols_are_words else spoken & ~before
        begins = tf.cast(first, tf.int32)
        counts = tf.reduce_sum(begins, axis=1)
        width = tf.reduce_max(tf.concat([[0], counts], axis=0))
        # The place of the word that a symbol belongs to; one more column takes all other symbols.
        place = tf.where(spoken, tf.cumsum(begins, axis=1) - 1, width)
        one_hot = tf.one_hot(place, width + 1)[:, :, :-1]
        size = tf.maximum(tf.reduce_sum(one_hot, axis=1), 1.0)
        starts = _first(one_hot, tf.cast(found.starts, tf.float32))
        ends = tf.reduce_max(one_hot * tf.cast(found.ends, tf.float32)[..., None], axis=1)
        confidences = tf.reduce_sum(one_hot * found.confidences[..., None], axis=1) / size
        written = tf.sequence_mask(counts, width)
        seconds = self.preprocessor.step_seconds
        words = tf.strings.split(self.preprocessor.decode(found.ids)).to_tensor("")
        # No rows, or rows without words, have no width of their own.
        words = tf.pad(words, [[0, 0], [0, width - tf.shape(words)[1]]])
        return {
            "words": words,
            "starts": tf.where(written, starts * seconds, 0.0),
            "ends": tf.where(written, ends * seconds, 0.0),
            "confidences": tf.where(written, confidences, 0.0),
        }


def _first(one_hot: Tensor, values: Tensor) -> Tensor:
    """Return the least value of each word's symbols."""
    return tf.reduce_min(tf.where(one_hot > 0, values[..., None], 1e9), axis=1)
