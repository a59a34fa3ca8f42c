"""What the graph reads is what Python reads, at once and piece by piece."""

import pytest
import tensorflow as tf

from seqsuite.tasks.speech_recognition.pronunciation_graph import SpelledText
from seqsuite.tasks.speech_recognition.pronunciations import Spelling

SPELLING = Spelling(["T", "UW", "é"], {"two": ["T UW"], "été": ["é T é", "é"]})
T, UW, E = SPELLING.alphabet[1:]
SPELLED = ["", " ", f"{T}{UW}", f" {T}  {E}{T}{E} ", f"{T}{T} {E} {UW}{T}{UW}{E}"]


def test_the_graph_reads_what_python_reads():
    read = SpelledText(SPELLING)(tf.constant(SPELLED)).numpy().tolist()
    assert [text.decode() for text in read] == ["", "", "two", "[T] été", "[T-T] été [UW-T-UW-é]"]
    assert [SPELLING.read(text) for text in SPELLED] == [text.decode() for text in read]
    assert SpelledText(SPELLING)(tf.zeros([0], tf.string)).shape == (0,)


def test_whole_words_need_no_space_to_be_told_apart():
    spelling = Spelling.of_words(["one two"])
    one, two = spelling.alphabet[1:]
    texts = [f"{one}{two}{two} {one}", two]
    read = SpelledText(spelling)(tf.constant(texts)).numpy().tolist()
    assert read == [b"one two two one", b"two"]
    assert [spelling.read(text).encode() for text in texts] == read
    heard, waiting = SpelledText(spelling).read_further(
        tf.constant([two, f" {one}", " "]), tf.constant([" ", "", ""]), tf.constant(False)
    )
    # In the first stream something was said before.
    assert heard.numpy().tolist() == [b" two", b"one", b""]
    assert waiting.numpy().tolist() == [b" ", b" ", b""]


@pytest.mark.parametrize("cuts", [[99], [1] * 99, [2, 0, 5, 99]])
def test_pieces_are_read_as_the_whole_and_words_when_they_are_over(cuts):
    reader = SpelledText(SPELLING)
    heard, waiting = tf.constant([""] * len(SPELLED)), tf.constant([""] * len(SPELLED))
    start = 0
    for cut in cuts:
        pieces = tf.constant([text[start : start + cut] for text in SPELLED])
        start += cut
        text, waiting = reader.read_further(pieces, waiting, tf.constant(False))
        heard += text
    # "UW T UW é" may go on, and so may "two".
    assert heard.numpy()[-1].decode() == "[T-T] été"
    text, waiting = reader.read_further(tf.fill([5], ""), waiting, tf.constant(True))
    heard = [one.decode() for one in (heard + text).numpy()]
    assert heard == [SPELLING.read(one) for one in SPELLED]
    assert set(waiting.numpy().tolist()) == {b"", b" "}
