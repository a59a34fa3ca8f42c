"""Characters into ids and back: the same in NumPy and in the graph, whatever the text holds."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.data.examples import Examples
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.char_lm.data.text import bytes_of_text, text_of_bytes
from seqsuite.tasks.char_lm.preprocessor import CharacterPreprocessor

# Astral characters, a combining mark, line ends of all kinds, NUL, a byte order mark.
TEXTS = ["naïve e\u0301\r\n", "😀🏽\u2028\0漢字", "\ufeffplain\ttext\r\U0010ffff", "x"]
ALL_BYTES = bytes(range(256))


def adapted(texts=tuple(TEXTS), **settings):
    preprocessor = CharacterPreprocessor(**settings)
    preprocessor.adapt(Examples({"text": list(texts)}))
    return preprocessor


def in_graph(preprocessor, *texts):
    """Ids of each raw text, as a saved model computes them; padding is checked and cut off."""
    call = tf.function(
        preprocessor.call, input_signature=[{"text": tf.TensorSpec([None], tf.string)}]
    )
    found = {name: value.numpy() for name, value in call({"text": tf.constant(texts)}).items()}
    assert {name: value.dtype for name, value in found.items()} == {
        "token_ids": np.int32,
        "length": np.int32,
    }
    longest = found["token_ids"].shape[1]
    assert longest == max(1, found["length"].max())
    rows = list(zip(found["token_ids"], found["length"], strict=True))
    assert not any(ids[length:].any() for ids, length in rows)
    return [ids[:length].tolist() for ids, length in rows]


def decoded(preprocessor, rows, padding=0):
    longest = max(map(len, rows))
    token_ids = np.array([[*row, *[padding] * (longest - len(row))] for row in rows], np.int32)
    decode = tf.function(preprocessor.decode)
    return decode(tf.constant(token_ids), tf.constant([len(row) for row in rows])).numpy().tolist()


def test_ids_follow_the_order_of_code_points_and_zero_is_unknown():
    preprocessor = adapted(["ab😀", "ba!"])
    assert preprocessor.alphabet == [33, 97, 98, 0x1F600]
    assert preprocessor.symbols == [-1, 33, 97, 98, 0x1F600]
    assert (preprocessor.num_symbols, preprocessor.unknown_id) == (5, 0)
    ids = preprocessor.ids_of("b😀?\U0010ffff\0")
    assert ids.dtype == np.int32
    assert ids.tolist() == [3, 4, 0, 0, 0]
    assert preprocessor.text_of([3, 4, 0]) == "b😀\ufffd"


def test_rare_characters_are_unknown():
    preprocessor = adapted(["aab", "bc"], min_count=2)
    assert preprocessor.symbols == [-1, ord("a"), ord("b")]
    assert preprocessor.ids_of("abc").tolist() == [1, 2, 0]


def test_a_long_text_is_counted_as_a_short_one(monkeypatch):
    whole = adapted(min_count=2).alphabet
    monkeypatch.setattr("seqsuite.tasks.char_lm.preprocessor._COUNTED_AT_ONCE", 3)
    assert adapted(min_count=2).alphabet == whole


def test_known_text_comes_back_and_the_graph_agrees():
    preprocessor = adapted()
    texts = [*TEXTS, "", "".join(TEXTS)]
    ids = [preprocessor.ids_of(text).tolist() for text in texts]
    assert all(0 not in row for row in ids)
    assert in_graph(preprocessor, *(text.encode() for text in texts)) == ids
    assert [preprocessor.text_of(row) for row in ids] == texts
    for padding in (0, -1, 10_000):
        assert decoded(preprocessor, ids, padding) == [text.encode() for text in texts]


def test_characters_that_training_lacks_are_unknown_everywhere():
    preprocessor = adapted(["abc"])
    text = "aé漢\U0001f600b\U0010ffff\0"
    assert preprocessor.ids_of(text).tolist() == [1, 0, 0, 0, 2, 0, 0]
    assert in_graph(preprocessor, text.encode()) == [[1, 0, 0, 0, 2, 0, 0]]
    assert decoded(preprocessor, [[1, 0, 2]]) == ["a\ufffdb".encode()]


def test_bytes_that_are_not_utf8_are_unknown_even_when_training_has_them():
    data = b"a\xffb\xe2\x82c\xed\xa0\x80" + "\ufffd".encode()
    preprocessor = adapted([text_of_bytes(data, "character")])
    assert preprocessor.symbols == [-1, 97, 98, 99]
    assert preprocessor.ids_of(text_of_bytes(data, "character")).tolist() == [
        1, 0, 2, 0, 0, 3, 0, 0, 0, 0,
    ]  # fmt: skip
    # The graph counts a character that breaks off (e2 82) once, as Python's "replace" does.
    assert in_graph(preprocessor, data) == [
        preprocessor.ids_of(data.decode("utf-8", "replace")).tolist()
    ]


def test_all_bytes_come_back():
    preprocessor = adapted([text_of_bytes(ALL_BYTES, "byte")], unit="byte")
    assert preprocessor.num_symbols == 257
    rows = [ALL_BYTES, b"", ALL_BYTES[::-1] * 2, b"\0\0", b"\xff"]
    ids = [preprocessor.ids_of(text_of_bytes(row, "byte")).tolist() for row in rows]
    assert ids[0] == list(range(1, 257))
    assert in_graph(preprocessor, *rows) == ids
    assert decoded(preprocessor, ids, padding=-1) == rows
    assert [bytes_of_text(preprocessor.text_of(row), "byte") for row in ids] == rows


def test_bytes_that_training_lacks_are_unknown():
    preprocessor = adapted(["ab"], unit="byte")
    assert in_graph(preprocessor, "aüb".encode()) == [[1, 0, 0, 2]]
    assert preprocessor.ids_of("aü漢").tolist() == [1, 0, 0]
    text = preprocessor.text_of([1, 0, 2])
    assert [bytes_of_text(text, "byte")] == decoded(preprocessor, [[1, 0, 2]])


@pytest.mark.parametrize("unit", ["character", "byte"])
def test_an_empty_batch_and_empty_texts_are_answered(unit):
    preprocessor = adapted(["ab"], unit=unit)
    found = preprocessor({"text": tf.zeros([0], tf.string)})
    assert found["token_ids"].shape == (0, 1)
    assert found["length"].shape == (0,)
    assert preprocessor.decode(found["token_ids"], found["length"]).shape == (0,)
    assert in_graph(preprocessor, b"", b"") == [[], []]
    assert preprocessor.decode(
        tf.zeros([2, 0], tf.int32), tf.zeros([2], tf.int32)
    ).numpy().tolist() == [b"", b""]
    assert preprocessor.ids_of("").shape == (0,)
    assert preprocessor.text_of([]) == ""


@pytest.mark.parametrize("unit", ["character", "byte"])
def test_without_an_alphabet_everything_is_unknown(unit):
    preprocessor = CharacterPreprocessor(unit=unit)
    assert preprocessor.ids_of("ab").tolist() == [0, 0]
    assert in_graph(preprocessor, b"ab") == [[0, 0]]


@pytest.mark.parametrize("unit", ["character", "byte"])
def test_it_survives_being_saved(tmp_path, unit):
    texts = [text_of_bytes(text.encode(), unit) for text in TEXTS]
    preprocessor = adapted(texts, unit=unit, min_count=1, name="characters")
    again = CharacterPreprocessor.from_config(preprocessor.get_config())
    again.set_state(preprocessor.get_state())
    preprocessor.save_to(tmp_path)
    loaded = Preprocessor.load_from(tmp_path)
    assert preprocessor.get_config() == again.get_config() == loaded.get_config()
    for other in (again, loaded):
        np.testing.assert_array_equal(other.ids_of(texts[0]), preprocessor.ids_of(texts[0]))


@pytest.mark.parametrize("unit", ["character", "byte"])
def test_examples_are_encoded_as_one_stream_whose_parts_predict_each_other(unit):
    texts = [text_of_bytes(text.encode(), unit) for text in TEXTS]
    preprocessor = adapted(texts, unit=unit)
    encoded = preprocessor.encode(Examples({"text": texts}))
    assert len(encoded) == len(texts)
    assert preprocessor.text_of(encoded.ids) == "".join(texts)
    np.testing.assert_array_equal(encoded.targets, encoded.ids[1:])


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"Argument `unit` must be one of .*unit='word'"):
        CharacterPreprocessor(unit="word")
    for ids in ([3], [-1]):
        with pytest.raises(ValueError, match=r"Argument `ids` must lie in \[0, 3\)"):
            adapted(["ab"]).text_of(ids)
