import pytest
import tensorflow as tf

from seqsuite.tasks.sentiment.tokenization import tokenize

APOSTROPHE = "\u2019"


def tokens(text):
    return [token.decode() for token in tokenize(tf.constant([text]))[0].numpy()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Isn't it BAD?", ["is", f"n{APOSTROPHE}t", "it", "bad", "?"]),
        ("can't cannot", ["ca", f"n{APOSTROPHE}t", "can", "not"]),
        ("it\u2019s, 'quoted'", ["it", f"{APOSTROPHE}s", ",", "'", "quoted", "'"]),
        ("rock'n'roll", [f"rock{APOSTROPHE}n{APOSTROPHE}roll"]),
        ("good.<br /><br/>Bad", ["good", ".", "bad"]),
        ("wow!!!! what... 3.5 8/10", ["wow", "!!", "what", "...", "3.5", "8", "/", "10"]),
        ("was great.It ended", ["was", "great", ".", "it", "ended"]),
        ("ÉTÉ Straße", ["été", "straße"]),
        ("好电影😀ไทย", ["好", "电", "影", "😀", "ไ", "ท", "ย"]),
        ("", []),
        (" \t\n ", []),
    ],
)
def test_tokens_are_words_signs_and_negations(text, expected):
    assert tokens(text) == expected


def test_invalid_utf8_is_replaced():
    found = tokenize(tf.constant([b"bad \xff bytes"]))[0].numpy().tolist()
    assert found == [b"bad", "\ufffd".encode(), b"bytes"]
