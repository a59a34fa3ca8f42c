import numpy as np
import pytest
import tensorflow as tf

from seqsuite.data.examples import Examples
from seqsuite.tasks.sentiment.preprocessor import UNKNOWN_ID, TextPreprocessor

TRAIN = Examples(
    {"text": ["good good film", "bad film", "good plot", "rare"]}, ["yes", "no", "yes", "no"]
)


def adapted(**settings):
    preprocessor = TextPreprocessor(**{"min_count": 1, **settings})
    preprocessor.adapt(TRAIN)
    return preprocessor


def call(preprocessor, *texts):
    outputs = preprocessor({"text": tf.constant(list(texts))})
    return outputs["token_ids"].numpy(), outputs["length"].numpy()


def test_ids_are_by_falling_frequency_and_ties_do_not_depend_on_order():
    assert adapted().vocabulary == ["good", "film", "bad", "plot", "rare"]
    backwards = TRAIN.select([3, 2, 1, 0])
    other = TextPreprocessor(min_count=1)
    other.adapt(backwards)
    assert other.vocabulary == adapted().vocabulary


def test_rare_and_surplus_words_become_unknown():
    assert adapted(min_count=2).vocabulary == ["good", "film"]
    assert adapted(max_vocabulary=3).vocabulary == ["good"]
    ids, lengths = call(adapted(max_vocabulary=3), "good film")
    assert ids.tolist() == [[2, UNKNOWN_ID]]
    assert lengths.tolist() == [2]


def test_texts_are_right_padded_and_empty_texts_have_length_0():
    ids, lengths = call(adapted(), "good", "", "bad film good")
    assert ids.tolist() == [[2, 0, 0], [0, 0, 0], [4, 3, 2]]
    assert lengths.tolist() == [1, 0, 3]
    ids, lengths = call(adapted(), "", " ")
    assert ids.tolist() == [[0], [0]]
    assert lengths.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("head_fraction", "expected"), [(0.25, [0, 7, 8, 9]), (1.0, [0, 1, 2, 3]), (0.0, [6, 7, 8, 9])]
)
def test_a_long_text_keeps_its_head_and_tail(head_fraction, expected):
    words = [f"w{i}" for i in range(10)]
    preprocessor = TextPreprocessor(min_count=1, max_length=4, head_fraction=head_fraction)
    preprocessor.adapt(Examples({"text": [" ".join(words), "other"]}, ["a", "b"]))
    ids, lengths = call(preprocessor, " ".join(words), "w1 w2")
    by_id = {index + 2: word for index, word in enumerate(preprocessor.vocabulary)}
    assert [by_id[i] for i in ids[0]] == [words[i] for i in expected]
    assert [by_id[i] for i in ids[1][:2]] == ["w1", "w2"]
    assert lengths.tolist() == [4, 2]


def test_a_very_long_text_is_cut():
    _, lengths = call(adapted(max_length=50), "good bad " * 50_000)
    assert lengths.tolist() == [50]


def test_labels_are_encoded_and_decoded():
    preprocessor = adapted()
    assert preprocessor.labels == ["no", "yes"]
    assert preprocessor.encode_labels(["yes", "no"]).tolist() == [1, 0]
    decoded = preprocessor.decode(tf.constant([[0.2, 0.8], [0.9, 0.1]]))
    assert decoded["label"].numpy().tolist() == [b"yes", b"no"]
    np.testing.assert_allclose(decoded["probability"], [0.8, 0.9])


def test_ratings_are_ordered_as_numbers():
    preprocessor = TextPreprocessor(min_count=1)
    preprocessor.adapt(Examples({"text": ["a", "b", "c"]}, ["10", "9", "1.5"]))
    assert preprocessor.labels == ["1.5", "9", "10"]


def test_sets_of_labels():
    preprocessor = TextPreprocessor(min_count=1, multi_label=True)
    preprocessor.adapt(Examples({"text": ["a", "b", "c"]}, [("x", "y"), (), ("y",)]))
    assert preprocessor.encode_labels([("y", "x"), ()]).tolist() == [[1, 1], [0, 0]]
    decoded = preprocessor.decode(tf.constant([[0.6, 0.9], [0.1, 0.2]]))
    assert decoded["label"].numpy().tolist() == [b"x,y", b""]


def test_balanced_weights_average_to_one_over_examples():
    texts = Examples({"text": ["a"] * 10}, ["rare"] * 2 + ["often"] * 8)
    preprocessor = TextPreprocessor(min_count=1)
    preprocessor.adapt(texts)
    weights = np.array(preprocessor.label_weights)
    assert preprocessor.labels == ["often", "rare"]
    np.testing.assert_allclose(weights, [10 / 8 / 2, 10 / 2 / 2])
    assert np.average(weights, weights=[8, 2]) == pytest.approx(1)


def test_training_examples_see_out_of_fold_scores():
    generator = np.random.default_rng(0)
    texts = [" ".join(f"w{i}" for i in generator.integers(0, 500, 6)) for _ in range(60)]
    labels = [["a", "b"][i] for i in generator.integers(0, 2, 60)]
    preprocessor = TextPreprocessor(min_count=1, ngram_buckets=4096)
    examples = Examples({"text": texts}, labels)
    preprocessor.adapt(examples)
    targets = preprocessor.encode_labels(labels)
    memorised = preprocessor.encode(examples).features["ngram_scores"]
    honest = preprocessor.encode(examples, training=True).features["ngram_scores"]
    # The labels are noise: what was fitted on these texts knows them, the folds must not.
    assert (memorised.argmax(1) == targets).mean() > 0.95
    assert (honest.argmax(1) == targets).mean() < 0.75


def test_training_texts_that_are_cut_are_counted(capsys):
    layer = TextPreprocessor(max_length=3)
    layer.adapt(Examples({"text": ["a b c", "a b c d", "a " * 9]}, ["x", "y", "x"]))
    note = capsys.readouterr().err
    assert "2 of 3 training texts have more than data.max_length 3 tokens" in note
    layer.adapt(Examples({"text": ["a b c", "a"]}, ["x", "y"]))
    assert capsys.readouterr().err == ""
