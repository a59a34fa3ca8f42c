"""Words into ids: the same however they are given, whatever stands beside them."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.pos_tagging.messages import unseen_note
from seqsuite.tasks.pos_tagging.preprocessor import PADDING_TAG, WordPreprocessor, pad_tokens
from seqsuite.text.spans import span_constraints

SENTENCES = [
    ("The", "dog", "sees", "the", "cat", "."),
    ("A", "cat", "sees", "3", "dogs", "!"),
    ("Dogs", "see", "7", "cats", "."),
]
TAGS = [
    ("DET", "NOUN", "VERB", "DET", "NOUN", "PUNCT"),
    ("DET", "NOUN", "VERB", "NUM", "NOUN", "PUNCT"),
    ("NOUN", "VERB", "NUM", "NOUN", "PUNCT"),
]
TRAIN = Examples(
    {"tokens": SENTENCES, "number": [[""] * 6, [""] * 4 + ["Plur", ""], ["x"] * 5]}, TAGS
)
FEATURES = ("word_ids", "character_ids", "affix_ids", "shape_ids")
ODD = ["", "😀", "漢字", "New York", "tab\tinside", " ", "\u200d", "x" * 10_000, "Ünïcödé", "\0"]


def adapted(examples=TRAIN, **settings):
    preprocessor = WordPreprocessor(**{"min_count": 1, **settings})
    preprocessor.adapt(examples)
    return preprocessor


def spans_adapted(tags, scheme):
    examples = Examples({"tokens": [["w"] * len(row) for row in tags]}, tags)
    return adapted(examples, scheme=scheme)


def of_tokens(preprocessor, *rows):
    return {name: ids.numpy() for name, ids in preprocessor(pad_tokens(rows)).items()}


def of_text(preprocessor, *texts):
    outputs = preprocessor({"sentence": tf.constant(list(texts), tf.string)})
    return {name: ids.numpy() for name, ids in outputs.items()}


def assert_equal(got, expected):
    assert set(got) == set(expected)
    for name, ids in expected.items():
        np.testing.assert_array_equal(got[name], ids, err_msg=name)


def test_rare_words_are_unknown_and_words_are_counted_in_lower_case():
    # All of them twice; so by name.
    preprocessor = adapted(min_count=2)
    assert preprocessor.vocabulary == [".", "0", "cat", "dogs", "sees", "the"]
    ids = of_tokens(preprocessor, ("THE", "5", "bird"))["word_ids"]
    assert ids.tolist() == [[7, 3, 1]]


def test_surplus_words_are_unknown_and_words_with_vectors_come_last():
    preprocessor = WordPreprocessor(min_count=2, max_vocabulary=10)
    preprocessor.adapt(TRAIN, vector_words=["cat", "bird", "fish", "ant"])
    assert preprocessor.vocabulary == [".", "0", "cat", "dogs", "sees", "the", "bird", "fish"]
    assert preprocessor.vocabulary_size == 10


def test_the_order_of_sentences_changes_nothing():
    first = adapted().get_config()
    second = adapted(TRAIN.select([2, 0, 1])).get_config()
    assert first.pop("name") != second.pop("name")
    assert first == second


def test_characters_affixes_and_shapes_of_one_word_only_are_unknown():
    preprocessor = adapted()
    written = "".join(word for words in SENTENCES for word in words)
    assert {chr(c) for c in preprocessor.characters} == {c for c in written if written.count(c) > 2}
    # Of the distinct words Dogs, dogs, cats and sees.
    assert ">s" in preprocessor.affixes
    assert "T<" not in preprocessor.affixes
    # "The" and "Dogs" are only two.
    assert preprocessor.shapes == ["xx"]
    outputs = of_tokens(preprocessor, ("T",))
    assert outputs["affix_ids"].max() == outputs["character_ids"].max() == 1


def test_a_sentence_and_its_words_give_the_same_ids():
    preprocessor = adapted()
    texts = ["The dog sees the cat.", "", "Dogs see: 😀!", "5 漢字\u00a0x"]
    words, lengths = preprocessor.split({"sentence": tf.constant(texts)})
    assert lengths.numpy().tolist() == [6, 0, 5, 3]
    given = {"tokens": words, "length": lengths}
    assert_equal(of_text(preprocessor, *texts), preprocessor(given))
    assert of_text(preprocessor, texts[0])["word_ids"].tolist() == (
        of_tokens(preprocessor, SENTENCES[0])["word_ids"].tolist()
    )


def test_rows_do_not_depend_on_their_batch_nor_on_padding():
    preprocessor = adapted()
    rows = [*SENTENCES, (), ("New York", "漢字"), ("x" * 300,)]
    together = of_tokens(preprocessor, *rows)
    assert together["word_ids"].shape == (6, 6)
    for index, row in enumerate(rows):
        alone = of_tokens(preprocessor, row)
        for name in FEATURES:
            width = max(1, len(row))
            np.testing.assert_array_equal(together[name][index, :width], alone[name][0])
            assert not together[name][index, len(row) :].any()
    padded = pad_tokens(rows)
    # What stands in the padding is not read.
    padded["tokens"] = tf.pad(padded["tokens"], [[0, 0], [0, 4]], constant_values="dog")
    longer = preprocessor(padded)
    for name in FEATURES:
        np.testing.assert_array_equal(longer[name][:, :6], together[name])
        assert not longer[name][:, 6:].numpy().any()


def test_lengths_are_clipped_to_the_words_there_are():
    preprocessor = adapted()
    tokens = tf.constant([["The", "dog"]] * 3)
    outputs = preprocessor({"tokens": tokens, "length": tf.constant([9, 1, -4])})
    assert outputs["length"].numpy().tolist() == [2, 1, 0]
    assert (outputs["word_ids"].numpy() > 0).tolist() == [[1, 1], [1, 0], [0, 0]]


@pytest.mark.parametrize("texts", [[""], [" \t", "\n"], []])
def test_without_words_there_is_one_padded_step(texts):
    preprocessor = adapted(max_word_length=5, affix_length=2)
    shapes = {"word_ids": (), "character_ids": (5,), "affix_ids": (4,), "shape_ids": ()}
    for outputs in (of_text(preprocessor, *texts), of_tokens(preprocessor, *[()] * len(texts))):
        assert not outputs["length"].any()
        for name, rest in shapes.items():
            assert outputs[name].shape == (len(texts), 1, *rest)
            assert not outputs[name].any()


def test_unusual_words_are_words():
    preprocessor = adapted()
    outputs = of_tokens(preprocessor, ODD)
    assert outputs["length"].tolist() == [len(ODD)]
    for name in FEATURES:
        ids = outputs[name][0].reshape(len(ODD), -1)
        assert (ids[1:, 0] > 0).all(), name
    # A word with white space inside is one word, known if training had it.
    known = adapted(Examples({"tokens": [("New York", "tab\tinside")]}, [("X", "Y")]))
    assert of_tokens(known, ("tab\tinside", "New York"))["word_ids"].tolist() == [[3, 2]]


def test_invalid_utf8_is_read_as_the_replacement_character():
    preprocessor = adapted(Examples({"tokens": [("\ufffd",) * 3]}, [("X",) * 3]))
    outputs = preprocessor({"tokens": tf.constant([[b"\xff"]]), "length": tf.constant([1])})
    assert_equal({n: v.numpy() for n, v in outputs.items()}, of_tokens(preprocessor, ("\ufffd",)))
    assert outputs["word_ids"].numpy().tolist() == [[2]]
    preprocessor({"sentence": tf.constant([b"bad \xff bytes \xe2\x28"])})


def test_long_words_are_read_at_head_and_tail():
    preprocessor = adapted(max_word_length=4)
    long, short = ("do" + "x" * 10_000 + "gs",), ("dogs",)
    np.testing.assert_array_equal(
        of_tokens(preprocessor, long)["character_ids"],
        of_tokens(preprocessor, short)["character_ids"],
    )


def test_a_sentence_of_5000_words_is_read():
    preprocessor = adapted()
    outputs = of_text(preprocessor, "the dog " * 2500)
    assert outputs["length"].tolist() == [5000]
    once = of_text(preprocessor, "the dog")["word_ids"]
    np.testing.assert_array_equal(outputs["word_ids"], np.tile(once, (1, 2500)))


def test_encoded_examples_are_what_the_call_gives():
    preprocessor = adapted()
    encoded = preprocessor.encode(TRAIN, chunk=2)
    together = preprocessor(pad_tokens(SENTENCES))
    assert encoded.lengths.tolist() == [6, 6, 5]
    for name in FEATURES:
        np.testing.assert_array_equal(encoded.features[name].pad(np.arange(3)), together[name])
    tags = encoded.target_batch(np.arange(3))["logits"]
    names = np.array([*preprocessor.labels, ""])
    assert names[tags].tolist() == [list(row) + [""] * (6 - len(row)) for row in TAGS]
    assert tags[2, 5] == PADDING_TAG


def test_words_are_known_by_their_exact_spelling():
    test = Examples({"tokens": [("The", "THE", "bird", "dogs", "5")]}, [("DET",) * 5])
    known = adapted(min_count=2).encode_targets(test)["known"]
    assert known.row(0).tolist() == [1, 0, 0, 1, 0]


def test_a_tag_that_training_never_saw_is_no_answer():
    preprocessor = adapted()
    ids = preprocessor.encode_labels([("NOUN", "ADV", "X")])
    assert preprocessor.names(ids) == [["NOUN", "(unseen)", "(unseen)"]]
    assert ids.row(0)[1] == len(preprocessor.labels)


@pytest.mark.parametrize("scheme", ["none", "bioes"])
def test_unseen_tags_are_noted_once(scheme, capsys):
    train = [("B-x", "O")]
    preprocessor = spans_adapted(train, scheme)
    preprocessor.encode_labels(train)
    assert capsys.readouterr().err == ""
    test = [("B-z", "O"), ("B-y", "I-y", "B-z"), ("B-z",)]
    for _ in range(3):
        preprocessor.encode_labels(test)
    assert capsys.readouterr().err == (
        "note: 5 of 6 words have a tag that training never saw, and count as wrong: "
        "B-z (3), B-y (1), I-y (1)\n"
    )
    preprocessor.encode_labels(test[:1])
    assert "1 of 2 words" in capsys.readouterr().err


def test_of_many_unseen_tags_the_most_frequent_are_named():
    note = unseen_note([[f"T{i:02d}" for i in range(13)] + ["T12"]], [[True] * 14])
    assert "wrong: T12 (2), T00 (1), " in note
    assert note.endswith("T08 (1), 3 more")
    assert "\n" not in note
    assert unseen_note([["A"], []], [[False], []]) == ""


def test_further_columns_are_targets_and_what_is_unseen_in_them_is_ignored():
    preprocessor = adapted()
    assert preprocessor.auxiliary_labels == {"number": ["", "x", "Plur"]}
    features = {"tokens": [("dogs", "see")], "number": [("Plur", "Dual")]}
    targets = preprocessor.encode_targets(Examples(features, [("NOUN", "VERB")]))
    assert targets["number"].row(0).tolist() == [2, PADDING_TAG]
    assert targets["number"].padding == targets["logits"].padding == PADDING_TAG


def test_a_column_that_is_missing_is_ignored():
    train = Examples({"tokens": [("dogs",)], "number": [("Plur",)]}, [("NOUN",)])
    targets = adapted(train).encode_targets(Examples({"tokens": [("dogs",)]}, [("NOUN",)]))
    assert targets["number"].row(0).tolist() == [PADDING_TAG]
    assert adapted(train).encode_targets(Examples({"tokens": [("dogs",)]})) is None


@pytest.mark.parametrize("scheme", ["bio", "bioes"])
def test_spans_are_read_in_any_scheme_and_answered_in_bio(scheme):
    written = [("B-x", "I-x", "I-x", "O", "B-y"), ("I-x", "I-x", "E-x", "O", "S-y")]
    preprocessor = spans_adapted(written, scheme)
    inside = [[preprocessor.labels[tag] for tag in preprocessor.encode_labels([row]).row(0)]
              for row in written]  # fmt: skip
    ends = {"bio": ["I-x", "B-y"], "bioes": ["E-x", "S-y"]}[scheme]
    assert inside == [["B-x", "I-x", ends[0], "O", ends[1]]] * 2
    ids = preprocessor.encode_labels(written)
    assert preprocessor.names(ids) == [list(written[0])] * 2
    answers = preprocessor.decode(tf.constant(ids.pad(np.arange(2))))["tags"].numpy()
    assert [[tag.decode() for tag in row] for row in answers] == [list(written[0])] * 2


@pytest.mark.parametrize(("scheme", "prefixes"), [("bio", "BI"), ("bioes", "BIES")])
def test_of_a_type_in_training_all_tags_are_known(scheme, prefixes):
    # Else the second word of the span below were unseen, and "x" alone would count as the entity.
    preprocessor = spans_adapted([("B-x", "B-two-parts")], scheme)
    expected = [f"{prefix}-{kind}" for prefix in prefixes for kind in ("x", "two-parts")]
    assert preprocessor.labels == sorted(["O", *expected])
    ids = preprocessor.encode_labels([("O", "B-x", "I-x", "I-x")])
    assert preprocessor.names(ids) == [["O", "B-x", "I-x", "I-x"]]
    span_constraints(preprocessor.labels)


def test_a_span_of_a_new_type_is_no_answer():
    preprocessor = spans_adapted([("B-x", "O")], "bioes")
    ids = preprocessor.encode_labels([("B-z", "O", "S-x")])
    assert preprocessor.names(ids) == [["B-(unseen)", "O", "B-x"]]


def test_types_may_be_missing():
    preprocessor = spans_adapted([("B", "I", "O")], "bioes")
    assert preprocessor.labels == ["B", "E", "I", "O", "S"]
    assert preprocessor.names(preprocessor.encode_labels([("B", "I", "I")])) == [["B", "I", "I"]]


def test_tags_that_are_no_spans_are_an_error_with_a_remedy():
    with pytest.raises(UserError, match=r"DET NOUN\. .*--data\.scheme none"):
        spans_adapted([("O",), ("DET", "NOUN")], "bio")


@pytest.mark.parametrize("settings", [{}, {"scheme": "bioes"}])
def test_a_saved_preprocessor_is_the_same(tmp_path, settings):
    tags = TAGS if not settings else [["O", "B-x", *["I-x"] * (len(row) - 2)] for row in SENTENCES]
    examples = Examples(
        {**TRAIN.features, "tokens": [*SENTENCES[:2], ("😀\u2028", '"', "b", "7", "\\")]}, tags
    )
    preprocessor = adapted(examples, **settings)
    preprocessor.save_to(tmp_path)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(preprocessor)))
    for again in (Preprocessor.load_from(tmp_path), keras.saving.deserialize_keras_object(config)):
        assert again.get_config() == preprocessor.get_config()
        assert_equal(of_tokens(again, *SENTENCES, ODD), of_tokens(preprocessor, *SENTENCES, ODD))
        assert again.names(again.encode_labels(tags)) == preprocessor.names(
            preprocessor.encode_labels(tags)
        )


def test_one_graph_serves_any_batch():
    preprocessor = adapted()
    signature = {"sentence": tf.TensorSpec([None], tf.string)}
    graph = tf.function(lambda features: preprocessor(features), input_signature=[signature])
    for texts in ([], [""], ["The dog sees.", ""], ["漢 " * 40]):
        outputs = graph({"sentence": tf.constant(texts, tf.string)})
        assert_equal({n: v.numpy() for n, v in outputs.items()}, of_text(preprocessor, *texts))


def test_very_small_training_sets_leave_everything_unknown():
    preprocessor = adapted(
        Examples({"tokens": [("a", "b")]}, [("X", "Y")]), min_count=5, affix_length=2
    )
    # Rather than no word at all, every word is known.
    assert preprocessor.vocabulary == ["a", "b"]
    outputs = of_tokens(preprocessor, ("a", "c"))
    assert outputs["word_ids"].tolist() == [[2, 1]]
    assert all(outputs[name].max() == 1 for name in FEATURES[1:])
    assert not adapted(Examples({"tokens": [()]}, [()])).labels


def test_embeddings_start_from_vectors_of_a_small_spread():
    preprocessor = adapted()
    rng = np.random.default_rng(0)
    vectors = {word: 7 * rng.normal(size=50).astype("float32") for word in ("dog", "cat", "bird")}
    preprocessor.set_word_vectors(vectors)
    table = preprocessor.initial_embeddings
    assert table.shape == (preprocessor.vocabulary_size, 50)
    row = table[2 + preprocessor.vocabulary.index("dog")]
    spread = np.std(list(vectors.values()))
    np.testing.assert_allclose(row, 0.1 * vectors["dog"] / spread, rtol=1e-5)
    assert table.std() == pytest.approx(0.1, rel=0.1)
