"""A CRF head beside a softmax head on the same tagger, in one process, taking turns.

    python benchmarks/tagging_heads.py --tags 17 --repeats 5

Prints real tokens per second of training steps and of decoding (tags and confidences), and how
often each graph was traced while the lengths of sentences changed from batch to batch. Words are
random: only the time is of interest.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from seqsuite.layers import CRF, CRFDecoder, RecurrentStack
from seqsuite.losses import CRFLoss, TagCrossentropy


def build(head: str, num_tags: int, units: int, num_layers: int) -> keras.Model:
    """Return a compiled tagger of word ids whose outputs are logits, tags and confidences."""
    ids = keras.Input((None,), dtype="int32", name="token_ids")
    length = keras.Input((), dtype="int32", name="length")
    x = keras.layers.Embedding(10_000, 100)(ids)
    x = RecurrentStack(units, num_layers=num_layers, bidirectional=True)(x, lengths=length)
    logits = keras.layers.Dense(num_tags)(x)
    if head == "crf":
        crf = CRF(num_tags)
        logits, loss = crf(logits, lengths=length), CRFLoss(crf)
        decoded = CRFDecoder(crf)(logits, lengths=length)
    else:
        loss = TagCrossentropy()
        probabilities = keras.layers.Softmax()(logits)
        decoded = {
            "tags": keras.ops.argmax(probabilities, axis=-1),
            "confidence": keras.ops.max(probabilities, axis=-1),
        }
    model = keras.Model({"token_ids": ids, "length": length}, {"logits": logits, **decoded})
    model.compile(keras.optimizers.Adam(), loss={"logits": loss})
    return model


def batches(count: int, batch_tokens: int, num_tags: int) -> list:
    """Return batches of sentences of a treebank's lengths: mean about 16, at most 80."""
    generator = np.random.default_rng(0)
    made = []
    for _ in range(count):
        longest = int(np.clip(generator.gamma(2.0, 8.0), 3, 80))
        rows = max(1, batch_tokens // longest)
        lengths = generator.integers(max(1, int(0.9 * longest)), longest + 1, rows)
        real = np.arange(longest) < lengths[:, None]
        ids = np.where(real, generator.integers(1, 10_000, (rows, longest)), 0).astype("int32")
        tags = np.where(real, generator.integers(0, num_tags, (rows, longest)), -1)
        features = {"token_ids": ids, "length": lengths.astype("int32")}
        made.append((features, tags.astype("int32"), int(lengths.sum())))
    return made


def main() -> None:
    """Measure both heads and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tags", type=int, default=17)
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--num_layers", type=int, default=2)
    parser.add_argument("--batch_tokens", type=int, default=1500)
    parser.add_argument("--batches", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    keras.utils.set_random_seed(0)
    data = batches(options.batches, options.batch_tokens, options.tags)
    signature = {
        "token_ids": tf.TensorSpec((None, None), tf.int32),
        "length": tf.TensorSpec((None,), tf.int32),
    }
    tags_signature = tf.TensorSpec((None, None), tf.int32)
    functions, traces = {}, {}
    for head in ("softmax", "crf"):
        model = build(head, options.tags, options.units, options.num_layers)

        def train(features, tags, model=model, head=head):
            traces[head, "training"] = traces.get((head, "training"), 0) + 1
            return model.train_step((features, {"logits": tags}))["loss"]

        def decode(features, tags, model=model, head=head):
            traces[head, "decoding"] = traces.get((head, "decoding"), 0) + 1
            outputs = model(features, training=False)
            return outputs["tags"], outputs["confidence"]

        for name, function in {"training": train, "decoding": decode}.items():
            functions[head, name] = tf.function(function, [signature, tags_signature])
    rates: dict[tuple[str, str], list[float]] = {key: [] for key in functions}
    for repeat in range(options.repeats + 1):
        for key, function in functions.items():
            started = time.perf_counter()
            for features, tags, _ in data:
                result = function(features, tags)
            tf.nest.map_structure(lambda tensor: tensor.numpy(), result)
            seconds = time.perf_counter() - started
            if repeat:  # the first pass traces
                rates[key].append(sum(tokens for *_, tokens in data) / seconds)
    for name in ("training", "decoding"):
        soft, crf = (statistics.median(rates[head, name]) for head in ("softmax", "crf"))
        pairs = zip(rates["softmax", name], rates["crf", name], strict=True)
        ratio = statistics.median(other / one for one, other in pairs)
        traced = [traces[head, name] for head in ("softmax", "crf")]
        print(
            f"{name}: softmax {soft:,.0f} tokens/s, crf {crf:,.0f} tokens/s, ratio {ratio:.2f}; "
            f"traced {traced[0]} and {traced[1]} times over {len(data)} widths"
        )


if __name__ == "__main__":
    main()
