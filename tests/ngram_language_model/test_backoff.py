"""Back-off models: modified Kneser-Ney by hand and by its definition, and ARPA files."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seqsuite.errors import UserError
from seqsuite.ngram_language_model import BackoffLanguageModel, read_arpa, train_kneser_ney
from seqsuite.ngram_language_model.arpa import write_arpa
from seqsuite.ngram_language_model.backoff import END, START, UNKNOWN
from seqsuite.ngram_language_model.discounts import kneser_ney_discounts

TEXT = [
    "".join(np.random.default_rng(seed).choice(list("aab cd"), 2 + seed % 7)) for seed in range(40)
]
FILE = """\
Any comment.
\\data\\
ngram 1=5
ngram 2=3
ngram 3=1

\\1-grams:
-99\t<s>\t-0.5
-1.0\t</s>
-2\t<UNK>
-0.75\ta\t-0.25
-1.25 b

\\2-grams:
-0.125\t<s> a\t-0.0625
-0.5\ta b
-0.25\tb </s>

\\3-grams:
-0.03125\t<s> a b

\\end\\
"""


def probability(model, context, token):
    """What the model says after some tokens from the start of a sentence."""
    state = model.initial_state
    for before in context:
        _, state = model.score(state, before)
    return math.exp(model.score(state, token)[0])


def test_two_sentences_by_hand():
    # "a" follows <s> alone, "b" follows "a" alone, the end two tokens. Counts 1, 1, 2, and with one
    # added to each of n1 ... n4: Y = 3/7, D1 = 3/7, D2 = 19/14; 31/56 goes to four equal shares.
    # Bigrams 2, 1, 1, 1: Y = 1/2, D1 = 1/2, D2 = 5/4.
    model = train_kneser_ney([["a", "b"], ["a"]], order=2)
    single = {"a": 63 / 224, "b": 63 / 224, END: 67 / 224, UNKNOWN: 31 / 224}
    assert set(model.vocabulary) == set(single)
    for token, expected in single.items():
        assert math.exp(model.score((), token)[0]) == pytest.approx(expected)
    assert probability(model, "a", "b") == pytest.approx(0.5 / 2 + 1 / 2 * single["b"])
    assert probability(model, "a", "a") == pytest.approx(1 / 2 * single["a"])
    assert probability(model, "b", END) == pytest.approx(0.5 / 1 + 1 / 2 * single[END])
    assert probability(model, "", "a") == pytest.approx(0.75 / 2 + 1.25 / 2 * single["a"])
    assert probability(model, "z", "q") == pytest.approx(single[UNKNOWN])
    ab = [probability(model, *step) for step in [("", "a"), ("a", "b"), ("b", END)]]
    assert model.sentence_log_probability("ab") == pytest.approx(np.log(ab).sum())
    expected = math.exp(-(np.log(ab).sum() + model.sentence_log_probability("")) / 4)
    assert model.perplexity(["ab", ""]) == pytest.approx(expected)


def by_definition(token, context, order, vocabulary):
    """Chen and Goodman's recursion, from the text itself."""
    lines = [(START, *line, END) for line in TEXT]

    def count(gram):
        n = len(gram)
        places = [
            (line[i - 1] if i else None) for line in lines for i in range(len(line) - n + 1)
            if line[i : i + n] == gram
        ]  # fmt: skip
        return len(places) if n == order or gram[0] == START else len(set(places))

    n = len(context) + 1
    grams = {line[i : i + n] for line in lines for i in range(len(line) - n + 1)} - {(START,)}
    taken = kneser_ney_discounts(np.array([count(gram) for gram in grams]))
    after = {gram: count(gram) for gram in grams if gram[:-1] == context}
    shorter = (
        by_definition(token, context[1:], order, vocabulary) if context else 1 / len(vocabulary)
    )
    if not after:
        return shorter
    own = after.get((*context, token), 0)
    shared = sum(taken[min(value, 3)] for value in after.values())
    return (own - taken[min(own, 3)] + shared * shorter) / sum(after.values())


@pytest.mark.parametrize("order", [1, 2, 3])
def test_training_follows_the_definition_and_sums_to_1(order):
    model = train_kneser_ney(TEXT, order, vocabulary=["e"])
    vocabulary = [*"abcde ", END, UNKNOWN]
    assert sorted(model.vocabulary) == sorted(vocabulary)
    for text in ["", "a", "ab", "dd", "ec", "a?"]:
        found = {token: probability(model, text, token) for token in vocabulary}
        assert sum(found.values()) == pytest.approx(1, abs=1e-12)
        known = tuple(token if token in vocabulary else UNKNOWN for token in text)
        context = (START, *known)[max(0, len(text) + 2 - order) :]
        for token in "abe":
            expected = by_definition(token, context, order, vocabulary)
            assert found[token] == pytest.approx(expected, rel=1e-9)


def test_longer_contexts_predict_a_regular_text_better():
    lines = ["abcabcabc"] * 3 + ["bcabca", "cabcab"]
    perplexities = [train_kneser_ney(lines, order).perplexity(lines) for order in (1, 2, 3)]
    assert perplexities == sorted(perplexities, reverse=True)
    assert perplexities[-1] < 2


def test_an_arpa_file_says_what_its_lines_say(tmp_path):
    path = tmp_path / "model.arpa"
    path.write_text(FILE, encoding="utf-8")
    model = read_arpa(path)
    assert model.order == 3

    def by_ten(state, token):
        log_probability, state = model.score(state, token)
        return pytest.approx(log_probability / math.log(10)), state

    start = model.initial_state
    assert start == (START,)
    assert by_ten(start, "a") == (-0.125, (START, "a"))
    assert by_ten((START, "a"), "b") == (-0.03125, ("b",))
    assert by_ten((START, "a"), "a") == (-0.0625 - 0.25 - 0.75, ("a",))
    assert by_ten(("a",), "b") == (-0.5, ("b",))
    assert by_ten(("b",), END) == (-0.25, ())
    assert by_ten(("b",), "b") == (-1.25, ("b",))  # its back-off weight is left out
    assert by_ten(("a",), "q") == (-0.25 - 2, ())


@pytest.mark.parametrize("name", ["model.arpa", "model.arpa.gz"])
def test_writing_and_reading_give_the_same_model(tmp_path, name):
    lines = [line.replace(" ", "|") for line in TEXT]
    model = train_kneser_ney(lines, 3)
    write_arpa(model, tmp_path / name)
    again = read_arpa(tmp_path / name)
    assert again.log_probabilities == pytest.approx(model.log_probabilities, rel=1e-8)
    assert again.backoffs == pytest.approx(model.backoffs, rel=1e-8)
    assert again.perplexity(lines) == pytest.approx(model.perplexity(lines))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\\end\\", "", "no .end."),
        ("ngram 2=3", "ngram 2=4", "promises"),
        ("-0.5\ta b", "-0.5\ta b c d", "line 16 .*'-0.5.ta b c d'"),
        ("-0.5\ta b", "0.5\ta b", "line 16"),
        ("-0.5\ta b", "nan\ta b", "line 16"),
        ("\\data\\", "", "promises nothing"),
    ],
)
def test_a_broken_file_is_named(tmp_path, old, new, message):
    path = tmp_path / "broken.arpa"
    path.write_text(FILE.replace(old, new), encoding="utf-8")
    with pytest.raises(UserError, match=message) as caught:
        read_arpa(path)
    assert "broken.arpa" in str(caught.value)


def test_what_is_not_there_or_not_packed_is_named(tmp_path):
    (tmp_path / "plain.gz").write_text(FILE, encoding="utf-8")
    for name in ("none.arpa", "plain.gz"):
        with pytest.raises(UserError, match=name):
            read_arpa(tmp_path / name)


def test_bad_arguments_are_refused(tmp_path):
    with pytest.raises(ValueError, match="order=0"):
        train_kneser_ney(["a"], 0)
    with pytest.raises(ValueError, match="no sentences"):
        train_kneser_ney([])
    with pytest.raises(ValueError, match="'<s>'"):
        train_kneser_ney([["a", START]])
    with pytest.raises(ValueError, match="token=' '"):
        write_arpa(train_kneser_ney(["a b"]), tmp_path / "model.arpa")
    with pytest.raises(ValueError, match="not be empty"):
        BackoffLanguageModel({}, {})
    with pytest.raises(ValueError, match="no sentences"):
        train_kneser_ney(["a"]).perplexity([])
