"""Scores of translations equal sacreBLEU's, by the stated protocols, with honest intervals."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import sacrebleu

from seqsuite.tasks.translation.scores import (
    _bleu_statistics,
    _resampled,
    bleu_tokenizer,
    corpus_bleu,
    moses_tokens,
    paired_bootstrap,
    references_of,
    signatures,
    translation_scores,
)

WORDS = ["the", "a", "cat", "dog", "sat", "ran", "on", "in", "big", "red", "mat", ",", "and", "it"]


def sentences(count, seed, noise=0.0):
    """Made-up sentences; with noise, some words are others."""
    generator, other = np.random.default_rng(0), np.random.default_rng(seed)
    texts = []
    for _ in range(count):
        row = generator.choice(WORDS, generator.integers(4, 12))
        row = [other.choice(WORDS) if other.random() < noise else word for word in row]
        texts.append(" ".join(row).capitalize().replace(" ,", ",") + ".")
    return texts


REFERENCES = sentences(60, 0)
GOOD, BAD = sentences(60, 1, 0.2), sentences(60, 2, 0.5)


def bleu_of_tokens(predicted, references):
    """BLEU without smoothing of tokens joined by spaces, from its definition."""
    matches, totals, lengths = Counter(), Counter(), [0, 0]
    for left, right in zip(predicted, references, strict=True):
        left, right = left.split(), right.split()
        lengths = [lengths[0] + len(left), lengths[1] + len(right)]
        for n in range(1, 5):
            grams = [
                Counter(zip(*(row[i:] for i in range(n)), strict=False)) for row in (left, right)
            ]
            matches[n] += sum((grams[0] & grams[1]).values())
            totals[n] += sum(grams[0].values())
    if not all(matches[n] for n in range(1, 5)):
        return 0.0
    precision = sum(math.log(matches[n] / totals[n]) for n in range(1, 5)) / 4
    return 100 * math.exp(precision + min(0.0, 1 - lengths[1] / lengths[0]))


def test_a_hand_worked_case():
    # 13a: "Ein" differs; 3 of 4 words, 2 of 3 pairs, 1 of 2 triples match, and no quadruple does:
    # half a match is counted for it.
    expected = 100 * (3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** 0.25
    scores = translation_scores(["Ein Hund läuft."], ["ein Hund läuft."], "de")
    assert scores["bleu"] == pytest.approx(expected)
    assert scores["bleu_lowercased"] == pytest.approx(100)
    assert scores["bleu_low"] == scores["bleu_high"] == pytest.approx(expected)


@pytest.mark.parametrize("predicted", [GOOD, BAD, REFERENCES])
def test_scores_are_those_of_sacrebleu(predicted):
    scores = translation_scores(predicted, REFERENCES, "en", resamples=50)
    assert list(scores) == ["bleu", "bleu_low", "bleu_high", "bleu_lowercased", "chrf"]
    assert scores["bleu"] == pytest.approx(sacrebleu.corpus_bleu(predicted, [REFERENCES]).score)
    assert scores["chrf"] == pytest.approx(sacrebleu.corpus_chrf(predicted, [REFERENCES]).score)
    assert scores["bleu_low"] <= scores["bleu"] <= scores["bleu_high"]


def test_lowercased_bleu_is_unsmoothed_bleu_of_moses_tokens():
    tokens = [[moses_tokens(text, "en") for text in texts] for texts in (BAD, REFERENCES)]
    found = translation_scores(BAD, REFERENCES, "en", resamples=2)["bleu_lowercased"]
    assert found == pytest.approx(bleu_of_tokens(*tokens))
    # multi-bleu.perl gives 0 where no quadruple matches.
    assert translation_scores(["a b c d"], ["a b c e"], resamples=2)["bleu_lowercased"] == 0


# What Moses' three scripts make of lines, by their rules; the last three are oddities of them.
MOSES = [
    ("en", "The man's dog, 3,500 cats.", "the man &apos;s dog , 3,500 cats ."),
    ("en", "A T-shirt & a [hat] | 50 %", "a t-shirt &amp; a &#91; hat &#93; &#124; 50 %"),
    ("fr", "L'homme qu'il a vu…", "l&apos; homme qu&apos; il a vu ..."),
    ("de", "Ein Mann (30) läuft \u2013 usw.", "ein mann ( 30 ) läuft - usw."),
    ("de", "Ein Schild: „Bitte warten.“", "ein schild : &quot; bitte warten &quot; ."),
    ("fr", "Un coup d\u2019œil", "un coup d &quot; œil"),
    ("en", 'He said "go".', "he said &quot; go . &quot;"),
]


@pytest.mark.parametrize(("language", "text", "expected"), MOSES)
def test_tokens_are_those_of_the_scripts(language, text, expected):
    assert moses_tokens(text, language) == expected


def test_capitals_and_punctuation_count_in_one_score_and_not_in_the_other():
    predicted = [text.upper().replace(".", " .") for text in REFERENCES]
    scores = translation_scores(predicted, REFERENCES, "en", resamples=2)
    assert scores["bleu"] < 10
    assert scores["bleu_lowercased"] == pytest.approx(100)


def test_several_references_of_some_sentences():
    several = [(text, other) if i % 3 else text for i, (text, other) in enumerate(
        zip(REFERENCES, BAD, strict=True)
    )]  # fmt: skip
    streams = [REFERENCES, [BAD[i] if i % 3 else None for i in range(len(BAD))]]
    scores = translation_scores(GOOD, several, "en", resamples=2)
    assert scores["bleu"] == pytest.approx(sacrebleu.corpus_bleu(GOOD, streams).score)
    assert scores["chrf"] == pytest.approx(sacrebleu.corpus_chrf(GOOD, streams).score)
    assert signatures(several)["bleu"].startswith("nrefs:var|")
    assert translation_scores(BAD, [(a, b) for a, b in zip(REFERENCES, BAD, strict=True)])[
        "bleu"
    ] == pytest.approx(100)


def test_a_label_is_one_reference_or_several():
    assert references_of("a b") == ("a b",)
    assert references_of(["a", "b"]) == ("a", "b")


def test_signatures_name_the_protocol():
    found = signatures(REFERENCES, "de")
    version = rf"version:{re.escape(sacrebleu.__version__)}"
    patterns = {
        "bleu": rf"nrefs:1\|case:mixed\|eff:no\|tok:13a\|smooth:exp\|{version}",
        "bleu_lowercased": r"nrefs:1\|case:lc\|eff:no\|tok:moses-de-sacremoses-[\d.]+\|smooth:none"
        rf"\|{version}",
        "chrf": rf"nrefs:1\|case:mixed\|eff:yes\|nc:6\|nw:0\|space:no\|{version}",
    }
    assert set(found) == set(patterns)
    for name, pattern in patterns.items():
        assert re.fullmatch(pattern, found[name]), found[name]


def test_resampled_scores_are_those_of_the_resampled_sentences():
    statistics = _bleu_statistics(GOOD, [(text,) for text in REFERENCES])
    generator = np.random.default_rng(7)
    for score in _resampled(statistics, seed=7, resamples=5):
        drawn = generator.integers(0, len(GOOD), len(GOOD))
        texts = [[texts[i] for i in drawn] for texts in (GOOD, REFERENCES)]
        assert score == pytest.approx(sacrebleu.corpus_bleu(texts[0], [texts[1]]).score)


def test_intervals_follow_the_seed_and_shrink_with_more_sentences():
    def interval(copies, **more):
        scores = translation_scores(GOOD * copies, REFERENCES * copies, resamples=300, **more)
        return scores["bleu_low"], scores["bleu_high"]

    assert interval(1) == interval(1)
    assert interval(1) != interval(1, seed=1)
    wide, narrow = interval(1), interval(16)
    # Sixteen times the sentences: a quarter of the width.
    assert 0.15 < (narrow[1] - narrow[0]) / (wide[1] - wide[0]) < 0.4


def test_two_systems_are_compared_on_the_same_resamples():
    found = paired_bootstrap(BAD, GOOD, REFERENCES, resamples=300)
    single = [sacrebleu.corpus_bleu(texts, [REFERENCES]).score for texts in (BAD, GOOD)]
    assert found["difference"] == pytest.approx(single[1] - single[0])
    assert 0 < found["difference_low"] <= found["difference"] <= found["difference_high"]
    assert found["second_better"] == 1
    same = paired_bootstrap(GOOD, GOOD, REFERENCES, resamples=20)
    assert set(same.values()) == {0.0}


def test_empty_translations_score_zero(recwarn):
    for predicted in ([""] * 3, ["", "?", " "]):
        scores = translation_scores(predicted, ["A dog.", "A cat.", ""], "de", resamples=20)
        assert all(value <= 20 for value in scores.values())
        assert all(map(math.isfinite, scores.values()))
    assert not recwarn.list


@pytest.mark.parametrize(
    ("predicted", "references"),
    [([], []), (["a"], []), (["a"], ["a", "b"]), (["a"], [()])],
)
def test_what_cannot_be_scored_is_refused(predicted, references):
    with pytest.raises(ValueError, match=r"must hold the same sentences, at least one"):
        translation_scores(predicted, references)


def test_importing_it_is_light():
    code = (
        "import sys, seqsuite.tasks.translation.scores;"
        "print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.full(default=("zh]",))
@pytest.mark.parametrize("language", ["zh", "zh-TW", "ja", "ko", "th"])
def test_languages_without_spaces_are_cut_by_their_own_rules(language):
    texts = ["这部电影很好看但是太长了", "我不知道他什么时候回来"]
    scores = translation_scores(texts, texts, language, resamples=2)
    assert scores["bleu"] == pytest.approx(100)
    # One character of eleven is wrong.
    close = corpus_bleu(["这部电影很好看但是太短了", texts[1]], texts, language)
    assert 70 < close < 100
    assert f"tok:{bleu_tokenizer(language)}" in signatures(texts, language)["bleu"]
