"""The built-in reviews: their labels follow stated rules, and the order of words decides them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from seqsuite.data.discovery import load_examples
from seqsuite.tasks.sentiment import baselines
from seqsuite.tasks.sentiment.data import sample
from seqsuite.tasks.sentiment.data.sample import NEGATIVE, POSITIVE
from tests.data.sections import digests_of

SPLITS = {"train": 6000, "validation": 800, "test": 1500}


@pytest.fixture(scope="module")
def splits():
    return {
        split: load_examples("sample", split, None, "seqsuite.tasks.sentiment") for split in SPLITS
    }


def pairs(examples):
    return list(zip(examples.features["text"], examples.labels, strict=True))


def target(examples):
    return np.array([label == "positive" for label in examples.labels], int)


def test_splits_have_their_sizes_and_are_about_balanced(splits):
    for split, size in SPLITS.items():
        assert len(splits[split]) == size
        # Four standard deviations of a fair coin.
        assert abs(target(splits[split]).mean() - 0.5) < 4 * 0.5 / np.sqrt(size)


def test_no_text_is_in_two_splits_or_twice_in_one(splits):
    texts = [text for examples in splits.values() for text in examples.features["text"]]
    assert len(set(texts)) == len(texts)


def test_combinations_of_construction_and_word_are_in_one_split_only():
    dealt = sample._combinations()
    sets = [{pair for label in dealt[split].values() for pair in label} for split in SPLITS]
    constructions = sample._ASSERTED + sample._DENIED
    assert sum(map(len, sets)) == len(set.union(*sets))
    assert len(set.union(*sets)) == len(constructions) * len(POSITIVE + NEGATIVE)


def test_every_word_of_the_test_split_is_known_from_training(splits):
    def words(split):
        return set(re.findall(r"\w+", " ".join(splits[split].features["text"]).lower()))

    assert words("test") <= words("train")


# What a reader would say, written apart from the grammar: which word decides, and whether it holds.
RULES = [
    (r"not (\w+) at all", "denied"),
    (r"is never (\w+)", "denied"),
    (r"could call the [\w ]+? (\w+)(?:\.|$)", "denied"),
    (r"expected the [\w ]+? to be (\w+), and it was not", "denied"),
    (r"promised something (\w+); it is anything but", "denied"),
    (r"far from (\w+)", "denied"),
    (r"nothing (\w+) about", "denied"),
    (r"it isn't as (\w+) as people say", "denied"),
    (r"wrong to say that the \w+ is (\w+)", "denied"),
    (r"could not be more (\w+)", "holds"),
    (r"what an? (\w+) \w+(?:\.|$)", "holds"),
    (r"is not \w+ but (\w+)", "holds"),
    (r"is more (\w+) than \w+", "holds"),
    (r"expected something \w+ and got something (\w+)", "holds"),
    (r"yet in the end it is (\w+)", "holds"),
    (r"becomes an? (\w+) one", "holds"),
    (r"is (\w+), even if the [\w ]+? is \w+", "holds"),
]


@pytest.mark.parametrize(("pattern", "effect"), RULES)
def test_labels_are_what_a_reader_would_say(splits, pattern, effect):
    seen = 0
    for examples in splits.values():
        for text, label in pairs(examples):
            for word in re.findall(pattern, text.lower()):
                assert word in POSITIVE + NEGATIVE, text
                says = (word in POSITIVE) == (effect == "holds")
                assert label == ("positive" if says else "negative"), text
                seen += 1
    assert seen > 50


def test_texts_look_like_short_reviews_of_varied_length(splits):
    texts = splits["train"].features["text"]
    lengths = np.array([len(text.split()) for text in texts])
    assert lengths.min() >= 3
    assert np.percentile(lengths, 90) > 3 * np.percentile(lengths, 10)
    assert not [text for text in texts if re.search(r"  | [,;.]|[{}]|^\W", text)]


def test_articles_fit_the_word_that_follows(splits):
    for examples in splits.values():
        for text in examples.features["text"]:
            assert not re.search(
                r"\ba ([aeiou]|ho[nu])|\ban [^aeiouh]|\ban ho[^nu]", text.lower()
            ), text


def test_the_words_alone_do_not_tell_the_label(splits):
    train, test = splits["train"], splits["test"]
    for model in baselines.text_baselines():
        model.fit(train.features["text"], target(train), 2)
        answers = model.predict_proba(test.features["text"]).argmax(axis=1)
        # A recurrent model reaches 97 %; ten points below is asked for, more is there.
        assert (answers == target(test)).mean() <= 0.85, model.name


@pytest.mark.full
def test_another_process_generates_the_same_reviews(splits):
    assert len(digests_of("seqsuite.tasks.sentiment.data.sample")) == 1
