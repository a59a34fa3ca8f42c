"""Span schemes: round trips, repairs, and constraints that accept exactly the legal sequences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from seqsuite.text.spans import (
    bio_to_bioes,
    bioes_to_bio,
    completed,
    in_bio,
    look_like_spans,
    span_constraints,
    spans,
    to_bio,
)

BIO_LABELS = ["O", "B-x", "I-x", "B-y", "I-y"]
BIOES_LABELS = ["S-x", "O", "I-y", "B-x", "E-x", "B-y", "E-y", "I-x", "S-y"]


def random_spans(rng, length):
    """Spans that do not overlap, in order."""
    found, start = [], 0
    while start < length:
        end = start + int(rng.integers(1, 4))
        if rng.random() < 0.6 and end <= length:
            found.append((str(rng.choice(["x", "y", "two-parts"])), start, end))
        start = end
    return found


def written(found, length, scheme):
    """Tags of spans, straight from the schemes' definitions."""
    tags = ["O"] * length
    for kind, start, end in found:
        for index in range(start, end):
            first, last = index == start, index == end - 1
            prefix = "B" if first else "I"
            if scheme == "BIOES" and last:
                prefix = "S" if first else "E"
            tags[index] = f"{prefix}-{kind}"
    return tags


def accepted(sequence, labels, constraints):
    transitions, starts, ends = constraints
    ids = [labels.index(tag) for tag in sequence]
    if ids and (ids[0] in starts or ids[-1] in ends):
        return False
    return not any(pair in transitions for pair in itertools.pairwise(ids))


def is_legal(sequence, scheme):
    """A sequence is legal if writing down the spans that it can mean gives it back."""
    found = []
    for index, tag in enumerate(sequence):
        prefix, _, kind = tag.partition("-")
        if prefix in "BS" and tag != "O":
            found.append((kind, index, index + 1))
        elif prefix in "IE" and found:
            found[-1] = (found[-1][0], found[-1][1], index + 1)
    return written(found, len(sequence), scheme) == list(sequence)


@pytest.mark.parametrize("seed", range(20))
def test_spans_survive_every_scheme(seed):
    rng = np.random.default_rng(seed)
    length = int(rng.integers(0, 12))
    expected = random_spans(rng, length)
    bio, bioes = (written(expected, length, scheme) for scheme in ("BIO", "BIOES"))
    assert spans(bio) == spans(bioes) == expected
    assert bio_to_bioes(bio) == bioes
    assert bioes_to_bio(bioes) == to_bio(bioes) == to_bio(bio) == bio


@pytest.mark.parametrize("seed", range(20))
def test_any_sequence_is_repaired_into_a_legal_one(seed):
    rng = np.random.default_rng(seed)
    tags = [str(tag) for tag in rng.choice(BIOES_LABELS, 8)]
    repaired = to_bio(tags)
    assert is_legal(repaired, "BIO")
    assert to_bio(repaired) == repaired
    assert [tag[1:] for tag in repaired] == [tag[1:] for tag in tags]


def test_an_empty_sequence_has_no_spans():
    assert to_bio([]) == bio_to_bioes([]) == bioes_to_bio([]) == spans([]) == []


@pytest.mark.parametrize("seed", range(20))
def test_a_legal_tag_renamed_alone_is_what_it_is_in_its_sequence(seed):
    rng = np.random.default_rng(seed)
    length = int(rng.integers(1, 12))
    expected = random_spans(rng, length)
    bio, bioes = (written(expected, length, scheme) for scheme in ("BIO", "BIOES"))
    assert [in_bio(tag) for tag in bioes] == [in_bio(tag) for tag in bio] == bio


def test_a_type_that_occurs_has_all_tags_of_its_scheme():
    assert completed(["O", "I-x", "S-two-parts"], "bio") == sorted(
        ["O", "B-x", "I-x", "B-two-parts", "I-two-parts"]
    )
    assert completed(["E-x"], "bioes") == ["B-x", "E-x", "I-x", "O", "S-x"]
    assert completed(["B"], "bio") == ["B", "I", "O"]
    assert completed([], "bioes") == completed(["O"], "bio") == ["O"]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["O", "B-x", "I-x"], True),
        (["S-x", "E-x"], True),
        (["B-x", "NOUN"], False),
        (["B", "I", "O"], False),
        (["X-y"], False),
        (["BI-x"], False),
        (["O"], False),
        ([], False),
    ],
)
def test_tags_look_like_spans_when_all_have_a_prefix_and_a_type(tags, expected):
    assert look_like_spans(tags) == expected


def test_iob1_is_read():
    # In IOB1 B appears only between two spans of one type that touch.
    tags = ["I-x", "I-x", "B-x", "I-x", "I-y", "O", "I-x"]
    assert to_bio(tags) == ["B-x", "I-x", "B-x", "I-x", "B-y", "O", "B-x"]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["U-x", "O", "B-y", "L-y", "B-x", "I-x", "L-x"], "B-x O B-y I-y B-x I-x I-x"),
        (["W-x", "B-y", "M-y", "E-y"], "B-x B-y I-y I-y"),
        (["S-x", "B-x", "M-x", "M-x", "E-x"], "B-x B-x I-x I-x I-x"),
        (["L-x", "M-x", "U"], "B-x B-x B"),
    ],
)
def test_relatives_of_bioes_are_read(tags, expected):
    assert to_bio(tags) == expected.split()
    assert look_like_spans([tag for tag in tags if "-" in tag])


def test_types_may_be_missing():
    assert spans(["B", "I", "O", "B"]) == [("", 0, 2), ("", 3, 4)]
    assert bio_to_bioes(["B", "I", "B"]) == ["B", "E", "S"]


@pytest.mark.parametrize(("labels", "scheme"), [(BIO_LABELS, "BIO"), (BIOES_LABELS, "BIOES")])
def test_constraints_accept_exactly_the_legal_sequences(labels, scheme):
    constraints = span_constraints(labels)
    legal = 0
    for length in range(5):
        for sequence in itertools.product(labels, repeat=length):
            expected = is_legal(sequence, scheme)
            assert accepted(sequence, labels, constraints) == expected, sequence
            legal += expected
            if scheme == "BIOES" and not (set("".join(sequence)) & set("ES")):
                continue  # without E and S it may be legal BIO
            if expected:
                spans(sequence)
            else:
                with pytest.raises(ValueError, match="to_bio"):
                    spans(sequence)
    assert legal > 100


def test_constraints_are_those_of_the_labels_that_there_are():
    assert span_constraints(["O", "S-x"]) == ((), (), ())
    assert span_constraints(["B-x", "E-x"]) == (((0, 0), (1, 1)), (1,), (0,))
    assert span_constraints([]) == ((), (), ())


@pytest.mark.parametrize("tag", ["X-x", "O-x", "B-", "b-x", "", "name", "-x", "BI-x"])
def test_other_tags_are_refused(tag):
    for function in (to_bio, bio_to_bioes, bioes_to_bio, spans, span_constraints):
        with pytest.raises(ValueError, match=f"Received: '{tag}'"):
            function(["O", tag])


def test_illegal_sequences_are_refused_where_legal_ones_are_asked_for():
    with pytest.raises(ValueError, match="'I-y' after 'B-x' at index 1"):
        bio_to_bioes(["B-x", "I-y"])
    with pytest.raises(ValueError, match="legal BIO;"):
        bio_to_bioes(["S-x"])
    with pytest.raises(ValueError, match="'O' after 'B-x' at index 1"):
        bioes_to_bio(["B-x"])
    with pytest.raises(ValueError, match="repeat"):
        span_constraints(["O", "O"])
