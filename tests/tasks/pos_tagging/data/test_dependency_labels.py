"""Heads of words as labels."""

from __future__ import annotations

import numpy as np
import pytest

from seqsuite.tasks.pos_tagging.data.dependency_labels import head_labels


def rows(*words: tuple[str, str]) -> list[dict]:
    """Return rows of tag and head, numbered from 1."""
    return [{"id": i, "upos": tag, "head": head} for i, (tag, head) in enumerate(words, start=1)]


def read(label: str, place: int, tags: list[str]) -> int:
    """Return the place that a label names from `place`, or -1 for the root."""
    if label == "0":
        return -1
    step, wanted = (1 if label[0] == "+" else -1), int(label[1])
    while wanted:
        place += step
        wanted -= tags[place] == label[3:]
    return place


def test_a_label_leads_back_to_its_head():
    generator = np.random.default_rng(0)
    for _ in range(50):
        size = int(generator.integers(1, 9))
        tags = [str(tag) for tag in generator.choice(["A", "B"], size)]
        heads = [int(head) for head in generator.integers(0, size + 1, size)]
        heads = [0 if head == i else head for i, head in enumerate(heads, start=1)]
        labels = head_labels(rows(*zip(tags, map(str, heads), strict=True)))
        for place, (label, head) in enumerate(zip(labels, heads, strict=True)):
            between = tags[min(place, head - 1) : max(place, head - 1) + 1]
            if label.startswith(("+3", "-3")) and between.count(tags[head - 1]) > 3:
                continue  # told apart no more
            assert read(label, place, tags) == head - 1


def test_far_heads_share_a_label():
    assert head_labels(rows(*[("X", "6")] * 5, ("X", "0")))[0] == "+3 X"


@pytest.mark.parametrize("head", ["_", "9", "1", ""])
def test_a_head_that_is_no_other_word_is_unknown(head):
    assert head_labels(rows(("X", head), ("X", "0"))) == ("_", "0")


def test_a_file_without_the_column_gives_none():
    assert head_labels([{"id": 1, "upos": "X"}]) == ("_",)
