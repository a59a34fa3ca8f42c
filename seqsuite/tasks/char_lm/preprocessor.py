"""Text in, one id per character out, and back; the characters seen in training are the alphabet."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.examples import Examples
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.char_lm.batches import EncodedStream
from seqsuite.tasks.char_lm.data.text import UNITS, UNKNOWN_CHARACTER, bytes_of_text

# Characters counted at a time: eight bytes each while they are.
_COUNTED_AT_ONCE = 1 << 24
_NUM_CODE_POINTS = 0x110000


@keras.saving.register_keras_serializable(package="seqsuite")
class CharacterPreprocessor(Preprocessor):
    """Turn texts into ids of characters, or of bytes, and ids into texts.

    Id 0 is the unknown character. There is no id for padding: lengths say where a text ends. In
    training the text is one long NumPy array (:meth:`ids_of`); ``call`` and :meth:`decode` are the
    same in the graph.

    Bytes that are not UTF-8 are unknown, and so is U+FFFD, which decoders write in their place.
    For such bytes :meth:`ids_of` gives an unknown each, the graph one for each broken character.

    Args:
        unit: ``"character"`` for Unicode code points, ``"byte"`` for bytes.
        min_count: Characters seen less often in training become the unknown one.
        **kwargs: Keras layer arguments.

    Attributes:
        alphabet: Known code points or bytes, ascending, set by :meth:`adapt`.
        mixing_weight: Share of the network in a mixture with another model, set on validation.

    Call arguments:
        features: ``{"text": string (batch,)}``.

    Returns:
        ``token_ids`` int32 ``(batch, time)``, 0 where padded, time at least 1; ``length`` int32
        ``(batch,)``.

    Example:
        >>> layer = CharacterPreprocessor()
        >>> layer.adapt(Examples({"text": ["banana"]}))
        >>> layer({"text": tf.constant(["nab!"])})["token_ids"].numpy().tolist()
        [[3, 1, 2, 0]]
    """

    state_names = ("alphabet", "mixing_weight")
    unknown_id = 0
    ragged_features = ()

    def __init__(
        self,
        unit: str = "character",
        min_count: int = 1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if unit not in UNITS:
            raise ValueError(f"Argument `unit` must be one of {UNITS}. Received: unit={unit!r}")
        self.unit = unit
        self.min_count = min_count
        self.alphabet: list[int] = []
        self.mixing_weight = 1.0
        self._build_tables()

    def adapt(self, examples: Examples) -> None:
        """Collect the alphabet.

        Args:
            examples: Training examples: ``text``, read with the same unit.
        """
        text = "".join(examples.features["text"])
        counts = np.zeros(_NUM_CODE_POINTS, np.int64)
        for start in range(0, len(text), _COUNTED_AT_ONCE):
            part = _code_points(text[start : start + _COUNTED_AT_ONCE])
            counts += np.bincount(part, minlength=_NUM_CODE_POINTS)
        counts[0xD800:0xE000] = 0  # surrogates stand for bytes that are not UTF-8
        counts[ord(UNKNOWN_CHARACTER)] = 0
        self.alphabet = np.flatnonzero(counts >= max(1, self.min_count)).tolist()
        self._build_tables()

    @property
    def symbols(self) -> list[int]:
        """Code points (or bytes) by id; -1 for the unknown one."""
        return [-1, *self.alphabet]

    @property
    def num_symbols(self) -> int:
        """Number of ids, the unknown one included."""
        return len(self.alphabet) + 1

    def ids_of(self, text: str) -> np.ndarray:
        """Return the id of each character, int32 ``(time,)``.

        Args:
            text: As the readers of the unit give it: with ``"byte"``, a code point for each byte.
        """
        # The table's last entry is unknown, and stands for all that lies behind it.
        return self._id_table[np.minimum(_code_points(text), len(self._id_table) - 1)]

    def text_of(self, ids: np.ndarray) -> str:
        """Return the text that ids stand for; U+FFFD for the unknown one.

        Args:
            ids: Integers ``(time,)``.

        Raises:
            ValueError: A number is no id.
        """
        ids = np.asarray(ids, np.int64)
        if ids.size and not 0 <= ids.min() <= ids.max() < self.num_symbols:
            raise ValueError(
                f"Argument `ids` must lie in [0, {self.num_symbols}). "
                f"Received: ids from {ids.min()} to {ids.max()}"
            )
        return self._code_point_table[ids].tobytes().decode("utf-32-le")

    def encode(self, examples, training=False, chunk=512):  # type: ignore[override]
        """Return all texts, joined, as one stream of ids; each is predicted from those before."""
        ids = self.ids_of("".join(examples.features["text"]))
        return EncodedStream(ids, num_examples=len(examples))

    def encode_labels(self, labels):
        """Return nothing: a text is its own label."""
        return np.zeros(0, np.int32)

    def to_tensors(self, examples):
        texts = [bytes_of_text(text, self.unit) for text in examples.features["text"]]
        return {"text": tf.constant(texts, tf.string)}

    def call(self, features):
        text = features["text"]
        if self.unit == "byte":
            length = tf.strings.length(text)
            longest = tf.maximum(1, tf.reduce_max(length))
            codes = tf.io.decode_raw(text, tf.uint8, fixed_length=longest)
            real = tf.sequence_mask(length, longest)
            token_ids = tf.where(real, self._lookup(codes), self.unknown_id)
            return {"token_ids": token_ids, "length": length}
        codes = tf.strings.unicode_decode(text, "UTF-8", errors="replace")
        ragged = codes.with_flat_values(self._lookup(codes.flat_values))
        token_ids = ragged.to_tensor(self.unknown_id)
        missing = tf.maximum(0, 1 - tf.shape(token_ids)[1])
        token_ids = tf.pad(token_ids, [[0, 0], [0, missing]], constant_values=self.unknown_id)
        return {"token_ids": token_ids, "length": tf.cast(codes.row_lengths(), tf.int32)}

    def decode(self, token_ids, length):  # type: ignore[override]
        """Return the texts that ids stand for, in the graph; U+FFFD for the unknown one.

        Args:
            token_ids: Integers ``(batch, time)``; past ``length`` any number may stand.
            length: Integers ``(batch,)``.

        Returns:
            Strings ``(batch,)``: UTF-8, or with ``"byte"`` the bytes themselves.
        """
        real = tf.sequence_mask(length, tf.shape(token_ids)[1])
        pieces = tf.gather(tf.constant(self._pieces), tf.where(real, token_ids, self.unknown_id))
        return tf.strings.reduce_join(tf.where(real, pieces, ""), axis=1)

    def _lookup(self, codes: tf.Tensor) -> tf.Tensor:
        """Return the ids of code points; symbols are sorted, and no code point is below the -1."""
        symbols = tf.constant(self.symbols, tf.int32)
        flat = tf.reshape(tf.cast(codes, tf.int32), [-1])
        nearest = tf.searchsorted(symbols, flat, side="right") - 1
        known = tf.equal(tf.gather(symbols, nearest), flat)
        return tf.reshape(tf.where(known, nearest, self.unknown_id), tf.shape(codes))

    def _build_tables(self) -> None:
        self._id_table = np.zeros(max(self.symbols) + 2, np.int32)
        self._id_table[self.alphabet] = np.arange(1, self.num_symbols)
        characters = [UNKNOWN_CHARACTER, *map(chr, self.alphabet)]
        self._code_point_table = np.array([ord(c) for c in characters], "<u4")
        self._pieces = [bytes_of_text(character, self.unit) for character in characters]


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
