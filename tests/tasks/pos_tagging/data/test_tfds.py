"""Tagged sentences of TensorFlow Datasets, by the names builders give their features."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from seqsuite.data.discovery import load_examples
from seqsuite.errors import UserError
from seqsuite.tasks.pos_tagging.data.tfds import _tag_feature

UPOS = ["DET", "NOUN", "VERB", "_"]


@pytest.fixture
def load(tagging_options):
    def read(name, split="train", **changes):
        given = tagging_options(source=f"tfds:{name}", **changes)
        return load_examples(given.source, split, given, "seqsuite.tasks.pos_tagging")

    return read


def text_sequence():
    return tfds.features.Sequence(tfds.features.Text())


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A treebank as builders of treebanks store it: nodes that are no words, printed values."""
    folder = tmp_path_factory.mktemp("tfds")
    row = {
        "tokens": ["au", "à", "le", "chien", "(va)"],
        "upos": ["_", "DET", "DET", "NOUN", "VERB"],
        "xpos": ["None", "P", "None", "N", "V"],
        "feats": ["None", "None", "{'Gender': 'Masc', 'Number': 'Sing'}", "{broken", "None"],
        "head": ["None", "3", "3", "0", "None"],
    }
    hidden = {**row, "upos": [-1] * 5}
    empty = {name: [] for name in row}
    tfds.dataset_builders.store_as_tfds_dataset(
        name="my_treebank",
        version="1.0.0",
        features=tfds.features.FeaturesDict(
            {name: text_sequence() for name in row}
            | {"upos": tfds.features.Sequence(tfds.features.ClassLabel(names=UPOS))}
        ),
        split_datasets={
            "train": [(0, row), (1, empty)],
            "dev": [(0, row)],
            "test": [(0, hidden)],
        },
        data_dir=folder,
        disable_shuffling=True,
    )
    return str(folder)


def test_entries_without_a_head_are_no_words(load, stored, capsys):
    found = load("my_treebank", dir=stored)
    assert found.features == {
        "tokens": [("à", "le", "chien")],
        "xpos": [("P", "_", "N")],
        "morphology": [("_", "Gender=Masc|Number=Sing", "{broken")],
    }
    assert found.labels == [("DET", "DET", "NOUN")]
    assert "1 of 2 sentences have no token" in capsys.readouterr().err


def test_dev_is_the_validation_split_and_hidden_tags_are_no_split(load, stored):
    assert load("my_treebank", "validation", dir=stored).labels == [("DET", "DET", "NOUN")]
    assert load("my_treebank", "test", dir=stored) is None


def test_the_kind_of_tag_can_be_chosen(load, stored):
    found = load("my_treebank", dir=stored, tag_column="xpos")
    assert found.labels == [("P", "_", "N")]
    assert "xpos" not in found.features
    # Where tags are spans, entities are looked for first.
    kinds = {"tokens": text_sequence(), "upos": text_sequence(), "ner_tags": text_sequence()}
    found = [_tag_feature("x", kinds, "auto", spans) for spans in (False, True)]
    assert found == ["upos", "ner_tags"]
    assert _tag_feature("x", kinds, "upos", True) == "upos"
    with pytest.raises(UserError, match=r"tag_column ner: it has features .*one of ner, ner_tags"):
        load("my_treebank", dir=stored, tag_column="ner")


def test_a_builder_without_tags_says_what_it_has(load, stored):
    with pytest.raises(UserError, match=r"no builder 'my_treebanks'"):
        load("my_treebanks", dir=stored)


@pytest.fixture
def mocked(monkeypatch):
    """Public builders as if prepared, with made-up rows whose columns are equally long."""
    info = {
        name: tfds.core.SplitInfo(name=name, shard_lengths=[6], num_bytes=1, filename_template=None)
        for name in ("train", "dev")
    }
    monkeypatch.setattr(tfds.core.DatasetBuilder, "is_prepared", lambda self: True)
    monkeypatch.setattr(tfds.core.DatasetInfo, "splits", property(lambda self: info))

    def rows(self, *args, **kwargs):
        def generate():
            for length in range(1, 7):
                yield {
                    name: made_up(feature, length) for name, feature in self.info.features.items()
                }

        return tf.data.Dataset.from_generator(
            generate, output_signature=self.info.features.get_tensor_spec()
        )

    def made_up(feature, length):
        names = getattr(getattr(feature, "feature", None), "names", None)
        if names:
            return np.arange(length, dtype=np.int64) % len(names)
        return np.array([b"1"] * length) if hasattr(feature, "feature") else np.array(b"text")

    with tfds.testing.mock_data(num_examples=6, as_dataset_fn=rows):
        yield


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "changes", "first", "columns"),
    [
        ("universal_dependencies/en_ewt", {}, "ADJ", ["xpos", "morphology"]),
        ("universal_dependencies/en_ewt", {"tag_column": "xpos"}, "1", ["morphology"]),
        ("xtreme_pos/xtreme_pos_en", {}, "ADJ", []),
        ("wikiann/en", {}, "O", []),
        ("conll2003", {}, "O", []),
        ("conll2003", {"tag_column": "xpos"}, '"', []),
    ],
)
def test_public_builders_map_onto_the_task(mocked, load, name, changes, first, columns):
    for split in ("train", "validation"):
        found = load(name, split, **changes)
        assert list(map(len, found.labels)) == [1, 2, 3, 4, 5, 6]
        assert found.labels[0] == (first,)
        assert list(found.features) == ["tokens", *columns]
        assert found.features["tokens"][1] == ("1", "1")
    assert load(name, "test", **changes) is None


@pytest.mark.filterwarnings("ignore")
def test_a_builder_of_texts_is_refused(mocked, load):
    with pytest.raises(UserError, match=r"imdb_reviews is no data set of tagged sentences.*text"):
        load("imdb_reviews")
