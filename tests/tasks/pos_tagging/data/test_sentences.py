"""Sentences that are there for other tags than the task's."""

from seqsuite.data.examples import Examples
from seqsuite.tasks.pos_tagging.data.sentences import NO_TAG, tagged, with_auxiliary
from seqsuite.tasks.pos_tagging.preprocessor import WordPreprocessor

ENTITIES = Examples({"tokens": [("in", "Rome"), ("hi",)]}, [("O", "B-place"), ("O",)])
SPEECH = Examples(
    {"tokens": [("go", "home")], "xpos": [("VB", "NN")], "feats": [("_", "_")]},
    [("VERB", "NOUN")],
)


def test_their_tags_are_a_column_that_the_others_lack():
    both = with_auxiliary(ENTITIES, SPEECH, "ud", ["xpos"])
    assert both.features["tokens"] == [("in", "Rome"), ("hi",), ("go", "home")]
    nothing = (NO_TAG, NO_TAG)
    assert both.features["ud"] == [nothing, (NO_TAG,), ("VERB", "NOUN")]
    assert both.features["ud_xpos"] == [nothing, (NO_TAG,), ("VB", "NN")]
    assert "ud_feats" not in both.features
    assert both.labels == [("O", "B-place"), ("O",), nothing]


def test_only_what_has_tags_is_left_for_those_who_learn_nothing_else():
    assert tagged(with_auxiliary(ENTITIES, SPEECH, "ud")).labels == ENTITIES.labels


def test_what_has_no_tag_is_padding_to_the_losses():
    both = with_auxiliary(ENTITIES, SPEECH, "ud")
    preprocessor = WordPreprocessor(min_count=1, scheme="bioes")
    preprocessor.adapt(both)
    assert NO_TAG not in preprocessor.labels
    assert preprocessor.auxiliary_labels == {"ud": ["NOUN", "VERB"]}
    targets = preprocessor.encode_targets(both)
    rows = [row.tolist() for row in targets["logits"].rows()]
    labels = preprocessor.labels
    assert [[labels[tag] for tag in row] for row in rows[:2]] == [["O", "S-place"], ["O"]]
    assert rows[2] == [-1, -1]
    assert [row.tolist() for row in targets["ud"].rows()] == [[-1, -1], [-1], [1, 0]]


def test_rare_words_are_hidden_more_often_and_none_less_than_the_base_rate():
    preprocessor = WordPreprocessor(min_count=1)
    preprocessor.adapt(Examples({"tokens": [("a",) * 9 + ("b",)]}, [("X",) * 10]))
    assert preprocessor.vocabulary == ["a", "b"]
    assert preprocessor.dropout_rates(0.1, 0.25) == [0.0, 0.0, 0.1, 0.25 / 1.25]
    assert preprocessor.dropout_rates(0.0, 0.0) == [0.0] * 4
