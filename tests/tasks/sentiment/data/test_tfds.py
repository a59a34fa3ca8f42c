"""TensorFlow Datasets builders: features found by their kind, nothing fetched unasked."""

from __future__ import annotations

import socket

import numpy as np
import pytest
import tensorflow_datasets as tfds

from seqsuite.data.discovery import load_examples
from seqsuite.errors import UserError

ROWS = {
    "train": [("good", 1, b"x", [0, 1]), ("schlecht ü", 0, b"y", []), ("fine", 1, b"x", [2])],
    "test": [("hidden", -1, b"x", [0])],
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A data folder with a real, prepared data set in it."""
    folder = tmp_path_factory.mktemp("tfds")
    splits = {
        split: [
            (i, {"n": i, "body": text, "stars": stars, "topic": topic, "tags": tags})
            for i, (text, stars, topic, tags) in enumerate(rows)
        ]
        for split, rows in ROWS.items()
    }
    tfds.dataset_builders.store_as_tfds_dataset(
        name="my_reviews",
        version="1.0.0",
        features=tfds.features.FeaturesDict(
            {
                "n": tfds.features.Scalar(np.int64),
                "body": tfds.features.Text(),
                "stars": tfds.features.ClassLabel(names=["bad", "good"]),
                "topic": tfds.features.Tensor(shape=(), dtype=np.object_),
                "tags": tfds.features.Sequence(tfds.features.ClassLabel(names=["a", "b", "c"])),
            }
        ),
        split_datasets=splits,
        data_dir=folder,
        disable_shuffling=True,
    )
    return folder


@pytest.fixture
def load(stored, options):
    def read(split="train", name="my_reviews", **changes):
        given = options(source=f"tfds:{name}", **{"dir": str(stored), **changes})
        return load_examples(given.source, split, given, "seqsuite.tasks.sentiment")

    return read


def test_text_and_label_are_found_by_their_kind_and_labels_are_named(load, capsys):
    found = load()
    assert found.features == {"text": ["good", "schlecht ü", "fine"]}
    assert found.labels == ["good", "bad", "good"]
    assert capsys.readouterr().err == ""


def test_of_several_features_the_first_by_name_is_used_and_said(load, capsys):
    assert load(label_separator=";").labels == [("good",), ("bad",), ("good",)]
    assert "class-label features stars, tags; stars is used" in capsys.readouterr().err


def test_columns_can_be_named(load, capsys):
    found = load(text_column="body", label_column="topic")
    assert found.labels == ["x", "y", "x"]
    assert capsys.readouterr().err == ""


def test_several_labels_become_sorted_sets_when_asked_for(load):
    found = load(label_column="tags", label_separator=";")
    assert found.labels == [("a", "b"), (), ("c",)]
    with pytest.raises(UserError, match=r"'tags' holds several labels.*label_separator"):
        load(label_column="tags")


def test_a_missing_split_and_one_with_hidden_labels_are_none(load):
    assert load("validation") is None
    assert load("test") is None


def test_mistakes_are_told_in_one_line(load):
    for name, message in {
        "my_review": r"no builder 'my_review'",
        "imdb_review": r"Did you mean 'imdb_reviews'\?",
        "glue/no_such": r"tfds:glue/no_such cannot be used: .*no_such",
        "mnist": r"tfds:mnist is not prepared",
    }.items():
        with pytest.raises(UserError, match=message) as caught:
            load(name=name)
        assert "\n" not in str(caught.value)


def test_what_is_not_prepared_is_not_fetched_unless_asked_for(load, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    with pytest.raises(UserError, match=r"imdb_reviews is not prepared.*--data\.download true"):
        load(name="imdb_reviews")


def test_without_a_network_a_download_fails_at_once(load, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("unreachable")

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(UserError, match=r"no network.*unreachable"):
        load(name="imdb_reviews", download=True)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("imdb_reviews", {"neg", "pos"}),
        ("glue/sst2", {"negative", "positive"}),
        ("ag_news_subset", {"World", "Sports", "Business", "Sci/Tech"}),
    ],
)
def test_public_builders_map_onto_the_task(mocked, load, name, names):
    found = load(name=name)
    assert len(found) == 6
    assert all(isinstance(text, str) for text in found.features["text"])
    assert set(found.labels) <= names
    assert load("test", name=name) is None


@pytest.mark.filterwarnings("ignore")
def test_a_builder_that_is_no_text_classification_says_what_it_has(mocked, load):
    with pytest.raises(UserError, match=r"mnist has no text feature, only image, label"):
        load(name="mnist")
    with pytest.raises(UserError, match=r"sentiment140 has no class-label .*polarity.*label_col"):
        load(name="sentiment140")
    assert set(load(name="sentiment140", label_column="polarity").labels)
