"""`predict` of the sentiment task: a text in, its label and probability out."""

from __future__ import annotations

import numpy as np

from seqsuite.client import Client, Item
from seqsuite.tasks.sentiment.explanation import leave_one_out


class SentimentClient(Client):
    """Classifies texts, and shows which words moved an answer."""

    input_name = "text"

    @property
    def column(self):
        return self.config.data.text_column

    def explain(self, item):
        def probabilities(texts):
            # Of a long text so many variants are more than one request.
            rows = self.answer([Item(text, {self.input_name: text}) for text in texts])
            return np.array([row["probabilities"] for row in rows], np.float32)

        return leave_one_out(probabilities, item.text)

    def _line(self, answer, text):
        label = answer["label"] or "(none)"
        return f"{label}\t{answer['probability']:.4f}\t{' '.join(text.split())}"
