"""`predict` of the sentiment task: a text in, its label and probability out."""

from __future__ import annotations

import numpy as np

from seqsuite.client import Client, Item
from seqsuite.errors import UserError
from seqsuite.tasks.sentiment.explanation import leave_one_out


class SentimentClient(Client):
    """Classifies texts, and shows which words moved an answer."""

    input_name = "text"

    @property
    def column(self):
        return self.config.data.text_column

    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument(
            "--threshold",
            type=float,
            help="least probability of a label that is answered (several labels: 0.5)",
        )

    def read(self, inputs):
        threshold = self.options.threshold
        if threshold is not None and not 0 <= threshold <= 1:
            raise UserError(f"--threshold must be between 0 and 1. Received: {threshold}.")
        return super().read(inputs)

    def answer(self, items):
        answers = super().answer(items)
        data, threshold = self.config.data, self.options.threshold
        for answer in answers if data.multi_label or threshold is not None else ():
            pairs = list(zip(answer["labels"], answer["probabilities"], strict=True))
            if not data.multi_label:
                pairs = [max(pairs, key=lambda pair: pair[1])]
            least = 0.5 if threshold is None else threshold
            chosen = [label for label, probability in pairs if probability >= least]
            answer["label"] = (data.label_separator or ",").join(chosen)
            answer["labels_chosen"] = chosen
        return answers

    def explain(self, item):
        def probabilities(texts):
            # Of a long text so many variants are more than one request.
            rows = self.answer([Item(text, {self.input_name: text}) for text in texts])
            return np.array([row["probabilities"] for row in rows], np.float32)

        return leave_one_out(probabilities, item.text)

    def _line(self, answer, text):
        label = answer["label"] or "(none)"
        return f"{label}\t{answer['probability']:.4f}\t{' '.join(text.split())}"
