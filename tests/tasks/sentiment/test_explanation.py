"""Answers in a line of text."""

from __future__ import annotations

import re

import numpy as np
import pytest

from seqsuite.tasks.sentiment.explanation import leave_one_out
from seqsuite.text.terminal import highlight, tagged

TOKENS = ["in", "New", "York", "and", "Rome"]
TAGS = ["O", "B-place", "I-place", "O", "B-place"]


def colors(line):
    return re.findall(r"\x1b\[38;5;(\d+)m", line)


def test_tags_stand_behind_their_words_and_o_is_left_out():
    assert tagged(TOKENS, TAGS, color=False) == "in New/B-place York/I-place and Rome/B-place"
    assert tagged(["I", "can"], ["PRON", "AUX"], color=False) == "I/PRON can/AUX"
    assert tagged([], [], color=False) == tagged([], [], color=True) == ""


def test_in_color_the_text_is_the_same():
    line = tagged(TOKENS, TAGS, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", line) == tagged(TOKENS, TAGS, color=False)
    # Every color ends where its tag does.
    assert line.count("\x1b[0m") == len(colors(line)) == 3


def test_a_kind_has_one_color_wherever_it_stands():
    line = tagged(TOKENS, TAGS, color=True)
    assert len(set(colors(line))) == 1
    assert colors(tagged(["Paris"], ["S-place"], color=True)) == colors(line)[:1]
    several = tagged(["a", "b"], ["NOUN", "VERB"], color=True)
    assert len(set(colors(several))) == 2


def test_every_word_needs_a_tag():
    with pytest.raises(ValueError, match="zip"):
        tagged(["a", "b"], ["X"], color=False)


def test_the_word_that_decides_is_marked():
    def classify(texts):
        return np.array([[0.9, 0.1] if "good" in text else [0.2, 0.8] for text in texts])

    explanation = leave_one_out(classify, "it is good", chunk=2)
    assert [word for word, _ in explanation] == ["it ", "is ", "good"]
    assert [effect for _, effect in explanation] == pytest.approx([0, 0, 0.7])
    assert highlight(explanation, color=False) == "it is [+good]"
