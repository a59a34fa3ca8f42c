"""The built-in translations: right French by stated rules, one translation each, and splits."""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter, defaultdict
from types import SimpleNamespace

import numpy as np
import pytest

from seqsuite.data.discovery import load_examples
from seqsuite.errors import UserError
from seqsuite.tasks.translation.data.sample import grammar
from seqsuite.tasks.translation.data.sample.english import english
from seqsuite.tasks.translation.data.sample.french import french
from seqsuite.tasks.translation.data.sample.trees import (
    Clause,
    Description,
    Phrase,
    Pronoun,
    Sentence,
)
from seqsuite.tasks.translation.data.sample.words import ADJECTIVES, NOUNS, VERBS
from tests.data.sections import digests_of

SPLITS = {"train": 8000, "validation": 500, "test": 1000}


@pytest.fixture(scope="module")
def splits():
    return {
        split: load_examples("sample", split, None, "seqsuite.tasks.translation")
        for split in SPLITS
    }


def words(text):
    return re.findall(r"\w+'?|[^\w\s]", text.lower())


def noun(name, plural=False, determiner="the", *adjectives, **more):
    kind = next(noun for noun in NOUNS if noun.singular == name)
    return Phrase(kind, plural, determiner, tuple(map(quality, adjectives)), **more)


def quality(name):
    return next(adjective for adjective in ADJECTIVES if adjective.english == name)


def verb(base, preposition=""):
    return next(v for v in VERBS if (v.base, v.preposition) == (base, preposition))


HE, SHE, WE, YOU, THEY = (Pronoun(name) for name in ("he", "she", "we", "you", "they"))
SPEAKER = Pronoun("I")
SELL = Clause(HE, verb("sell"), negation="not", target=noun("horse", False, "a"))
WRITTEN = noun("letter", True, relative=Clause(SHE, verb("write"), "past"))
DOG = noun("dog", False, "the", "old", owner=noun("teacher"))
OLDER = noun("hotel", False, "the", "new")
# Trees with what a person would write for them.
TRANSLATIONS = [
    (Sentence(SELL), "He does not sell a horse.", "Il ne vend pas de cheval."),
    (
        Sentence(Clause(HE, verb("buy"), "past", "never", target=noun("apple", True, "a", "red"))),
        "He never bought red apples.",
        "Il n'a jamais acheté de pommes rouges.",
    ),
    (
        Sentence(Description(WRITTEN, quality("old"))),
        "The letters that she wrote are old.",
        "Les lettres qu'elle a écrites sont vieilles.",
    ),
    (
        Sentence(Clause(noun("man", relative=Clause(None, verb("laugh"))), verb("leave"), "past")),
        "The man who laughs left.",
        "L'homme qui rit est parti.",
    ),
    (
        Sentence(Clause(SPEAKER, verb("love"), "past", target="her")),
        "I loved her.",
        "Je l'ai aimée.",
    ),
    (
        Sentence(Clause(SPEAKER, verb("answer"), "future", "not", target="them"), opening=True),
        "Tomorrow, I am not going to answer them.",
        "Demain, je ne vais pas leur répondre.",
    ),
    (
        Sentence(Clause(DOG, verb("sleep"))),
        "The teacher's old dog sleeps.",
        "Le vieux chien du professeur dort.",
    ),
    (
        Sentence(
            Clause(noun("friend", False, "my", "old"), verb("see"), "past", target=noun("tree"))
        ),
        "My old friend saw the tree.",
        "Mon vieil ami a vu l'arbre.",
    ),
    (
        Sentence(
            Clause(WE, verb("talk", "about"), target=noun("story", owner=noun("sister", 0, "his")))
        ),
        "We talk about his sister's story.",
        "Nous parlons de l'histoire de sa sœur.",
    ),
    (
        Sentence(Clause(SHE, verb("take"), target=noun("orange", False, "his"))),
        "She takes his orange.",
        "Elle prend son orange.",
    ),
    (
        Sentence(Description(noun("woman", False, "this"), "hungry", negation="not")),
        "This woman is not hungry.",
        "Cette femme n'a pas faim.",
    ),
    (
        Sentence(
            Description(noun("house", 0, "the", "old"), quality("good"), "past", other=OLDER), True
        ),
        "Was the old house better than the new hotel?",
        "Est-ce que la vieille maison était meilleure que le nouvel hôtel ?",
    ),
    (
        Sentence(Clause(WE, verb("need"), negation="never", target=noun("apple", True, "a"))),
        "We never need apples.",
        "Nous n'avons jamais besoin de pommes.",
    ),
    (
        Sentence(Clause(noun("girl", True), verb("go", "to"), "past", target=noun("village", 1))),
        "The girls went to the villages.",
        "Les filles sont allées aux villages.",
    ),
    (
        Sentence(Description(noun("house", True, "a", "old"), quality("expensive"))),
        "Old houses are expensive.",
        "De vieilles maisons sont chères.",
    ),
    (
        Sentence(
            Clause((noun("boy"), noun("girl")), verb("leave"), "past"),
            connective="because",
            second=Description(THEY, "afraid", "past"),
        ),
        "The boy and the girl left because they were afraid.",
        "Le garçon et la fille sont partis parce qu'ils avaient peur.",
    ),
    (
        Sentence(
            Description(noun("house", True), quality("small")),
            connective="but",
            second=Description(Pronoun("they", feminine=True), quality("beautiful")),
        ),
        "The houses are small but they are beautiful.",
        "Les maisons sont petites mais elles sont belles.",
    ),
    (
        Sentence(
            Clause(
                YOU,
                verb("wait", "for"),
                adverb="often",
                target=noun("child", True),
                place=("near", noun("church")),
            ),
            question=True,
        ),
        "Do you often wait for the children near the church?",
        "Est-ce que vous attendez souvent les enfants près de l'église ?",
    ),
]


@pytest.mark.parametrize(("tree", "source", "target"), TRANSLATIONS, ids=lambda value: str(value))
def test_a_tree_is_said_as_a_person_would(tree, source, target):
    assert english(tree) == source
    assert french(tree) == target


def test_splits_have_their_sizes_and_share_no_sentence(splits):
    assert {split: len(examples) for split, examples in splits.items()} == SPLITS
    sources = [text for examples in splits.values() for text in examples.features["source"]]
    assert len(set(sources)) == len(sources)
    assert all(isinstance(label, str) for e in splits.values() for label in e.labels)


def test_every_word_of_held_out_sentences_is_known_and_there_are_a_few_hundred(splits):
    known = {
        column: {word for text in texts for word in words(text)}
        for column, texts in (
            ("source", splits["train"].features["source"]),
            ("target", splits["train"].labels),
        )
    }
    for split in ("validation", "test"):
        assert {w for t in splits[split].features["source"] for w in words(t)} <= known["source"]
        assert {w for t in splits[split].labels for w in words(t)} <= known["target"]
    assert 200 < len(known["source"]) < 350
    assert 350 < len(known["target"]) < 550


def test_an_english_sentence_has_one_translation():
    generator = random.Random(0)
    found = defaultdict(set)
    for _ in range(20_000):
        tree = grammar.draw(generator)
        found[english(tree)].add(french(tree))
    assert [texts for texts in found.values() if len(texts) > 1] == []
    # Short sentences are drawn again and again, so this could have failed.
    assert len(found) < 19_900


VOWEL = "[aeiouhéêèâîôœ]"
# What no French sentence of this grammar may hold, written apart from it.
WRONG = [
    rf"\b(?:le|la|je|ne|de|que|ce|ma|sa) {VOWEL}",
    r"\b(?:beau|nouveau|vieux) (?:ami|homme|enfant|oiseau|arbre|œuf|hôtel)\b",
    rf"\b(?:[ldjn]|qu)'(?!{VOWEL})|\b(?:cet|bel|nouvel|vieil) (?!{VOWEL})",
    r"\bde (?:le|les|des|du|de)\b|\bà (?:le|les)\b",
    r"\b(?:pas|jamais) (?:un|une)\b",
    r"[_|]|  | [.,]|' ",
    r"\b(?:un|le|ce|mon|son) (?:petite|grande|vieille|bonne|belle|nouvelle|mauvaise)\b",
    r"\b(?:la|une|cette) (?:petit|grand|vieux|vieil|bon|beau|bel|nouveau|nouvel|mauvais)\b",
    r"\b(?:ils|elles) (?:est|a|va|sommes|êtes)\b|\b(?:il|elle) (?:sont|ont|vont|suis)\b",
]


@pytest.mark.parametrize("pattern", WRONG)
def test_no_translation_breaks_a_rule_of_french(splits, pattern):
    for examples in splits.values():
        for text in examples.labels:
            assert not re.search(pattern, text.lower()), text


def test_nouns_agree_with_what_stands_before_them(splits):
    gender = {noun.french: noun.feminine for noun in NOUNS}
    feminine = {"la", "une", "cette", "ma", "sa"}
    masculine = {"le", "un", "ce", "cet"}
    seen = Counter()
    for text in splits["train"].labels:
        tokens = words(text)
        for article, name in itertools.pairwise(tokens):
            if name in gender and article in feminine | masculine:
                assert gender[name] == (article in feminine), text
                seen[article] += 1
    assert set(seen) == feminine | masculine


def test_articles_of_english_fit_the_word_that_follows(splits):
    for examples in splits.values():
        for text in examples.features["source"]:
            assert not re.search(r"\ba [aeiou]|\ban [^aeiou]|[_|]|  | [.,?]", text.lower()), text


def test_negation_surrounds_the_verb_and_is_denied_in_english_too(splits):
    for source, target in zip(
        splits["train"].features["source"], splits["train"].labels, strict=True
    ):
        denied = len(re.findall(r"\b(?:not|never)\b", source))
        assert len(re.findall(r"\b(?:ne |n')", target.lower())) == denied
        assert len(re.findall(r"\b(?:pas|jamais)\b", target)) == denied


def test_words_have_many_translations_and_change_places(splits):
    # "the" is le, la, l', les or melted away; "her" is sa, son, ses, la, l' or lui.
    paired = defaultdict(Counter)
    train = splits["train"]
    for source, target in zip(train.features["source"], train.labels, strict=True):
        if re.match(r"(?:The|Her|An?|This) ", source):
            paired[source.split()[0]][words(target)[0]] += 1
    assert set(paired["The"]) >= {"le", "la", "l'", "les"}
    assert set(paired["Her"]) >= {"son", "sa", "ses"}
    lengths = [
        len(words(target)) - len(words(source))
        for source, target in zip(train.features["source"], train.labels, strict=True)
    ]
    assert min(lengths) < -1
    assert max(lengths) > 4


def test_word_by_word_is_not_enough(splits):
    from seqsuite.tasks.translation.baselines import translation_baselines
    from seqsuite.tasks.translation.scores import translation_scores

    train, test = splits["train"], splits["test"]
    for model in translation_baselines():
        model.fit(train.features["source"], train.labels)
        answers = model.predict(test.features["source"])
        scores = translation_scores(answers, test.labels, "fr", resamples=10)
        # An attention model learns all but a few sentences.
        assert scores["bleu"] < 40, model.name
        assert np.mean([a == b for a, b in zip(answers, test.labels, strict=True)]) < 0.1


def test_other_directions_are_refused():
    wrong = SimpleNamespace(source_language="fr")
    with pytest.raises(UserError, match="from en to fr only"):
        load_examples("sample", "test", wrong, "seqsuite.tasks.translation")
    right = SimpleNamespace(source_language="en", target_language="fr")
    assert len(load_examples("sample", "test", right, "seqsuite.tasks.translation")) == 1000


@pytest.mark.full
def test_another_process_generates_the_same_translations():
    assert len(digests_of("seqsuite.tasks.translation.data.sample.grammar")) == 1
