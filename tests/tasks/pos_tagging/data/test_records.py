"""Tagged sentences in tables and JSON, as Kaggle, Hugging Face, doccano and Prodigy have them."""

import json

import pandas as pd
import pytest

from seqsuite.data.discovery import load_examples
from seqsuite.errors import UserError

KAGGLE = (
    "Sentence #,Word,POS,Tag\r\nSentence: 1,Thousands,NNS,O\r\n,in,IN,O\r\n,London,NNP,B-geo\r\n"
    'Sentence: 2,"1,000",CD,O\r\n,don\x92t,VBP,O\r\n'
)


@pytest.fixture
def load(tmp_path, tagging_options):
    def read(content, name, **changes):
        path = tmp_path / name
        if isinstance(content, list):
            content = "".join(json.dumps(record) + "\n" for record in content)
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        given = tagging_options(train=str(path), **changes)
        return load_examples("files", "train", given, "seqsuite.tasks.pos_tagging")

    return read


def test_kaggles_table_of_words_is_read(load):
    found = load(KAGGLE.encode("latin-1"), "ner_dataset.csv", encoding="windows-1252")
    assert found.features["tokens"] == [("Thousands", "in", "London"), ("1,000", "don\u2019t")]
    assert found.labels == [("O", "O", "B-geo"), ("O", "O")]
    found = load(KAGGLE.replace("\x92", "'"), "ner_dataset.csv", label_column=2)
    assert found.labels[0] == ("NNS", "IN", "NNP")
    each = "sentence_id,word,tag\n1,a,X\n1,b,Y\n2,c,X\n"
    assert load(each, "a.csv").features["tokens"] == [("a", "b"), ("c",)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", "no column of sentences"),
        ("", "no column of sentences|empty"),
        ("sentence,word,tag\n1,a,\n", "row 1: the tag is empty"),
        ("sentence,word,tag\n1,,X\n", "row 1: the token is empty"),
    ],
)
def test_tables_without_words_are_told(load, content, message):
    with pytest.raises(UserError, match=message):
        load(content, "a.csv")


def test_objects_with_tokens_and_tags_are_read(load, tmp_path):
    rows = [
        {"tokens": ["EU", "votes"], "ner_tags": ["B-ORG", "O"], "pos_tags": ["NNP", "VBZ"]},
        {"tokens": ["We"], "ner_tags": ["O"], "pos_tags": ["PRP"]},
    ]
    assert load(rows, "a.jsonl").labels == [("NNP", "VBZ"), ("PRP",)]
    assert load(rows, "a.jsonl", scheme="bio").labels == [("B-ORG", "O"), ("O",)]
    assert load(json.dumps(rows), "a.json", tag_column="ner").labels[0] == ("B-ORG", "O")
    pd.DataFrame(rows).to_parquet(tmp_path / "a.parquet")
    found = load(None, "a.parquet", scheme="bio")
    assert (found.features["tokens"], found.labels[1]) == ([("EU", "votes"), ("We",)], ("O",))


def test_texts_with_spans_are_split_into_words(load, capsys):
    rows = [
        {"text": "Don\u2019t leave New York!", "label": [[12, 20, "PLACE"]]},
        {"text": "Ann saw Bob.", "entities": [
            {"start_offset": 8, "end_offset": 11, "label": "PERSON"},
            {"start": 0, "end": 3, "label": "PERSON"},
        ]},
        {"text": "Bob Ross", "labels": [[0, 8, "PERSON"], [0, 3, "NAME"]]},
        {"text": "", "spans": []},
    ]  # fmt: skip
    found = load(rows, "a.jsonl", scheme="bio")
    assert found.features["tokens"] == [
        ("Do", "n't", "leave", "New", "York", "!"),
        ("Ann", "saw", "Bob", "."),
        ("Bob", "Ross"),
    ]
    assert found.labels == [
        ("O", "O", "O", "B-PLACE", "I-PLACE", "O"),
        ("B-PERSON", "O", "B-PERSON", "O"),
        ("B-PERSON", "I-PERSON"),
    ]
    assert "1 spans overlap another one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"tokens": ["a"], "ner_tags": [3]}, "tags are numbers"),
        ({"tokens": ["a"], "ner_tags": ["O", "O"]}, "1 tokens and 2 tags"),
        ({"tokens": "a b", "ner_tags": ["O"]}, "tokens must be a list"),
        ({"tokens": ["a", ""], "ner_tags": ["O", "O"]}, "a token is empty"),
        ({"tokens": ["a"]}, "has no tags: expected one of"),
        ({"data": 1}, "neither tokens"),
        ({"text": "a b"}, "has no list of spans"),
        ({"text": "a b", "label": [[0, 9, "X"]]}, r"must be \[start, end, name\]"),
        ({"text": "a b", "label": [[1, 1, "X"]]}, r"must be \[start, end, name\]"),
        ({"text": "a b", "label": ["X"]}, r"must be \[start, end, name\]"),
    ],
)
def test_objects_of_other_forms_name_their_line(load, record, message):
    good = {"tokens": ["a"], "ner_tags": ["O"]}
    with pytest.raises(UserError, match=rf"line 2.*{message}"):
        load([good, record], "a.jsonl", scheme="bio")
