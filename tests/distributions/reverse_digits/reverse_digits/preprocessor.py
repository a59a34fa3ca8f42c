"""Digits -> ids, and back."""

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.batching import RaggedColumn
from seqsuite.preprocessor import Preprocessor


@keras.saving.register_keras_serializable(package="reverse_digits")
class DigitPreprocessor(Preprocessor):
    """Ids 1 to 10 are digits; 0 is padding, and any other character."""

    def adapt(self, examples):
        """Learn nothing: the digits are known."""

    def call(self, features):
        codes = tf.strings.unicode_decode(features["digits"], "UTF-8", errors="replace")
        digits = codes.flat_values - ord("0")
        known = (digits >= 0) & (digits <= 9)
        ids = codes.with_flat_values(tf.where(known, digits + 1, 0)).to_tensor(0)
        ids = tf.pad(ids, [[0, 0], [0, tf.maximum(0, 1 - tf.shape(ids)[1])]])
        return {"token_ids": ids, "length": tf.cast(codes.row_lengths(), tf.int32)}

    def encode_labels(self, labels):
        rows = [np.array([int(digit) for digit in label], np.int32) for label in labels]
        return RaggedColumn.from_rows(rows, padding=-1)

    def encode_targets(self, examples):
        return {"logits": self.encode_labels(examples.labels)}

    def decode(self, digits, length):
        texts = tf.strings.as_string(digits)
        real = tf.sequence_mask(length, tf.shape(digits)[1])
        return tf.strings.reduce_join(tf.where(real, texts, ""), axis=1)
