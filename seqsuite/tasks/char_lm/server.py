"""A character language model as it is served: writing on, and one step of a stream."""

from __future__ import annotations

import json
from typing import Any

import keras
import tensorflow as tf

from seqsuite.decoding import generate
from seqsuite.models.truncated_backpropagation import STATE_PREFIX
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
from seqsuite.tasks.char_lm.character_stream import SYMBOLS_FILE
from seqsuite.tasks.char_lm.config import CharLmServingConfig
from seqsuite.tasks.char_lm.preprocessor import CharacterPreprocessor

Tensor = Any
OUTPUT_STATE = f"{STATE_PREFIX}output"


class CharacterServer:
    """Answer the signatures of a character language model, in the graph.

    Args:
        preprocessor: Its alphabet.
        model: A functional model with layers ``embedding``, ``stack`` and, unless it predicts with
            the embedding, ``logits``.
        limits: The section ``serving`` of the task.

    Call arguments:
        features: ``prompt``, ``length``, ``temperature``, ``top_k``, ``top_p`` and ``seed``, each
            ``(batch,)``: write on. Or ``characters`` string ``(batch,)`` and the states, float32
            ``(batch, units)``: read on; any number of characters, none as well. A stack with
            connections has one state more, ``state_output``, as its output is not among the others.

    Returns:
        ``text`` string ``(batch,)``, and ``truncated`` bool ``(batch,)``: the prompt was cut, or
        less was generated than asked for; or ``probabilities`` float32 ``(batch, symbols)`` of the
        next character, and the states.
    """

    def __init__(
        self, preprocessor: CharacterPreprocessor, model: keras.Model, limits: CharLmServingConfig
    ):
        self.preprocessor = preprocessor
        self.limits = limits
        self.embedding = model.get_layer("embedding")
        self.stack = model.get_layer("stack")
        names = [layer.name for layer in model.layers]
        self.logits = model.get_layer("logits") if "logits" in names else None
        self.state_names = [f"{STATE_PREFIX}{i}" for i in range(self.stack.num_states)]
        self.keeps_output = self.stack.connection != "none"
        if self.keeps_output:
            self.state_names.append(OUTPUT_STATE)

    def __call__(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        if "characters" in features:
            return self._step(features)
        return self._write(features)

    def _step(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        features = after(self._step_checks(features), features)
        ids = self.preprocessor({"text": features["characters"]})
        states = [features[name] for name in self.state_names]
        logits, states = self._read(ids["token_ids"], ids["length"], states)
        return {
            "probabilities": tf.nn.softmax(logits),
            **dict(zip(self.state_names, states, strict=True)),
        }

    def _step_checks(self, features: dict[str, Tensor]) -> list[Any]:
        limits = self.limits
        rows, longest = tf.shape(features["characters"])[0], longest_text(features["characters"])
        # What is cut would be missing from the state for good, so here nothing is.
        message = (
            f"Input characters: a step reads at most {limits.max_length} bytes of each row "
            "(serving.max_length), more of them in several steps. Received:"
        )
        return [
            check(longest <= limits.max_length, message, longest),
            check_size("characters", rows, longest, limits.max_request, "serving.max_request"),
            *(check_magnitude(name, features[name]) for name in self.state_names),
        ]

    def _write(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        limits = self.limits
        lengths = tf.clip_by_value(features["length"], 0, limits.max_generated)
        longest = tf.reduce_max(tf.concat([lengths, [0]], axis=0))
        rows = tf.shape(lengths)[0]
        fits = check_size("length", rows, longest, limits.max_request, "serving.max_request")
        lengths, longest, features = after([fits], (lengths, longest, features))
        prompt, truncated = limited_texts(features, "prompt", limits, keep_end=True)
        truncated |= lengths < features["length"]
        # Nothing comes before an empty prompt; a new line is what most often begins something.
        prompt = tf.where(prompt == "", "\n", prompt)
        ids = self.preprocessor({"text": prompt})
        batch = tf.shape(prompt)[0]
        zeros = [tf.zeros((batch, self.stack.units)) for _ in self.state_names]
        logits, states = self._read(ids["token_ids"], ids["length"], zeros)

        def step(last, states):
            logits, states = self._read(last[:, None], None, states)
            return self._writable(logits), states

        generated = generate(
            step,
            self._writable(logits),
            states,
            longest,
            lengths=lengths,
            seed=features["seed"],
            temperature=features["temperature"],
            top_k=features["top_k"],
            top_p=features["top_p"],
        )
        text = self.preprocessor.decode(generated.ids, lengths)
        return {"text": text, "truncated": truncated}

    def _writable(self, logits: Tensor) -> Tensor:
        """Rule out the unknown character, which cannot be written."""
        unknown = tf.one_hot(self.preprocessor.unknown_id, logits.shape[-1], on_value=-1e9)
        return logits + unknown

    def _read(self, ids: Tensor, lengths: Tensor | None, states: list[Tensor]):
        own = states[: self.stack.num_states]
        outputs, *finals = self.stack(
            self.embedding(ids), lengths=lengths, initial_state=own, training=False
        )
        # What is put out after the last real step; a row without any keeps what it had.
        if self.keeps_output:
            finals.append(_last(outputs, lengths, states[-1]))
            last = finals[-1]
        else:
            last = finals[-2 if self.stack.cell == "lstm" else -1]
        if self.logits is None:
            return tf.cast(self.embedding(last, reverse=True), tf.float32), finals
        return tf.cast(self.logits(last), tf.float32), finals


def _last(outputs: Tensor, lengths: Tensor | None, before: Tensor) -> Tensor:
    """Return outputs ``(batch, units)`` of the last real step, those before it where none is."""
    if lengths is None:
        return outputs[:, -1]
    found = tf.gather(outputs, tf.maximum(lengths - 1, 0), batch_dims=1)
    return tf.where(lengths[:, None] > 0, found, tf.cast(before, found.dtype))


def serving(
    preprocessor: CharacterPreprocessor, model: keras.Model, limits: CharLmServingConfig
) -> Serving:
    """Return what is exported.

    Args:
        preprocessor: Its alphabet.
        model: As for :class:`CharacterServer`.
        limits: The section ``serving`` of the task.
    """
    server = CharacterServer(preprocessor, model, limits)
    states = {name: [tf.float32, server.stack.units] for name in server.state_names}
    signatures = {
        "serving_default": signature(
            prompt=[tf.string],
            length=[tf.int32],
            temperature=[tf.float32],
            top_k=[tf.int32],
            top_p=[tf.float32],
            seed=[tf.int32],
        ),
        "step": signature(characters=[tf.string], **states),
    }
    requests: dict[str, dict[str, Any]] = {
        "serving_default": {
            "prompt": ["The ", ""],
            "length": [40, 3],
            "temperature": [0.8, 0.0],
            "top_k": [0, 5],
            "top_p": [0.95, 1.0],
            "seed": [0, 1],
        },
        "step": {name: zeros(one, rows=2) for name, one in signatures["step"].items()},
    }
    requests["step"]["characters"] = ["The ", ""]

    def files():
        record = {"unit": preprocessor.unit, "symbols": preprocessor.alphabet}
        return {SYMBOLS_FILE: json.dumps(record)}

    return Serving(server, signatures, requests, example='"The "', files=files)
