"""What `predict` asks of an exported classifier stays within its limits."""

import dataclasses
import json

import pytest
import tensorflow as tf

from seqsuite.client import Item
from seqsuite.config import build_config
from seqsuite.data.inputs import Inputs
from seqsuite.errors import UserError
from seqsuite.tasks.sentiment import TASK, SentimentConfig
from tests.clients import client_of, read


def test_a_long_text_is_explained_in_requests_within_the_limits():
    task = TASK()
    limits = dataclasses.replace(task.config.serving, max_length=400, max_request=1000)
    task.config = dataclasses.replace(task.config, serving=limits)
    client, asked = client_of(task), []

    def model(text):
        asked.append(len(text) * max(map(len, text)))
        probabilities = [[0.9, 0.1] if "good" in one else [0.6, 0.4] for one in text]
        return {"probabilities": tf.constant(probabilities)}

    client.model = model
    explanation = client.explain(Item("so good " + "and so on " * 30, {}))
    assert len(explanation) == 92
    assert max(explanation, key=lambda part: part[1])[0] == "good "
    assert max(asked) <= 1000


def test_a_table_is_read_by_the_columns_of_training(tmp_path, capsys):
    data = {"source": "files", "train": "train.csv", "text_column": "1,2", "label_column": "0"}
    config = build_config(SentimentConfig, {"data": data})
    (tmp_path / "a.csv").write_text('"3","Oil rises","a lot"\n')
    (item,) = read(client_of(TASK(config)), name=str(tmp_path / "a.csv"))
    assert (item.text, item.record["0"]) == ("Oil rises a lot", "3")
    assert "its first line is a row" in capsys.readouterr().err


def answering(config=None, **options):
    client = client_of(TASK(config), **options)
    labels, probabilities = ["Food, drinks", "Service", "Price"], [[0.9, 0.6, 0.3], [0.4, 0.2, 0.1]]
    outputs = {
        "labels": [labels] * 2,
        "probabilities": probabilities,
        "label": ["Food, drinks"] * 2,
    }
    client.model = lambda text: {name: tf.constant(value) for name, value in outputs.items()}
    return client.answer(list(client.read(Inputs(["a", "b"]))))


@pytest.mark.parametrize(
    ("threshold", "chosen"),
    [
        (None, [["Food, drinks", "Service"], []]),
        (0.3, [["Food, drinks", "Service", "Price"], ["Food, drinks"]]),
        (0.95, [[], []]),
    ],
)
def test_several_labels_are_a_list_and_a_text_with_the_separator_of_the_data(threshold, chosen):
    config = build_config(SentimentConfig, {"data": {"label_separator": ";"}})
    answers = answering(config, threshold=threshold)
    assert [answer["labels_chosen"] for answer in answers] == chosen
    assert [answer["label"] for answer in answers] == [";".join(names) for names in chosen]


def test_a_label_below_the_threshold_is_no_answer():
    assert [one["label"] for one in answering()] == ["Food, drinks"] * 2
    assert [one["label"] for one in answering(threshold=0.5)] == ["Food, drinks", ""]
    for threshold in (-0.1, 1.1, float("nan")):
        with pytest.raises(UserError, match="--threshold must be between 0 and 1"):
            answering(threshold=threshold)


CHINESE, THAI, KANA = (
    "\u8fd9\u90e8\u7535\u5f71\u5f88\u597d",
    "\u0e14\u0e35\u0e21\u0e32\u0e01 good",
    "\u3059\u3070\u3089\u3057\u3044",
)


@pytest.mark.parametrize("text", [CHINESE, THAI, KANA])
def test_scripts_without_spaces_are_explained_by_characters(text):
    client = client_of(TASK(), explain=True)
    client.model = lambda text: {
        "probabilities": tf.constant([[len(one) / 100, 0.0] for one in text])
    }
    explanation = client.explain(Item(text, {}))
    assert "".join(part for part, _ in explanation) == text
    assert len(explanation) > 2
    assert all(effect > 0 for _, effect in explanation)
    line = json.loads(client.format(Item(text, {}), {"label": "x", "probability": 1.0}, "json"))
    assert all(part == part.strip() for part, _ in line["explanation"])
