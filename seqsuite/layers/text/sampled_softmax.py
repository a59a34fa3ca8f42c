"""Sampled softmax for language models with large vocabularies."""

from __future__ import annotations

import math

import keras
from keras import ops


def sampled_softmax_crossentropy(
    hidden, token_ids, embeddings, biases, num_sampled: int, seed: keras.random.SeedGenerator
):
    """Return the cross-entropy of tokens under a sampled softmax.

    The full softmax of a language model costs more than the recurrent layers below it. Here the
    softmax runs over the true token and ``num_sampled`` others, drawn once per call from a
    log-uniform (Zipfian) distribution, so ids must be sorted by decreasing frequency. Samples are
    weighted by the inverse of their expected count, so the sum under the logarithm is unbiased.

    Args:
        hidden: float ``(tokens, features)``.
        token_ids: True tokens, int ``(tokens,)``.
        embeddings: float ``(vocabulary, features)``, the (tied) output embedding.
        biases: float ``(vocabulary,)``.
        num_sampled: Negative samples.
        seed: Generator of the draws.

    Returns:
        Cross-entropy of each token in nats, float ``(tokens,)``.

    Example:
        >>> loss = sampled_softmax_crossentropy(
        ...     ops.zeros((3, 4)), ops.array([0, 1, 2]), ops.zeros((9, 4)), ops.zeros((9,)),
        ...     num_sampled=5, seed=keras.random.SeedGenerator(0))
        >>> loss.shape
        TensorShape([3])

    Reference:
        Jean et al., "On Using Very Large Target Vocabulary for NMT", ACL 2015.
    """
    vocabulary_size = embeddings.shape[0]
    log_range = math.log(vocabulary_size + 1.0)

    def log_expected_count(ids):
        ids = ops.cast(ids, "float32")
        return ops.log(num_sampled * (ops.log((ids + 2.0) / (ids + 1.0)) / log_range))

    uniform = keras.random.uniform((num_sampled,), dtype="float32", seed=seed)
    sampled = ops.cast(ops.exp(uniform * log_range) - 1.0, "int32")
    sampled = ops.clip(sampled, 0, vocabulary_size - 1)
    token_ids = ops.cast(token_ids, "int32")

    true_logits = ops.sum(hidden * ops.take(embeddings, token_ids, axis=0), axis=-1)
    true_logits = true_logits + ops.take(biases, token_ids)
    logits = ops.matmul(hidden, ops.transpose(ops.take(embeddings, sampled, axis=0)))
    logits = logits + (ops.take(biases, sampled) - log_expected_count(sampled))
    logits = ops.where(token_ids[:, None] == sampled[None, :], -1e9, logits)
    everything = ops.concatenate([true_logits[:, None], logits], axis=-1)
    return ops.logsumexp(everything, axis=-1) - true_logits
