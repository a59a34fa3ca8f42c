"""What is exported of the handwriting task: drawings that go on, and one step of a pen."""

from __future__ import annotations

import shlex
from typing import Any

import keras
import tensorflow as tf

from seqsuite.decoding.uniform_numbers import uniform
from seqsuite.serving.limits import (
    after,
    check,
    check_magnitude,
    check_size,
    limited_texts,
    same_rows,
)
from seqsuite.serving.signatures import signature, zeros
from seqsuite.task import Serving
from seqsuite.tasks.handwriting.config import LABELS_FILE, HandwritingServingConfig
from seqsuite.tasks.handwriting.model import pen_features, with_label
from seqsuite.tasks.handwriting.preprocessor import END, UP, StrokePreprocessor

Tensor = Any

_NUMBERS_A_POINT = 4


class HandwritingServer:
    """Answer the signatures of a handwriting model, in the graph.

    Point ``i`` of a drawing is drawn with the numbers ``4 i`` to ``4 i + 3`` of the seed, so that a
    drawing that is drawn point by point is the drawing that is drawn at once.

    Args:
        preprocessor: The preprocessor.
        model: A functional model with layers ``stack`` and ``head``.
        limits: The section ``serving`` of the task.

    Call arguments:
        features: ``drawing``, ``max_points``, ``bias``, ``seed`` and, where the model reads labels,
            ``label``, each ``(batch,)``: complete drawings. Or ``points`` float32
            ``(batch, time, 3)`` (offsets, and 1 where the pen is lifted), ``length``, ``position``
            (points before these), ``bias``, ``seed``, ``label`` and the states, float32
            ``(batch, units)``: read on, any number of points.

    Returns:
        ``completed`` string ``(batch,)``, the whole drawing, ``ended`` bool, ``unknown_points``
        int32 and ``truncated`` bool ``(batch,)``: the drawing was cut, or fewer points may be drawn
        than were asked for; or ``next`` float32 ``(batch, 3)``, a point that may follow (the last
        number is 2 where the drawing ends), and the states.
    """

    def __init__(
        self, preprocessor: StrokePreprocessor, model: keras.Model, limits: HandwritingServingConfig
    ):
        self.preprocessor = preprocessor
        self.limits = limits
        self.stack = model.get_layer("stack")
        self.head = model.get_layer("head")
        self.reads_labels = preprocessor.condition_on_label
        self.embedding = model.get_layer("label_embedding") if self.reads_labels else None
        self.state_names = [f"state_{index}" for index in range(self.stack.num_states)]

    def __call__(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        return self._step(features) if "points" in features else self._complete(features)

    def _step(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        features = same_rows(features)
        features = after(self._step_checks(features), features)
        width = tf.shape(features["points"])[1]
        length = tf.clip_by_value(features["length"], 0, width)
        position = tf.maximum(features["position"], 0)
        scale = self.preprocessor.scale
        offsets = features["points"][..., :2] / scale
        up = tf.cast(features["points"][..., 2:] > 0, tf.float32)
        points = tf.concat([offsets, up], axis=-1)
        states = [features[name] for name in self.state_names]
        label = self._label(features)
        states = self._read(points, length, states, label, begins=position == 0)
        drawn = self._draw(states, features, position + length)
        return {
            "next": tf.concat([drawn[:, :2] * scale, drawn[:, 2:]], axis=-1),
            **dict(zip(self.state_names, states, strict=True)),
        }

    def _step_checks(self, features: dict[str, Tensor]) -> list[Any]:
        rows, time = tf.unstack(tf.shape(features["points"])[:2])
        limits = self.limits
        message = (
            f"Input points: a step reads at most {limits.max_generated} points of each row "
            "(serving.max_generated), more of them in several steps. Received:"
        )
        return [
            check(time <= limits.max_generated, message, time),
            check_size("points", rows, time, limits.max_request, "serving.max_request"),
            *(check_magnitude(name, features[name]) for name in ["points", *self.state_names]),
        ]

    def _complete(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        limits = self.limits
        features = same_rows(features)
        wanted = tf.clip_by_value(features["max_points"], 0, limits.max_generated)
        most = tf.reduce_max(tf.concat([wanted, [0]], axis=0))
        rows = tf.shape(wanted)[0]
        fits = check_size("max_points", rows, most, limits.max_request, "serving.max_request")
        wanted, most, features = after([fits], (wanted, most, features))
        drawing, truncated = limited_texts(features, "drawing", limits, keep_end=True)
        # The first point of a text that was cut may lack digits.
        drawing = tf.where(truncated, tf.strings.regex_replace(drawing, r"^\S*", ""), drawing)
        points, length, unknown = self.preprocessor.read(drawing)
        states = [tf.zeros((rows, self.stack.units)) for _ in self.state_names]
        label = self._label(features)
        states = self._read(points, length, states, label, begins=tf.fill([rows], True))

        def advance(index, drawn, counts, ended, states):
            point = self._draw(states, features, length + index)
            drawing = ~ended & (index < wanted)
            counts += tf.cast(drawing, tf.int32)
            ended |= drawing & (point[:, 2] >= END)
            states = self._read(point[:, None], None, states, label)
            return index + 1, drawn.write(index + 1, point), counts, ended, states

        # An entry before the first point gives an array of no points its shape.
        drawn = tf.TensorArray(tf.float32, size=1, dynamic_size=True, element_shape=(None, 3))
        drawn = drawn.write(0, tf.zeros([rows, 3]))
        start = (0, drawn, tf.zeros([rows], tf.int32), tf.fill([rows], False), states)
        _, drawn, counts, ended, _ = tf.while_loop(
            lambda index, drawn, counts, ended, _: (
                (index < most) & ~tf.reduce_all(ended | (index >= wanted))
            ),
            advance,
            start,
        )
        new = tf.transpose(drawn.stack()[1:], [1, 0, 2])
        text = self.preprocessor.decode(*_joined(points, length, new, counts))
        return {
            "completed": text,
            "ended": ended,
            "unknown_points": unknown,
            "truncated": truncated | (wanted < features["max_points"]),
        }

    def _label(self, features: dict[str, Tensor]) -> Tensor | None:
        if self.embedding is None:
            return None
        return self.embedding(self.preprocessor.label_ids(features["label"]))

    def _read(
        self,
        points: Tensor,
        lengths: Tensor | None,
        states: list[Tensor],
        label: Tensor | None,
        begins: Tensor | None = None,
    ) -> list[Tensor]:
        """Return the states after points; a row that begins reads a step of zeros before them."""
        inputs = pen_features(tf.minimum(points, [float("inf"), float("inf"), float(UP)]))
        if begins is not None:
            assert lengths is not None
            padding = [[0, 0], [1, 0], [0, 0]]
            early, late = tf.pad(inputs, padding), tf.pad(inputs, [[0, 0], [0, 1], [0, 0]])
            inputs = tf.where(begins[:, None, None], early, late)
            lengths = lengths + tf.cast(begins, tf.int32)
        if label is not None:
            inputs = with_label(inputs, label)
        _, *states = self.stack(inputs, lengths=lengths, initial_state=states, training=False)
        return [tf.cast(state, tf.float32) for state in states]

    def _draw(self, states: list[Tensor], features: dict[str, Tensor], position: Tensor) -> Tensor:
        """Return a point that may follow, ``(batch, 3)``."""
        last = states[-2 if self.stack.cell == "lstm" else -1]
        rows = tf.shape(last)[0]
        places = tf.cast(position, tf.int64)[:, None] * _NUMBERS_A_POINT
        places += tf.range(_NUMBERS_A_POINT, dtype=tf.int64)
        seeds = tf.repeat(features["seed"], _NUMBERS_A_POINT)
        numbers = tf.reshape(uniform(seeds, tf.reshape(places, [-1])), [rows, _NUMBERS_A_POINT])
        # A bias that is no number is none.
        bias = tf.where(features["bias"] >= 0, features["bias"], 0.0)
        offsets, pen = self.head.sample(last, numbers, bias)
        return tf.concat([offsets, tf.cast(pen, tf.float32)[:, None]], axis=-1)


def _joined(
    first: Tensor, first_lengths: Tensor, second: Tensor, second_lengths: Tensor
) -> tuple[Tensor, Tensor]:
    """Return drawings with others after them, and their lengths."""
    parts = [
        tf.RaggedTensor.from_tensor(points, lengths=lengths)
        for points, lengths in ((first, first_lengths), (second, second_lengths))
    ]
    joined = tf.concat(parts, axis=1).to_tensor(shape=[None, None, 3])
    missing = tf.maximum(0, 1 - tf.shape(joined)[1])
    return tf.pad(joined, [[0, 0], [0, missing], [0, 0]]), first_lengths + second_lengths


def serving(
    preprocessor: StrokePreprocessor, model: keras.Model, limits: HandwritingServingConfig
) -> Serving:
    """Return what is exported.

    Args:
        preprocessor: The preprocessor.
        model: As for :class:`HandwritingServer`.
        limits: The section ``serving`` of the task.
    """
    server = HandwritingServer(preprocessor, model, limits)
    states = {name: [tf.float32, server.stack.units] for name in server.state_names}
    settings: dict[str, Any] = {"bias": [tf.float32], "seed": [tf.int32]}
    if server.reads_labels:
        settings["label"] = [tf.string]
    signatures = {
        "serving_default": signature(drawing=[tf.string], max_points=[tf.int32], **settings),
        "step": signature(
            points=[tf.float32, None, 3],
            length=[tf.int32],
            position=[tf.int32],
            **settings,
            **states,
        ),
    }
    requests: dict[str, dict[str, Any]] = {
        name: {key: zeros(one, rows=2, time=1) for key, one in inputs.items()}
        for name, inputs in signatures.items()
    }
    requests["serving_default"] |= {"drawing": ["m0,0 1,2 m3,4", ""], "max_points": [8, 4]}
    lines = "".join(f"{label}\n" for label in preprocessor.labels)
    files = {LABELS_FILE: lines} if server.reads_labels else {}
    example = '"m0,0 1,2 m3,4"' + (
        f" --label {shlex.quote(preprocessor.labels[0])}" if files else ""
    )
    return Serving(server, signatures, requests, example, lambda: files)
