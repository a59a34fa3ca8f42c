"""What `predict` asks of an exported classifier stays within its limits."""

import dataclasses

import tensorflow as tf

from seqsuite.client import Item
from seqsuite.tasks.sentiment import TASK
from tests.clients import client_of


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
