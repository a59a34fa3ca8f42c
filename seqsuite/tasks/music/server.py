"""What is exported of the music task: continuation, one step of a stream, and likelihoods."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from seqsuite.decoding.uniform_numbers import uniform
from seqsuite.layers import NADEHead
from seqsuite.layers.density.nade_head import draw
from seqsuite.serving.limits import (
    after,
    check,
    check_magnitude,
    check_size,
    limited_texts,
    longest_text,
)
from seqsuite.serving.signatures import signature, zeros
from seqsuite.task import Serving
from seqsuite.tasks.music.config import MusicServingConfig
from seqsuite.tasks.music.notes import NUM_KEYS
from seqsuite.tasks.music.preprocessor import RollPreprocessor

Tensor = Any


class MusicServer:
    """Answer the signatures of a music model, in the graph.

    Step ``i`` of a piece draws its keys with the numbers ``88 i`` to ``88 i + 87`` of the seed, so
    that a piece that is generated step by step is the piece that is generated at once.

    Args:
        preprocessor: The preprocessor.
        model: A functional model with layers ``stack`` and ``head``.
        limits: The section ``serving`` of the task.

    Call arguments:
        features: ``notes``, ``steps``, ``temperature`` and ``seed``, each ``(batch,)``: go on. Or
            ``notes``, ``position`` (steps before these notes), ``temperature``, ``seed`` and the
            states, float32 ``(batch, units)``: read on, any number of steps.

    Returns:
        ``notes`` string ``(batch,)``, the steps that follow, ``unknown_notes`` int32 and
        ``truncated`` bool ``(batch,)``: the prompt was cut, or less was generated than asked for;
        or ``next`` string ``(batch,)``, a step that may follow, ``probabilities`` float32
        ``(batch, 88)`` of its keys (autoregressive: given the lower keys of ``next``), and the
        states.
    """

    def __init__(
        self, preprocessor: RollPreprocessor, model: keras.Model, limits: MusicServingConfig
    ):
        self.preprocessor = preprocessor
        self.limits = limits
        self.stack = model.get_layer("stack")
        self.head = model.get_layer("head")
        self.state_names = [f"state_{index}" for index in range(self.stack.num_states)]

    def __call__(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        return self._step(features) if "position" in features else self._generate(features)

    def _step(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        features = after(self._step_checks(features), features)
        roll, length, unknown = self.preprocessor.read(features["notes"])
        states = [features[name] for name in self.state_names]
        position = tf.maximum(features["position"], 0)
        states = self._read(roll, length, states, begins=position == 0)
        frame, logits = self._draw(states, features, position + length)
        return {
            "next": self.preprocessor.decode_steps(frame),
            "probabilities": tf.sigmoid(logits),
            "unknown_notes": unknown,
            **dict(zip(self.state_names, states, strict=True)),
        }

    def _step_checks(self, features: dict[str, Tensor]) -> list[Any]:
        limits = self.limits
        rows, longest = tf.shape(features["notes"])[0], longest_text(features["notes"])
        message = (
            f"Input notes: a step reads at most {limits.max_length} bytes of each row "
            "(serving.max_length), more of them in several steps. Received:"
        )
        return [
            check(longest <= limits.max_length, message, longest),
            check_size("notes", rows, longest, limits.max_request, "serving.max_request"),
            *(check_magnitude(name, features[name]) for name in self.state_names),
        ]

    def _generate(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        limits = self.limits
        lengths = tf.clip_by_value(features["steps"], 0, limits.max_generated)
        longest = tf.reduce_max(tf.concat([lengths, [0]], axis=0))
        rows = tf.shape(lengths)[0]
        fits = check_size("steps", rows, longest, limits.max_request, "serving.max_request")
        lengths, longest, features = after([fits], (lengths, longest, features))
        notes, truncated = limited_texts(features, "notes", limits, keep_end=True)
        # The first step of a text that was cut may lack notes.
        notes = tf.where(truncated, tf.strings.regex_replace(notes, r"^\S*", ""), notes)
        roll, read, unknown = self.preprocessor.read(notes)
        zeros = [tf.zeros((rows, self.stack.units)) for _ in self.state_names]
        states = self._read(roll, read, zeros, begins=tf.fill([rows], True))

        def advance(index, written, states):
            frame, _ = self._draw(states, features, read + index)
            states = self._read(tf.cast(frame, tf.uint8)[:, None], None, states)
            return index + 1, written.write(index + 1, frame), states

        written = tf.TensorArray(tf.bool, size=longest + 1, element_shape=(None, NUM_KEYS))
        written = written.write(0, tf.fill([rows, NUM_KEYS], False))
        _, written, _ = tf.while_loop(
            lambda index, *_: index < longest, advance, (0, written, states)
        )
        rolls = tf.transpose(written.stack()[1:], [1, 0, 2])
        return {
            "notes": self.preprocessor.decode(rolls, lengths),
            "unknown_notes": unknown,
            "truncated": truncated | (lengths < features["steps"]),
        }

    def _read(
        self,
        roll: Tensor,
        lengths: Tensor | None,
        states: list[Tensor],
        begins: Tensor | None = None,
    ) -> list[Tensor]:
        """Return the states after steps; a row that begins reads an empty step before them."""
        if begins is not None:
            assert lengths is not None
            padding = [[0, 0], [1, 0], [0, 0]]
            early, late = tf.pad(roll, padding), tf.pad(roll, [[0, 0], [0, 1], [0, 0]])
            roll = tf.where(begins[:, None, None], early, late)
            lengths = lengths + tf.cast(begins, tf.int32)
        frames = tf.cast(roll, tf.float32)
        _, *states = self.stack(frames, lengths=lengths, initial_state=states, training=False)
        return [tf.cast(state, tf.float32) for state in states]

    def _draw(
        self, states: list[Tensor], features: dict[str, Tensor], position: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return a chord that may follow, bool ``(batch, 88)``, and the logits of its keys."""
        last = states[-2 if self.stack.cell == "lstm" else -1]
        keys = tf.range(NUM_KEYS)
        rows = tf.shape(last)[0]
        places = tf.cast(position, tf.int64)[:, None] * NUM_KEYS + tf.cast(keys, tf.int64)
        seeds = tf.broadcast_to(features["seed"][:, None], [rows, NUM_KEYS])
        numbers = uniform(tf.reshape(seeds, [-1]), tf.reshape(places, [-1]))
        numbers = tf.reshape(numbers, [rows, NUM_KEYS])
        temperature = features["temperature"]
        if isinstance(self.head, NADEHead):
            values, logits = self.head.sample(last, numbers, temperature)
            return values > 0, tf.cast(logits, tf.float32)
        logits = tf.cast(self.head(last), tf.float32)
        return draw(logits, numbers, temperature[:, None]), logits


def serving(
    preprocessor: RollPreprocessor, model: keras.Model, limits: MusicServingConfig
) -> Serving:
    """Return what is exported.

    Args:
        preprocessor: The preprocessor.
        model: As for :class:`MusicServer`.
        limits: The section ``serving`` of the task.
    """
    server = MusicServer(preprocessor, model, limits)
    states = {name: [tf.float32, server.stack.units] for name in server.state_names}
    settings: dict[str, Any] = {"temperature": [tf.float32], "seed": [tf.int32]}
    signatures = {
        "serving_default": signature(notes=[tf.string], steps=[tf.int32], **settings),
        "step": signature(notes=[tf.string], position=[tf.int32], **settings, **states),
    }
    requests: dict[str, dict[str, Any]] = {
        "serving_default": {
            "notes": ["60,64,67 - 62,65,69", ""],
            "steps": [4, 2],
            "temperature": [1.0, 0.0],
            "seed": [0, 1],
        },
        "step": {name: zeros(one, rows=2) for name, one in signatures["step"].items()},
    }
    requests["step"] |= {"notes": ["60,64,67", ""], "temperature": [1.0, 0.0]}
    return Serving(server, signatures, requests, example='"60,64,67 60,65,69"')
