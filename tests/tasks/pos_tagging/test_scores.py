"""Scores of tags: counted by hand, and entities against sets of spans."""

from __future__ import annotations

import numpy as np
import pytest

from seqsuite.tasks.pos_tagging.scores import calibration_error, tag_scores
from seqsuite.text.spans import spans, to_bio

TRUTH = [["DET", "NOUN", "VERB"], ["NOUN"]]
ANSWERS = [["DET", "NOUN", "NOUN"], ["NOUN"]]


def random_tags(rng, sentences=30):
    kinds = ["x", "y", "two-parts"]
    labels = ["O", "O", *(f"{prefix}-{kind}" for prefix in "BI" for kind in kinds)]
    return [[str(tag) for tag in rng.choice(labels, rng.integers(0, 9))] for _ in range(sentences)]


def noisy(rng, rows):
    """The same tags with some replaced, whatever the scheme says of it."""
    labels = ["O", "B-x", "I-x", "B-y", "I-two-parts", "B-z"]
    return [[tag if rng.random() < 0.7 else str(rng.choice(labels)) for tag in row] for row in rows]


def span_set(rows, kind=None):
    return {
        (index, *span)
        for index, row in enumerate(rows)
        for span in spans(to_bio(row))
        if kind in (None, span[0])
    }


def ratios(found, true):
    """Precision, recall and F1 of sets; 0 where they are not defined."""
    both = len(found & true)
    precision, recall = both / max(1, len(found)), both / max(1, len(true))
    return precision, recall, 2 * both / max(1, len(found) + len(true))


def test_tokens_and_sentences_are_counted():
    scores = tag_scores(ANSWERS, TRUTH)
    assert scores["accuracy"] == 0.75
    assert scores["sentence_accuracy"] == 0.5
    # Of four resamples of two sentences one has only the first (2 of 3 right), one the second.
    assert (scores["accuracy_low"], scores["accuracy_high"]) == (2 / 3, 1.0)


@pytest.mark.parametrize("name", ["accuracy", "entity_f1"])
def test_intervals_are_those_of_resampled_sentences(name):
    rng = np.random.default_rng(3)
    truth = [*random_tags(rng), ["O"]]
    answers = noisy(rng, truth)
    scores = tag_scores(answers, truth, entities=True)
    drawn = []
    for indices in rng.integers(len(truth), size=(2000, len(truth))):
        found, true = [answers[i] for i in indices], [truth[i] for i in indices]
        if name == "entity_f1":
            drawn.append(ratios(span_set(found), span_set(true))[2])
        else:
            right = [
                a == b for pair in zip(found, true, strict=True) for a, b in zip(*pair, strict=True)
            ]
            drawn.append(np.mean(right))
    expected = np.quantile(drawn, [0.025, 0.975])
    ends = [scores[f"{name}_low"], scores[f"{name}_high"]]
    np.testing.assert_allclose(ends, expected, atol=0.015)
    assert ends[0] < scores[name] < ends[1]


def test_words_that_are_right_together_are_fewer_than_they_seem():
    # Whole sentences are right or wrong: 100 words of 10 sentences are but 10 answers.
    truth = [["X"] * 10] * 10
    answers = [["X"] * 10] * 5 + [["Y"] * 10] * 5
    scores = tag_scores(answers, truth)
    together = scores["accuracy_high"] - scores["accuracy_low"]
    apart = tag_scores([row[:5] + truth[0][5:] for row in answers], truth)
    assert together == pytest.approx(0.6)  # of 10 fair coins 95 % fall on 2 to 8
    assert apart["accuracy_high"] - apart["accuracy_low"] == pytest.approx(0.3)


def test_calibration_is_judged_on_answers():
    confidence = np.array([1.0, 1.0, 0.5])
    assert calibration_error(confidence, [["X"], ["Y", "Y"]], [["X"], ["X", "Y"]]) == pytest.approx(
        # One bin of two sure answers, one of them wrong; one of an answer half sure and right.
        (2 * 0.5 + 0.5) / 3
    )


def test_tags_are_scored_one_by_one_and_count_alike():
    scores = tag_scores(ANSWERS, TRUTH)
    assert [scores[f"{key}/NOUN"] for key in ("precision", "recall")] == pytest.approx([2 / 3, 1])
    assert scores["f1/NOUN"] == pytest.approx(0.8)
    assert [scores[f"{key}/VERB"] for key in ("precision", "recall", "f1")] == [0, 0, 0]
    assert scores["precision"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert scores["recall"] == pytest.approx((1 + 1 + 0) / 3)
    assert scores["f1"] == pytest.approx((1 + 0.8 + 0) / 3)


def test_a_tag_that_is_never_true_has_no_line_but_costs_recall():
    scores = tag_scores([["ADV", "NOUN"]], [["NOUN", "NOUN"]])
    assert "f1/ADV" not in scores
    assert scores["recall/NOUN"] == scores["accuracy"] == 0.5


def test_known_and_unknown_words_are_told_apart():
    known = [np.array([1, 0, 1]), np.array([0])]
    scores = tag_scores(ANSWERS, TRUTH, known)
    assert (scores["accuracy_known"], scores["accuracy_unknown"]) == (0.5, 1.0)


@pytest.mark.parametrize("value", [0, 1])
def test_without_both_kinds_of_words_neither_is_scored(value):
    scores = tag_scores(ANSWERS, TRUTH, [np.full(len(row), value) for row in TRUTH])
    assert not {"accuracy_known", "accuracy_unknown"} & set(scores)
    assert scores == tag_scores(ANSWERS, TRUTH)


@pytest.mark.parametrize("seed", range(10))
def test_entities_are_scored_as_sets_of_spans(seed):
    rng = np.random.default_rng(seed)
    truth = [*random_tags(rng), ["O"]]
    answers = noisy(rng, truth)
    scores = tag_scores(answers, truth, entities=True)
    names = ("entity_precision", "entity_recall", "entity_f1")
    expected = ratios(span_set(answers), span_set(truth))
    assert [scores[name] for name in names] == pytest.approx(expected)
    kinds = {kind for _, kind, *_ in span_set(answers) | span_set(truth)}
    assert {name.partition("/")[2] for name in scores if "/" in name} == kinds
    for kind in kinds:
        expected = ratios(span_set(answers, kind), span_set(truth, kind))
        got = [scores[f"{name}/{kind}"] for name in ("precision", "recall", "f1")]
        assert got == pytest.approx(expected), kind


def test_an_entity_counts_whole_or_not_at_all():
    truth = [["B-x", "I-x", "O", "B-y"]]
    assert tag_scores([["B-x", "O", "O", "B-y"]], truth, entities=True)["entity_f1"] == 0.5
    assert tag_scores([["B-y", "I-y", "O", "B-y"]], truth, entities=True)["entity_f1"] == 0.5
    assert tag_scores([["B-x", "B-x", "O", "B-y"]], truth, entities=True)["entity_f1"] == 0.4
    # A sequence that is no legal BIO is read as its nearest one.
    assert tag_scores([["I-x", "I-x", "O", "I-y"]], truth, entities=True)["entity_f1"] == 1.0


def test_an_entity_of_a_type_that_training_never_saw_is_missed():
    scores = tag_scores([["O", "B-x"]], [["B-(unseen)", "B-x"]], entities=True)
    assert (scores["entity_precision"], scores["entity_recall"]) == (1.0, 0.5)
    assert scores["f1/(unseen)"] == 0.0


def test_without_entities_their_scores_are_0():
    scores = tag_scores([["O", "O"]], [["O", "O"]], entities=True)
    assert (scores["entity_f1"], scores["accuracy"]) == (0.0, 1.0)
    assert not [name for name in scores if "/" in name]


def test_the_score_that_decides_comes_first():
    assert next(iter(tag_scores(ANSWERS, TRUTH))) == "accuracy"
    for tags in ([["B-x"]], [["O"]]):
        assert next(iter(tag_scores(tags, tags, entities=True))) == "entity_f1"


def test_the_order_of_sentences_changes_nothing():
    rng = np.random.default_rng(1)
    truth = [["O", "B-x"], *random_tags(rng)]
    answers = noisy(rng, truth)
    known = [rng.random(len(row)) < 0.5 for row in truth]
    scores = tag_scores(answers, truth, known, entities=True)
    again = tag_scores(answers[::-1], truth[::-1], known[::-1], entities=True)
    assert again == pytest.approx(scores)


def test_sentences_without_words_are_right():
    assert tag_scores([[], ["X"]], [[], ["Y"]])["sentence_accuracy"] == 0.5
    assert tag_scores([[], ["B-x"]], [[], ["B-x"]], entities=True)["entity_f1"] == 1.0


@pytest.mark.parametrize("pair", [([["X"]], [["X", "X"]]), ([["X"]], []), ([[]], [[]]), ([], [])])
def test_answers_must_fit_and_there_must_be_one(pair):
    with pytest.raises(ValueError, match="at least one token"):
        tag_scores(*pair)


def test_types_may_be_missing():
    scores = tag_scores([["B", "I", "O"]], [["B", "I", "B"]], entities=True)
    assert (scores["precision/_"], scores["recall/_"]) == (1.0, 0.5)
