"""Pieces of words: the graph agrees with the sentencepiece library, and text comes back."""

from __future__ import annotations

import io
import json

import keras
import numpy as np
import pytest
import sentencepiece
import tensorflow as tf

from seqsuite.errors import UserError
from seqsuite.text.subwords import (
    BEGIN_ID,
    END_ID,
    MODEL_TYPES,
    PADDING_ID,
    UNKNOWN_ID,
    SubwordVocabulary,
    normalize,
    normalized,
)

SENTENCES = [
    "A dog runs over the grass.",
    "Two dogs are running (fast!)",
    "Ein Hund läuft über das Gras.",
    "Zwei Hunde rennen - schnell, „sehr schnell“.",
    "L'élève déjà vu n'a pas couru.",
]


@pytest.fixture(scope="module", params=MODEL_TYPES)
def vocabulary(request):
    return SubwordVocabulary.train(SENTENCES, 70, model_type=request.param)


@pytest.fixture(scope="module")
def bytewise():
    return SubwordVocabulary.train(SENTENCES, 330, byte_fallback=True)


def as_text(values):
    return [value.decode() for value in values.numpy().tolist()]


def round_trip(vocabulary, *texts):
    back = tf.function(lambda text: vocabulary.detokenize(vocabulary.tokenize(text)))
    return as_text(back(tf.constant(texts)))


def test_the_graph_gives_the_ids_and_texts_of_the_library(vocabulary, bytewise):
    texts = [*SENTENCES, "A grunning Hound!", "", "漢字 dog", "élèves élèves", "Gras 2 ☃."]
    for each in (vocabulary, bytewise):
        library = sentencepiece.SentencePieceProcessor(model_proto=each.model)
        ids = tf.function(each.tokenize)(tf.constant(texts))
        assert ids.dtype == tf.int32
        assert ids.to_list() == library.encode(texts)
        assert as_text(each.detokenize(ids)) == library.decode(ids.to_list())
        assert [row.tolist() for row in each.encode(texts).rows()] == library.encode(texts)


def test_pieces_and_special_ids(vocabulary):
    assert vocabulary.size == len(vocabulary.pieces) == len(set(vocabulary.pieces))
    assert (PADDING_ID, UNKNOWN_ID, BEGIN_ID, END_ID) == (0, 1, 2, 3)
    assert vocabulary.pieces[:4] == ["<pad>", "<unk>", "<s>", "</s>"]
    found = vocabulary.lookup(tf.constant([[4, 3], [-1, 10**6]]))
    assert as_text(tf.reshape(found, [-1])) == [vocabulary.pieces[4], "</s>", "<unk>", "<unk>"]


def test_text_of_known_characters_comes_back(vocabulary):
    texts = [*SENTENCES, "das rennen (Ein dog)!!", "a", "é à ü", "..", "-  - ".strip()]
    assert round_trip(vocabulary, *texts) == normalized(texts)
    assert normalized(SENTENCES) == SENTENCES


def test_unknown_characters_are_marked_and_the_rest_stays(vocabulary):
    assert round_trip(vocabulary, "漢字", "the 漢字 dog", "☃ dog") == ["⁇", "the ⁇ dog", "⁇ dog"]
    ids = vocabulary.tokenize(tf.constant(["漢字"])).to_list()[0]
    assert UNKNOWN_ID in ids


def test_with_bytes_every_text_comes_back(bytewise):
    texts = ["漢字 dog ☃", "</s> <pad> <unk> <0x41>", "😀🏽", "Ω≠ö", "\U0010ffff"]
    assert round_trip(bytewise, *texts) == texts
    assert UNKNOWN_ID not in bytewise.tokenize(tf.constant(texts)).flat_values.numpy()


def test_signs_of_sentencepiece_in_a_text_are_text(vocabulary):
    for text in ("</s> <s>", "<unk> <pad>", "\u2581dog"):
        ids = set(vocabulary.tokenize(tf.constant([text])).to_list()[0])
        assert not ids & {PADDING_ID, BEGIN_ID, END_ID}


def test_what_is_normalised():
    cases = {
        "  a \t b\u00a0c\u2003\r\nd  ": "a b c d",
        "e\u0301ta\u0302": "étâ",
        "soft\u00adhy\u200bphen\ufeff": "softhyphen",
        "\u2581a": "_a",
        "Straße ÉLAN ½ ﬁ … ①": "Straße ÉLAN ½ ﬁ … ①",
        "a\0b\x1bc": "a b c",
        "\u2028": "",
        "": "",
    }
    assert normalized(list(cases)) == list(cases.values())
    assert normalized(list(cases.values())) == list(cases.values())
    assert as_text(normalize(tf.constant([b"a\xffb\xc3", b"\xe2\x82"]))) == [
        "a\ufffdb\ufffd",
        "\ufffd",
    ]


def test_batches_without_text_are_answered(vocabulary):
    assert vocabulary.tokenize(tf.zeros([0], tf.string)).shape[0] == 0
    assert vocabulary.detokenize(tf.zeros([0, 4], tf.int32)).shape == (0,)
    assert as_text(vocabulary.detokenize(tf.zeros([2, 0], tf.int32))) == ["", ""]
    assert vocabulary.tokenize(tf.constant(["", "  "])).to_list() == [[], []]
    assert len(vocabulary.encode([])) == 0
    assert vocabulary.sample([], 0.1, seed=1) == []


def test_what_is_no_text_says_nothing_and_what_is_no_id_is_unknown(vocabulary):
    dog = vocabulary.tokenize(tf.constant(["dog"])).to_list()[0]
    ids = tf.constant([[BEGIN_ID, *dog, END_ID, PADDING_ID]])
    assert as_text(vocabulary.detokenize(ids)) == ["dog"]
    assert as_text(vocabulary.detokenize(tf.constant([[-1], [vocabulary.size]]))) == ["⁇", "⁇"]


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_the_same_text_gives_the_same_bytes(model_type):
    first, second = (SubwordVocabulary.train(SENTENCES, 60, model_type) for _ in range(2))
    assert first.model == second.model


def test_a_vocabulary_survives_json(vocabulary):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(vocabulary)))
    again = keras.saving.deserialize_keras_object(config)
    assert again.model == vocabulary.model
    assert again.pieces == vocabulary.pieces


def test_samples_are_other_pieces_of_the_same_text(vocabulary):
    texts = SENTENCES * 4
    usual = [row.tolist() for row in vocabulary.encode(texts).rows()]
    for alpha in (0.1, 0.5):
        drawn = vocabulary.sample(texts, alpha, seed=3)
        assert {row.dtype for row in drawn} == {np.dtype(np.int32)}
        assert [row.tolist() for row in drawn] != usual
        longest = max(map(len, drawn))
        padded = [np.pad(row, (0, longest - len(row))) for row in drawn]
        assert as_text(vocabulary.detokenize(tf.constant(np.stack(padded)))) == texts


def test_a_sample_is_a_function_of_its_seed(vocabulary):
    def flat(seed, texts=SENTENCES):
        return [row.tolist() for row in vocabulary.sample(texts, 0.3, seed)]

    first, other = flat(7), flat(8)
    assert first != other
    # Whatever was drawn in between, by whichever call.
    flat(7, SENTENCES[:2])
    assert flat(7) == first
    assert flat(8) == other


def test_byte_pair_encoding_leaves_out_the_share_of_merges_asked_for():
    # Of one merge alone: "ab" is one piece unless it is left out.
    vocabulary = SubwordVocabulary.train(["ab ab ab"], 8)
    assert "ab" in [piece.strip("\u2581") for piece in vocabulary.pieces]
    whole = len(vocabulary.encode(["ab"]).row(0))
    drawn = vocabulary.sample(["ab"] * 2000, 0.25, seed=0)
    split = np.mean([len(row) > whole for row in drawn])
    # "▁ab" takes two merges, either of which may be left out.
    assert 0.25 - 0.04 < split < 1 - 0.75**2 + 0.04


def test_too_little_text_gives_fewer_pieces_and_a_note(capsys):
    vocabulary = SubwordVocabulary.train(["ab ab"], 500)
    assert 4 < vocabulary.size <= 10
    note = capsys.readouterr().err
    assert f"give {vocabulary.size} subword pieces, not the 500 asked for" in note


def test_mistakes_are_named():
    with pytest.raises(UserError, match=r"vocabulary of 10 cannot hold the \d+ characters .*raise"):
        SubwordVocabulary.train(SENTENCES, 10)
    with pytest.raises(UserError, match="characters and bytes"):
        SubwordVocabulary.train(SENTENCES, 100, byte_fallback=True)
    for texts in ([], ["", "\t"]):
        with pytest.raises(UserError, match="all training sentences are empty"):
            SubwordVocabulary.train(texts, 50)
    with pytest.raises(ValueError, match=r"`model_type` must be one of .*'words'"):
        SubwordVocabulary.train(SENTENCES, 50, "words")
    with pytest.raises(ValueError, match=r"`character_coverage` must be in \(0, 1\]"):
        SubwordVocabulary.train(SENTENCES, 50, character_coverage=0)


def test_a_model_of_other_ids_is_refused(tmp_path):
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES), model_writer=written, vocab_size=50, minloglevel=2
    )
    with pytest.raises(ValueError, match=r"must have the ids 0 padding.*\[-1, 0, 1, 2\]"):
        SubwordVocabulary(written.getvalue())


def test_a_saved_graph_gives_the_same(vocabulary, tmp_path):
    module = tf.Module()
    module.vocabulary = vocabulary

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def serve(text):
        ids = module.vocabulary.tokenize(text)
        return {"ids": ids.to_tensor(), "text": module.vocabulary.detokenize(ids)}

    tf.saved_model.save(module, str(tmp_path), signatures=serve)
    loaded = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    texts = tf.constant(["Ein dog läuft!", "", "漢"])
    for name, expected in serve(texts).items():
        np.testing.assert_array_equal(loaded(text=texts)[name], expected)


def test_a_new_seed_leaves_the_pieces_alone():
    vocabulary = SubwordVocabulary.train(["low lower lowest", "new newer newest"], 24)
    before = vocabulary.tokenize(tf.constant(["newer"])).to_list()
    # It clears the caches of kernels, and with them what kernels own.
    tf.random.set_seed(1)
    assert vocabulary.tokenize(tf.constant(["newer"])).to_list() == before
