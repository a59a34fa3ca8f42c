"""What `predict` asks of an exported classifier stays within its limits."""

import dataclasses

import tensorflow as tf

from seqsuite.client import Item
from seqsuite.config import build_config
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
    assert max(explanation, key=lambda part: part[1])[0] == "good"
    assert max(asked) <= 1000


def test_a_table_is_read_by_the_columns_of_training(tmp_path, capsys):
    data = {"source": "files", "train": "train.csv", "text_column": "1,2", "label_column": "0"}
    config = build_config(SentimentConfig, {"data": data})
    (tmp_path / "a.csv").write_text('"3","Oil rises","a lot"\n')
    (item,) = read(client_of(TASK(config)), name=str(tmp_path / "a.csv"))
    assert (item.text, item.record["0"]) == ("Oil rises a lot", "3")
    assert "its first line is a row" in capsys.readouterr().err
