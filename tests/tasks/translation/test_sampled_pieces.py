"""Variants of words make random segmentations of sentences, known by the number of their draw."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.tasks.translation.batches import with_end
from seqsuite.tasks.translation.data.sample.grammar import generate
from seqsuite.tasks.translation.sampled_pieces import NUM_VARIANTS, SampledPieces
from seqsuite.text.subwords import MODEL_TYPES, SubwordVocabulary

TEXTS = [*generate("test").features["source"][:200], "", "a 漢字 漢字"]


@pytest.fixture(scope="module", params=MODEL_TYPES)
def vocabulary(request):
    return SubwordVocabulary.train(TEXTS[:200], 100, request.param)


def sampled(vocabulary, texts=TEXTS, alpha=0.2, fixed=(), max_length=1000):
    usual = with_end(vocabulary.encode(texts))
    kept = np.isin(np.arange(len(texts)), fixed)
    return SampledPieces.of_texts(texts, vocabulary, alpha, usual, kept, max_length)


def rows_of(pieces, draw, indices=None):
    indices = np.arange(len(pieces.fixed)) if indices is None else indices
    return [row.tolist() for row in pieces.draw(indices, draw).rows()]


def test_pieces_do_not_reach_across_spaces(vocabulary):
    whole = [row.tolist() for row in vocabulary.encode(TEXTS).rows()]
    words = sorted({word for text in TEXTS for word in text.split()})
    ids = dict(zip(words, vocabulary.encode(words).rows(), strict=True))
    by_word = [[index for word in text.split() for index in ids[word].tolist()] for text in TEXTS]
    assert whole == by_word


def test_a_draw_is_other_pieces_of_the_same_sentences(vocabulary):
    pieces = sampled(vocabulary)
    drawn = pieces.draw(np.arange(len(TEXTS)), draw=5)
    ids = tf.constant(drawn.pad(np.arange(len(TEXTS))))
    texts = [text.decode() for text in vocabulary.detokenize(ids).numpy()]
    assert texts == [*TEXTS[:-1], "a ⁇ ⁇"]
    rows, usual = rows_of(pieces, 5), [row.tolist() for row in pieces.usual.rows()]
    assert np.mean([row != other for row, other in zip(rows, usual, strict=True)]) > 0.5
    assert rows[TEXTS.index("")] == usual[TEXTS.index("")]
    assert drawn.values.dtype == np.int32


def test_a_draw_is_a_function_of_its_number(vocabulary):
    first, again = sampled(vocabulary), sampled(vocabulary)
    rows = rows_of(first, 1)
    assert rows_of(first, 2) != rows
    assert rows_of(again, 1) == rows
    some = np.array([7, 0, 3])
    assert rows_of(again, 1, some) == [rows[index] for index in some]


def test_lengths_are_those_of_the_rows(vocabulary):
    pieces = sampled(vocabulary, fixed=[4], max_length=30)
    for draw in range(3):
        assert pieces.lengths(draw).tolist() == [len(row) for row in rows_of(pieces, draw)]


def test_fixed_and_too_long_sentences_stay_as_they_usually_are(vocabulary):
    longest = int(np.diff(with_end(vocabulary.encode(TEXTS)).starts).max())
    pieces = sampled(vocabulary, alpha=0.5, fixed=[0, 1], max_length=longest)
    usual = [row.tolist() for row in pieces.usual.rows()]
    for draw in range(5):
        rows = rows_of(pieces, draw)
        assert rows[:2] == usual[:2]
        assert max(map(len, rows)) <= longest


def test_every_variant_of_a_word_comes_as_often(vocabulary):
    pieces = sampled(vocabulary, ["teacher " * 4000 + "teacher"], max_length=10**6)
    variants = [tuple(row) for row in pieces.variants.rows()]
    assert len(variants) == NUM_VARIANTS
    shares = {variant: variants.count(variant) / NUM_VARIANTS for variant in variants}
    expected = 4001 * sum(share * len(variant) for variant, share in shares.items()) + 1
    assert pieces.lengths(0)[0] == pytest.approx(expected, rel=0.05)


def test_selected_sentences_keep_their_words(vocabulary):
    part = sampled(vocabulary).select(np.array([9, 2]))
    ids = tf.constant(part.draw(np.array([1, 0]), 3).pad(np.arange(2)))
    texts = [text.decode() for text in vocabulary.detokenize(ids).numpy()]
    assert texts == [TEXTS[2], TEXTS[9]]
    assert part.lengths(3).tolist() == [len(row) for row in rows_of(part, 3)]
