"""Subword pieces: SentencePiece, trained in memory, applied in the graph.

The `sentencepiece` library learns the pieces, and draws random segmentations for training; the ops
of TensorFlow Text, which TensorFlow Serving links, apply them. To run a saved graph that holds them
in Python, import :mod:`tensorflow_text` before it is loaded.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import sentencepiece
import tensorflow as tf
import tensorflow_text
from tensorflow_text.python.ops import sentencepiece_tokenizer

from seqsuite.data.batching import RaggedColumn
from seqsuite.errors import UserError

PADDING_ID, UNKNOWN_ID, BEGIN_ID, END_ID = range(4)
MODEL_TYPES = ("bpe", "unigram")
UNKNOWN_SURFACE = "\u2047"

# SentencePiece's sign for a space, and what stands for it where it is meant itself.
_SPACE, _SPACE_REPLACED = "\u2581", "_"
# Soft hyphens, zero-width spaces and byte order marks show nothing and split words.
_REWRITES = (
    (r"[\x{00AD}\x{200B}\x{FEFF}]+", ""),
    (_SPACE, _SPACE_REPLACED),
    (r"[\pZ\p{Cc}]+", " "),
    (r"^ | $", ""),
)
# More sentences than this do not make better pieces.
_MAX_SENTENCES = 1_000_000
_MAX_BYTES = 100_000
_CHUNK = 4096


def normalize(text: tf.Tensor) -> tf.Tensor:
    r"""Return the normal form of texts; case, accents and signs are kept.

    Characters are composed (Unicode NFC: "e" and an accent are one "é"), runs of white space and
    control characters become one space, none at either end; what is invisible (soft hyphen,
    zero-width space, byte order mark) goes; U+2581, with which SentencePiece writes spaces, becomes
    an underscore; bytes that are not UTF-8 become U+FFFD.

    Args:
        text: Strings of any shape.

    Returns:
        Strings of that shape.

    Example:
        >>> normalize(tf.constant(["  Un\u00a0e\u0301lan \t!"])).numpy()[0].decode()
        'Un élan !'
    """
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
    text = tensorflow_text.normalize_utf8(text, "NFC")
    for pattern, replacement in _REWRITES:
        text = tf.strings.regex_replace(text, pattern, replacement)
    return text


def normalized(texts: Sequence[str]) -> list[str]:
    """Return :func:`normalize` of Python strings."""
    parts = (tf.constant(texts[i : i + _CHUNK]) for i in range(0, len(texts), _CHUNK))
    return [text.decode("utf-8") for part in parts for text in normalize(part).numpy().tolist()]


def encode_texts(
    tokenize: Callable[[tf.Tensor], tf.RaggedTensor], texts: Sequence[str]
) -> RaggedColumn:
    """Return the ids of many texts, some thousands at a time.

    Args:
        tokenize: Strings ``(batch,)`` -> ragged int32 ``(batch, (time))``.
        texts: The texts.
    """
    values, lengths = [np.zeros(0, np.int32)], [np.zeros(1, np.int64)]
    for start in range(0, len(texts), _CHUNK):
        ids = tokenize(tf.constant(texts[start : start + _CHUNK]))
        values.append(ids.flat_values.numpy())
        lengths.append(ids.row_lengths().numpy())
    starts = np.cumsum(np.concatenate(lengths))
    return RaggedColumn(np.concatenate(values), starts, PADDING_ID)


@keras.saving.register_keras_serializable(package="seqsuite")
class SubwordVocabulary(tf.Module):
    """Pieces of words that SentencePiece learned, applied in the graph.

    Ids: 0 padding, 1 unknown, 2 begin, 3 end; pieces from 4 on. What :meth:`detokenize` makes of a
    sentence's ids is its normal form (:func:`normalize`), with U+2047 for characters that no piece
    has.

    Args:
        model: A SentencePiece model with these four ids: the bytes of its file, or those in base64.

    Raises:
        ValueError: The model has other ids.

    Example:
        >>> vocabulary = SubwordVocabulary.train(["low lower lowest", "new newer newest"], 24)
        >>> ids = vocabulary.tokenize(tf.constant(["newer  lowest"]))
        >>> vocabulary.detokenize(ids).numpy().tolist()
        [b'newer lowest']

    Reference:
        Kudo and Richardson (2018), https://aclanthology.org/D18-2012/; byte pair encoding: Sennrich
        et al. (2016), https://aclanthology.org/P16-1162/
    """

    def __init__(self, model: bytes | str):
        super().__init__()
        self.model = base64.b64decode(model) if isinstance(model, str) else bytes(model)
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=self.model)
        named = ("pad", "unk", "bos", "eos")
        ids = [getattr(self._processor, f"{name}_id")() for name in named]
        if ids != [PADDING_ID, UNKNOWN_ID, BEGIN_ID, END_ID]:
            raise ValueError(
                "Argument `model` must have the ids 0 padding, 1 unknown, 2 begin and 3 end. "
                f"Received: a model whose ids of these are {ids}"
            )
        # The op may be first met while a graph is traced; what it holds must outlive that graph.
        with tf.init_scope():
            self._tokenizer = tensorflow_text.SentencepieceTokenizer(self.model)
            self._tokenizer._model_resource = _resource(self.model)

    @classmethod
    def train(
        cls,
        texts: Sequence[str],
        size: int,
        model_type: str = "bpe",
        byte_fallback: bool = False,
        character_coverage: float = 1.0,
    ) -> SubwordVocabulary:
        """Learn pieces from sentences; the same sentences give the same bytes.

        Args:
            texts: Sentences. Of more than a million, a million spread over all are read.
            size: Number of ids. From too little text fewer are made, which a note says.
            model_type: ``"bpe"`` (byte pair encoding) or ``"unigram"`` (a unigram language model,
                many times slower to learn).
            byte_fallback: Write characters that are no piece as their UTF-8 bytes, which take 256
                ids, instead of the unknown id.
            character_coverage: Share of the text's characters that are pieces of their own; a
                little below 1 for scripts of thousands of characters.

        Raises:
            ValueError: An argument is out of its range.
            UserError: There is no text, or it has more characters than there are ids.
        """
        if model_type not in MODEL_TYPES:
            raise ValueError(
                f"Argument `model_type` must be one of {MODEL_TYPES}. "
                f"Received: model_type={model_type!r}"
            )
        if not 0 < character_coverage <= 1:
            raise ValueError(
                "Argument `character_coverage` must be in (0, 1]. "
                f"Received: character_coverage={character_coverage}"
            )
        texts = texts[:: -(-len(texts) // _MAX_SENTENCES) or 1]
        sentences = [text for text in normalized(texts) if text]
        if not sentences:
            raise UserError("Subword pieces cannot be learned: all training sentences are empty.")
        written = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(sentences),
                model_writer=written,
                vocab_size=size,
                model_type=model_type,
                character_coverage=character_coverage,
                byte_fallback=byte_fallback,
                pad_id=PADDING_ID,
                unk_id=UNKNOWN_ID,
                bos_id=BEGIN_ID,
                eos_id=END_ID,
                unk_surface=UNKNOWN_SURFACE,
                normalization_rule_name="identity",
                hard_vocab_limit=False,
                max_sentence_length=_MAX_BYTES,
                num_threads=1,
                minloglevel=2,
            )
        except RuntimeError as error:
            raise _training_error(error, size, byte_fallback) from error
        vocabulary = cls(written.getvalue())
        if vocabulary.size < size:
            print(
                f"note: the training sentences give {vocabulary.size:,} subword pieces, not the "
                f"{size:,} asked for",
                file=sys.stderr,
            )
        return vocabulary

    def get_config(self) -> dict:
        """Return the model in base64."""
        return {"model": base64.b64encode(self.model).decode("ascii")}

    @classmethod
    def from_config(cls, config: dict) -> SubwordVocabulary:
        """Return a vocabulary from what :meth:`get_config` gave."""
        return cls(**config)

    @property
    def size(self) -> int:
        """Number of ids."""
        return self._processor.get_piece_size()

    @property
    def pieces(self) -> list[str]:
        """Pieces by id; U+2581 stands for a space."""
        return [self._processor.id_to_piece(index) for index in range(self.size)]

    def tokenize(self, text: tf.Tensor) -> tf.RaggedTensor:
        """Return the ids of texts, in the graph.

        Args:
            text: Strings ``(batch,)``.

        Returns:
            Ragged int32 ``(batch, (time))``, without begin and end; an empty text has no id.
        """
        return self._tokenizer.tokenize(normalize(text))

    def detokenize(self, token_ids: tf.Tensor | tf.RaggedTensor) -> tf.Tensor:
        """Return the texts that ids stand for, in the graph.

        Args:
            token_ids: int32 ``(batch, time)``, ragged or not. Padding, begin and end say nothing;
                what is no id is unknown.

        Returns:
            Strings ``(batch,)``.
        """
        if isinstance(token_ids, tf.RaggedTensor):
            known = token_ids.with_flat_values(self._known(token_ids.flat_values))
        else:
            known = self._known(token_ids)
        return self._tokenizer.detokenize(known)

    def lookup(self, token_ids: tf.Tensor) -> tf.Tensor:
        """Return the piece of each id, strings of the same shape, in the graph."""
        return self._tokenizer.id_to_string(self._known(token_ids))

    def encode(self, texts: Sequence[str]) -> RaggedColumn:
        """Return the ids of many texts: :meth:`tokenize`, some thousands at a time."""
        return encode_texts(self.tokenize, texts)

    def sample(self, texts: Sequence[str], alpha: float, seed: int) -> list[np.ndarray]:
        """Return the ids of a random segmentation of each text; outside the graph.

        Args:
            texts: Sentences in normal form, as of :func:`normalized`.
            alpha: With byte pair encoding, how often a merge is left out (BPE-dropout); 0.1 is
                usual. With a unigram model, how much likelier segmentations are preferred; 0.2 to
                0.5 is usual, less is wilder.
            seed: In [0, 2**32 - 1); fixes what is drawn for these texts.

        Reference:
            Provilkov et al. (2020), https://aclanthology.org/2020.acl-main.170/; Kudo (2018),
            https://aclanthology.org/P18-1007/
        """
        # Before release 0.2.3 a thread reads the seed only once, but a call for a list of texts has
        # a thread of its own, so that this works in all of them.
        sentencepiece.set_random_generator_seed(seed)
        rows = self._processor.encode(
            list(texts), enable_sampling=True, nbest_size=-1, alpha=alpha, num_threads=1
        )
        return [np.array(row, np.int32) for row in rows]

    def _known(self, token_ids: np.ndarray) -> tf.Tensor:
        """Return ids with unknown in place of numbers that are none, which the ops refuse."""
        token_ids = tf.cast(token_ids, tf.int32)
        return tf.where((token_ids >= 0) & (token_ids < self.size), token_ids, UNKNOWN_ID)


def _resource(model: bytes) -> Any:
    """Return a SentencePiece model as a resource that stays as long as the process.

    The tokenizer's own belongs to a cached kernel, and is gone once that cache is cleared, which
    `tf.random.set_seed` does. One with a name belongs to nobody; the same model has the same name.
    """

    class Resource(tf.saved_model.experimental.TrackableResource):
        def _create_resource(self):
            name = f"sentencepiece_{hashlib.sha256(model).hexdigest()}"
            operations = sentencepiece_tokenizer.gen_sentencepiece_tokenizer
            return operations.sentencepiece_op(model=model, shared_name=name)

    resource = Resource()
    _ = resource.resource_handle  # created where it is asked for first
    return resource


def _training_error(error: RuntimeError, size: int, byte_fallback: bool) -> Exception:
    needed = re.search(r"smaller than required_chars\. \d+ vs (\d+)", str(error))
    if needed is None:
        return UserError(f"Subword pieces cannot be learned: {error}.")
    what = "characters and bytes" if byte_fallback else "characters"
    return UserError(
        f"A subword vocabulary of {size:,} cannot hold the {int(needed[1]):,} {what} of the "
        "training sentences: raise the vocabulary size, or lower the character coverage so that "
        "rare characters are unknown."
    )
