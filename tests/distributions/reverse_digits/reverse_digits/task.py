"""Strings of digits in, the strings reversed out."""

import keras
import tensorflow as tf

from reverse_digits import TASK
from reverse_digits.preprocessor import DigitPreprocessor
from seqsuite.layers import RecurrentStack
from seqsuite.losses import TagCrossentropy
from seqsuite.metrics.metric import Metric
from seqsuite.serving.limits import limited_texts
from seqsuite.serving.signatures import signature
from seqsuite.task import Baselines, Serving, Task
from seqsuite.training.optimizers import build_optimizer


class ReverseDigits(Task):
    """Reverse strings of digits."""

    spec = TASK
    metrics = (Metric("accuracy", headline=True, selects=True),)

    def build_preprocessor(self, examples, fitted=None):
        return DigitPreprocessor()

    def build_model(self, preprocessor):
        ids = keras.Input((None,), dtype="int32", name="token_ids")
        length = keras.Input((), dtype="int32", name="length")
        x = keras.layers.Embedding(11, 16)(ids)
        x = RecurrentStack(self.config.model.units, bidirectional=True)(x, lengths=length)
        outputs = {"logits": keras.layers.Dense(10)(x)}
        model = keras.Model({"token_ids": ids, "length": length}, outputs)
        loss = {"logits": TagCrossentropy()}
        model.compile(optimizer=build_optimizer(self.config.training), loss=loss)
        return model

    def score(self, predictions, references, preprocessor):
        answers = [row.argmax(axis=-1) for row in predictions["logits"].rows()]
        pairs = zip(answers, references["logits"].rows(), strict=True)
        right = [answer.tolist() == list(truth) for answer, truth in pairs]
        return {"accuracy": sum(right) / len(right)}

    def baselines(self, train, test, preprocessor):
        pairs = list(zip(test.features["digits"], test.labels, strict=True))
        copied = sum(text == label for text, label in pairs) / len(pairs)
        return Baselines({"copy of the input": {"accuracy": copied}})

    def serving(self, preprocessor, model):
        def serve(features):
            digits, truncated = limited_texts(features, "digits", self.config.serving)
            encoded = preprocessor({"digits": digits})
            best = tf.argmax(model(encoded, training=False)["logits"], axis=-1)
            answer = preprocessor.decode(best, encoded["length"])
            return {"reversed": answer, "truncated": truncated}

        return Serving(
            serve,
            signatures={"serving_default": signature(digits=[tf.string])},
            requests={"serving_default": {"digits": ["123", ""]}},
            example="123",
        )
