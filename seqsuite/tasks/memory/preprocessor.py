"""Sequences of a memory problem: tokens between spaces in, what is answered at the end out."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.batching import RaggedColumn
from seqsuite.data.examples import Examples
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.memory.problems import MARK, NUMBER, PROBLEMS


@keras.saving.register_keras_serializable(package="seqsuite")
class MemoryPreprocessor(Preprocessor):
    """Turn texts of tokens into one id, or one number and its mark, a step.

    Only their longest length is learned from examples: the problem says what tokens there are. Id 0
    is any other token, and padding.

    Args:
        problem: Name of the problem, a key of ``seqsuite.tasks.memory.problems.PROBLEMS``.
        **kwargs: Keras layer arguments.

    Attributes:
        longest: Steps of the longest training sequence, set by :meth:`adapt`.

    Call arguments:
        features: ``{"sequence": string (batch,)}``.

    Returns:
        ``length`` int32 ``(batch,)``, and, 0 where padded and at least one step long, ``token_ids``
        int32 ``(batch, time)``; or of numbers ``numbers`` float32 ``(batch, time, 2)``: the number,
        and 1 where it is marked.

    Raises:
        ValueError: For an unknown problem.

    Example:
        >>> layer = MemoryPreprocessor("adding")
        >>> layer({"sequence": tf.constant(["0.5 0.25*"])})["numbers"].numpy().tolist()
        [[[0.5, 0.0], [0.25, 1.0]]]
    """

    state_names = ("longest",)

    def __init__(self, problem: str, **kwargs):
        super().__init__(**kwargs)
        if problem not in PROBLEMS:
            raise ValueError(
                f"Argument `problem` must be one of {tuple(PROBLEMS)}. "
                f"Received: problem={problem!r}"
            )
        self.problem_name = problem
        self.problem = PROBLEMS[problem]
        self.longest = 0
        self.ragged_features = ("numbers",) if self.problem.numeric else ("token_ids",)
        symbols = self.problem.symbols
        if symbols:
            ids = tf.range(1, len(symbols) + 1, dtype=tf.int32)
            initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(symbols), ids)
            self._table = tf.lookup.StaticHashTable(initializer, default_value=0)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {**keras.layers.Layer.get_config(self), "problem": self.problem_name}

    def adapt(self, examples: Examples) -> None:
        """Find the longest sequence."""
        self.longest = max(len(text.split()) for text in examples.features["sequence"])

    @property
    def num_symbols(self) -> int:
        """Number of ids, that of other tokens included."""
        return len(self.problem.symbols) + 1

    def call(self, features):
        tokens = tf.strings.split(features["sequence"])
        length = tf.cast(tokens.row_lengths(), tf.int32)
        if self.problem.numeric:
            steps = tf.ragged.map_flat_values(_numbers, tokens).to_tensor(shape=(None, None, 2))
            return {"numbers": _at_least_one_step(steps), "length": length}
        ids = tf.ragged.map_flat_values(self._table.lookup, tokens).to_tensor()
        return {"token_ids": _at_least_one_step(ids), "length": length}

    def encode_labels(self, labels) -> np.ndarray:
        """Return numbers float32 ``(examples,)``, or symbols int32 ``(examples, recalled)``.

        Raises:
            KeyError: A symbol that no answer has.
        """
        if self.problem.numeric:
            return np.array([float(label) for label in labels], np.float32)
        known = {symbol: index for index, symbol in enumerate(self.problem.answers)}
        return np.array([[known[symbol] for symbol in label.split()] for label in labels], np.int32)

    def encode_targets(self, examples: Examples) -> Any:
        """Return what is due at each step (-1: nothing) or the number, and the distance to it."""
        rows = [text.split() for text in examples.features["sequence"]]
        distance = np.array([self.problem.distance(tokens) for tokens in rows], np.int32)
        labels = examples.labels or []
        if self.problem.numeric:
            return {"value": self.encode_labels(labels)[:, None], "distance": distance}
        due = [
            self.problem.step_answers(tokens, label)
            for tokens, label in zip(rows, labels, strict=True)
        ]
        return {"logits": RaggedColumn.from_rows(due, padding=-1), "distance": distance}

    def decode(self, outputs):
        """Return the answer as text, and how sure of it the model is or which number it is.

        Args:
            outputs: A model's outputs, with the ``length`` that its inputs had.
        """
        if self.problem.numeric:
            value = outputs["value"][:, 0]
            return {"answer": tf.strings.as_string(value, precision=3), "value": value}
        return self._decode_symbols(outputs["logits"], outputs["length"])

    def _decode_symbols(self, logits, length):
        count = self.problem.num_recalled
        steps = length[:, None] - count + tf.range(count)[None]
        real = steps >= 0
        probabilities = tf.nn.softmax(tf.gather(logits, tf.maximum(steps, 0), batch_dims=1))
        symbols = tf.gather(tf.constant(self.problem.answers), tf.argmax(probabilities, axis=-1))
        answer = tf.strings.reduce_join(tf.where(real, symbols, ""), axis=-1, separator=" ")
        sure = tf.where(real, tf.reduce_max(probabilities, axis=-1), 1.0)
        # Of nothing nothing is known.
        probability = tf.where(length > 0, tf.reduce_prod(sure, axis=-1), 0.0)
        return {"answer": tf.strings.strip(answer), "probability": probability}


def _numbers(tokens):
    """Return the number and the mark of each token, float32 ``(tokens, 2)``."""
    marked = tf.strings.regex_full_match(tokens, rf".*\{MARK}")
    plain = tf.strings.regex_replace(tokens, rf"\{MARK}$", "")
    known = tf.strings.regex_full_match(plain, NUMBER)
    number = tf.strings.to_number(tf.where(known, plain, "0"))
    return tf.stack([number, tf.cast(marked, tf.float32)], axis=-1)


def _at_least_one_step(steps):
    width = [[0, 0], [0, tf.maximum(0, 1 - tf.shape(steps)[1])], *[[0, 0]] * (steps.shape.rank - 2)]
    return tf.pad(steps, width)
