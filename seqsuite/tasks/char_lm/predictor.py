"""How likely a language model finds each id of a sequence, by three protocols.

*stream*: the state is carried from the first id to the last, as when a text is read. *windowed*:
random windows without any context before them, as nanoGPT measures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.models.truncated_backpropagation import zero_states
from seqsuite.tasks.char_lm.batches import EncodedStream, random_windows, target_log_probabilities

# Ids per call: the states cross from call to call, so only speed depends on it.
_CHUNK = 2048
# What a parallel row reads before it is scored; further back hardly any model remembers.
_WARM_UP = 256
_WINDOWS_PER_CALL = 64


class StreamPredictor:
    """Score sequences of ids with a model that takes and returns its states.

    Args:
        model: As for :class:`seqsuite.models.TruncatedBackpropagation`.
        rows: 1 reads the sequence from end to end, which is exact. More rows read as many parts of
            it at once, each after the 256 ids before it, which is quicker and nearly the same.
        num_windows: Random windows scored beside it (0: none).
        window: Predicted ids of each.
        adaptive: Scores a sequence while learning from it, or None.
        other: Another model to mix with: ids -> log-probabilities of all of them.
        num_activations: Ids after which the last state (an LSTM's memory) is noted (0: none).

    Call arguments:
        encoded: An :class:`EncodedStream`.

    Returns:
        Natural logarithms of probabilities, float32: ``stream`` and, if asked for, ``adaptive`` and
        ``other`` ``(total - 1,)``, for each id but the first; ``windowed``
        ``(num_windows, window)``. And ``activations`` ``(num_activations, units)``.
    """

    def __init__(
        self,
        model: keras.Model,
        rows: int = 1,
        num_windows: int = 0,
        window: int = 256,
        adaptive: Callable[[EncodedStream], np.ndarray] | None = None,
        num_activations: int = 0,
        other: Callable[[np.ndarray], np.ndarray] | None = None,
    ):
        self.model = model
        self.rows = rows
        self.num_windows = num_windows
        self.window = window
        self.adaptive = adaptive
        self.num_activations = num_activations
        self.other = other
        # Nothing in it is trained, so each sequence is scored by it once.
        self._by_other: dict[int, np.ndarray] = {}
        self._score = tf.function(self._score_ids, reduce_retracing=True, autograph=False)

    def __call__(self, encoded: EncodedStream) -> dict[str, Any]:
        """Score all ids of a sequence."""
        results = {"stream": self._stream(encoded.ids)}
        if self.num_windows:
            results["windowed"] = self._windowed(encoded.ids)
        if self.other is not None:
            key = id(encoded)
            if key not in self._by_other:
                self._by_other[key] = self.other(encoded.ids)[1:]
            results["other"] = self._by_other[key]
        if self.num_activations:
            results["activations"] = self._activations(encoded.ids[: self.num_activations])
        if self.adaptive is not None:
            results["adaptive"] = self.adaptive(encoded)
        return results

    def zero_states(self, rows: int) -> dict[str, Any]:
        """Return the states before the first id."""
        return zero_states(self.model, rows)

    def _stream(self, ids: np.ndarray) -> np.ndarray:
        total = len(ids) - 1
        rows = max(1, min(self.rows, total // (2 * _WARM_UP)))
        if total < 1:
            return np.zeros(0, np.float32)
        # Row r scores the positions from edges[r] to edges[r + 1]; all rows are of one length, so
        # the last may begin a little earlier, and the first has nothing to warm up on.
        length = -(-total // rows)
        warm_up = _WARM_UP if rows > 1 else 0
        edges = np.minimum(length * np.arange(rows), total - length)
        starts = np.maximum(edges - warm_up, 0)
        width = length + warm_up
        scored = np.full(total, np.nan, np.float32)
        states = self.zero_states(rows)
        for begin in range(0, width, _CHUNK):
            positions = starts[:, None] + np.arange(begin, min(begin + _CHUNK, width))
            inside = np.minimum(positions, total - 1)
            scores, states = self._score(
                tf.constant(ids[inside]), tf.constant(ids[inside + 1]), states
            )
            keep = (positions >= edges[:, None]) & (positions < total)
            keep &= positions < (edges + length)[:, None]
            scored[positions[keep]] = scores.numpy()[keep]
        return scored

    def _windowed(self, ids: np.ndarray) -> np.ndarray:
        windows = random_windows(ids, self.num_windows, self.window)
        parts = []
        for start in range(0, len(windows), _WINDOWS_PER_CALL):
            part = tf.constant(windows[start : start + _WINDOWS_PER_CALL])
            scores, _ = self._score(part[:, :-1], part[:, 1:], self.zero_states(part.shape[0]))
            parts.append(scores.numpy())
        return np.concatenate(parts)

    def _activations(self, ids: np.ndarray) -> np.ndarray:
        states, noted = self.zero_states(1), []
        last = list(states)[-1]
        for token in ids:
            one = tf.constant([[token]], tf.int32)
            _, states = self._score(one, one, states)
            noted.append(states[last].numpy()[0])
        return np.stack(noted)

    def _score_ids(self, ids, targets, states):
        outputs = self.model({"token_ids": ids, **states}, training=False)
        scores = target_log_probabilities(outputs["logits"], targets)
        return scores, {name: outputs[name] for name in states}
