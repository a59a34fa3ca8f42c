"""`predict` of the sentiment task: a text in, its label and probability out."""

from __future__ import annotations

from seqsuite.client import Client
from seqsuite.tasks.sentiment.explanation import leave_one_out


class SentimentClient(Client):
    """Classifies texts, and shows which words moved an answer."""

    input_name = "text"

    def explain(self, item):
        def probabilities(texts):
            return self.model(text=list(texts))["probabilities"].numpy()

        return leave_one_out(probabilities, item.text)

    def _line(self, answer, text):
        label = answer["label"] or "(none)"
        return f"{label}\t{answer['probability']:.4f}\t{' '.join(text.split())}"
