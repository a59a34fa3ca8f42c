"""The generated problems: other few lines find the same answers in the sequences."""

from types import SimpleNamespace

import numpy as np
import pytest

from seqsuite.data.discovery import load_examples
from seqsuite.errors import UserError
from seqsuite.tasks.memory import problems

LENGTH, LOAD, COUNT = 12, 3, 200
OPTIONS = SimpleNamespace(
    length=LENGTH, min_length=0, load=LOAD, num_examples=COUNT, num_held_out=50, seed=0
)


def copied(tokens):
    assert tokens[10:] == ["_"] * (LENGTH - 1) + ["?"] + ["_"] * 10
    return " ".join(tokens[:10]), LENGTH + 10


def added(tokens):
    marked = [step for step, token in enumerate(tokens) if token.endswith("*")]
    first, second = marked
    assert first < LENGTH // 2 <= second < LENGTH == len(tokens)
    total = sum(round(1000 * float(tokens[step].strip("*"))) for step in marked)
    return f"{total // 1000}.{total % 1000:03d}", LENGTH - 1 - first


def delayed(tokens):
    (step,) = [step for step, token in enumerate(tokens) if token.isdigit()]
    assert tokens.index("?") == LENGTH == len(tokens) - 1
    return tokens[step], LENGTH - step


def associated(tokens):
    *pairs, marker, key = tokens
    assert marker == "?"
    assert pairs[2 * LOAD :] == ["_"] * (LENGTH - 2 * LOAD)
    table = dict(zip(pairs[0 : 2 * LOAD : 2], pairs[1 : 2 * LOAD : 2], strict=True))
    assert len(table) == LOAD
    return table[key], len(tokens) - 1 - (pairs.index(key) + 1)


SOLVERS = {
    "copying": copied,
    "adding": added,
    "delayed_recall": delayed,
    "associative_recall": associated,
}


def test_every_problem_has_a_solver():
    assert set(SOLVERS) == set(problems.PROBLEMS)


@pytest.mark.parametrize("name", SOLVERS)
def test_answers_and_distances_follow_from_the_sequences(name):
    problem = problems.PROBLEMS[name]
    examples = load_examples(name, "train", OPTIONS, "seqsuite.tasks.memory")
    assert len(examples) == COUNT
    for sequence, label in zip(examples.features["sequence"], examples.labels, strict=True):
        tokens = sequence.split()
        assert (label, problem.distance(tokens)) == SOLVERS[name](tokens)
        assert problem.numeric or set(tokens) <= set(problem.symbols)


@pytest.mark.parametrize("name", SOLVERS)
def test_splits_and_seeds_differ_and_repeat(name):
    def sequences(split, seed=0):
        options = SimpleNamespace(**{**vars(OPTIONS), "seed": seed})
        return load_examples(name, split, options, "seqsuite.tasks.memory").features["sequence"]

    train, test = sequences("train"), sequences("test")
    assert (len(train), len(test), len(sequences("validation"))) == (COUNT, 50, 50)
    assert not set(train) & set(test)
    assert sequences("train") == train
    assert not set(sequences("train", seed=1)) & set(train)


def test_training_may_have_shorter_examples_but_nothing_else_has():
    options = SimpleNamespace(**{**vars(OPTIONS), "min_length": 9})

    def lengths(split):
        sequences = load_examples("adding", split, options, "seqsuite.tasks.memory").features[
            "sequence"
        ]
        return [len(sequence.split()) for sequence in sequences]

    assert set(lengths("validation")) == set(lengths("test")) == {LENGTH}
    train = lengths("train")
    assert len(train) == COUNT
    assert set(train) == set(train[:50]) == {9, 10, 11, 12}


def test_all_distances_and_answers_occur_about_equally():
    examples = load_examples("delayed_recall", "train", OPTIONS, "seqsuite.tasks.memory")
    rows = [sequence.split() for sequence in examples.features["sequence"]]
    found = [problems.DELAYED_RECALL.distance(tokens) for tokens in rows]
    assert set(found) == set(range(1, LENGTH + 1))
    counts = np.bincount([int(label) for label in examples.labels], minlength=8)
    # Five standard deviations of a binomial with p = 1/8.
    assert np.abs(counts - COUNT / 8).max() < 5 * np.sqrt(COUNT * 7 / 64)


def test_the_answer_due_at_each_step():
    tokens = [*"1234567012", "_", "?", *"_" * 10]
    due = problems.COPYING.step_answers(tokens, " ".join("1234567012"))
    blank = 8
    assert due.tolist() == [blank] * 12 + [1, 2, 3, 4, 5, 6, 7, 0, 1, 2]
    due = problems.ASSOCIATIVE_RECALL.step_answers([*"a3_?a"], "3")
    assert due.tolist() == [-1, -1, -1, -1, 3]


@pytest.mark.parametrize(
    ("name", "length", "load"),
    [("adding", 1, 1), ("associative_recall", 5, 3), ("associative_recall", 100, 27)],
)
def test_what_cannot_be_posed_is_refused(name, length, load):
    generator = np.random.default_rng(0)
    with pytest.raises(UserError, match=r"data\.length"):
        problems.PROBLEMS[name].generate(1, length, load, generator)
