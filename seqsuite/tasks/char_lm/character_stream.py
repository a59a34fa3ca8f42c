"""An exported character language model, read and asked one step at a time."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from seqsuite.config import TextServingConfig
from seqsuite.decoding import filtered_logits, sample, uniform
from seqsuite.serving.limits import cut_texts
from seqsuite.serving.signatures import zeros
from seqsuite.tasks.char_lm.preprocessor import UNKNOWN_CHARACTER

SYMBOLS_FILE = "symbols.json"


class CharacterStream:
    """The ``step`` signature with its states kept: text in, probabilities of what comes next out.

    Args:
        serve: The exported model.
        folder: Where its ``symbols.json`` lies.
        signature: Specifications of the step's inputs.
        rows: Texts read side by side.
        max_length: Bytes of a text that one step reads; longer ones take several.

    Attributes:
        unit: ``"character"`` or ``"byte"``.
        alphabet: The code points or bytes that ids from 1 on stand for; 0 is the unknown one.
    """

    def __init__(
        self,
        serve: Callable[..., dict[str, Any]],
        folder: Path,
        signature: dict[str, tf.TensorSpec],
        rows: int = 1,
        max_length: int = TextServingConfig.max_length,
    ):
        record = json.loads((folder / SYMBOLS_FILE).read_text(encoding="utf-8"))
        self.unit: str = record["unit"]
        self.alphabet: list[int] = record["symbols"]
        self._serve = serve
        self._max_length = max_length
        states = {name: one for name, one in signature.items() if name != "characters"}
        self._states: dict[str, Any] = {name: zeros(one, rows) for name, one in states.items()}
        known = [bytes([c]) if self.unit == "byte" else chr(c).encode() for c in self.alphabet]
        self.pieces = np.array([self._unknown(), *known], object)

    def _unknown(self) -> bytes:
        """Return one symbol that is read as the unknown one."""
        if self.unit == "byte":
            # With all bytes in the alphabet there is no unknown one, and any will do.
            return bytes([min(set(range(256)) - set(self.alphabet), default=0)])
        return UNKNOWN_CHARACTER.encode()  # which no alphabet has

    def read(self, texts: Any) -> np.ndarray:
        """Read on in every row, and return float32 ``(rows, symbols)`` for the next character.

        Args:
            texts: Strings or bytes ``(rows,)`` of any length, empty ones as well.
        """
        rest = tf.constant(texts, tf.string)
        # A character has four bytes at most; ops that cut cost as much as the step of a character.
        while 4 * max(map(len, texts), default=0) > self._max_length:
            piece, is_cut = cut_texts(rest, self._max_length)
            if not tf.reduce_any(is_cut):
                break
            self._step(piece)
            rest = tf.strings.substr(rest, tf.strings.length(piece), tf.strings.length(rest))
        return self._step(rest)

    def _step(self, texts: tf.Tensor) -> np.ndarray:
        outputs = self._serve(characters=texts, **self._states)
        probabilities = outputs.pop("probabilities").numpy()
        self._states = outputs
        return probabilities


def written(
    serve: Callable[..., dict[str, Any]],
    folder: Path,
    request: dict[str, Any],
    signature: dict[str, tf.TensorSpec],
    max_length: int = TextServingConfig.max_length,
) -> Iterator[str]:
    """Yield what the model writes after a prompt, character by character.

    The same as it answers at once, drawn with the same numbers.

    Args:
        serve: The exported model.
        folder: Where its ``symbols.json`` lies.
        request: ``prompt``, ``length``, ``temperature``, ``top_k``, ``top_p``, ``seed``.
        signature: Inputs of its step.
        max_length: Bytes of a prompt that one step reads.
    """
    stream = CharacterStream(serve, folder, signature, max_length=max_length)
    # Several bytes may make one character.
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    probabilities = stream.read([request["prompt"] or "\n"])
    settings = [tf.constant([request[name]]) for name in ("temperature", "top_k", "top_p", "seed")]
    for position in range(request["length"]):
        logits = np.log(np.maximum(probabilities, 1e-38))
        logits[:, 0] = -1e9  # the unknown character cannot be written
        # An array: of numbers TensorFlow would keep every one it has seen.
        drawn = int(_draw(tf.constant(logits), *settings, np.array([position], np.int32))[0])
        piece = stream.pieces[drawn]
        yield decode(piece)
        if position + 1 < request["length"]:
            probabilities = stream.read([piece])
    yield decode(b"", final=True)


@tf.function
def _draw(logits, temperature, top_k, top_p, seed, position):
    """Draw one symbol for each row; one graph, as its many small operations are slow one by one."""
    allowed = filtered_logits(logits, temperature, top_k, top_p)
    return sample(allowed, uniform(seed, position))
