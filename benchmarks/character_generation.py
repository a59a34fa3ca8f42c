"""How fast an exported character language model writes, beside a loop over `model.predict`.

Runs the SavedModel in a fresh interpreter that imports TensorFlow alone.

    python benchmarks/character_generation.py --model saved_models/char_lm
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from seqsuite.serving.versions import latest_version

SERVED = """
import sys, time
import tensorflow as tf
length = int(sys.argv[2])
serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
def write(length):
    return serve(prompt=tf.constant(["The "]), length=tf.constant([length]),
                 temperature=tf.constant([0.8]), top_k=tf.constant([0]),
                 top_p=tf.constant([1.0]), seed=tf.constant([0]))["text"].numpy()[0]
write(10)
started = time.perf_counter()
text = write(length)
seconds = time.perf_counter() - started
assert "seqsuite" not in sys.modules
rate = length / seconds
print(f"exported graph: {len(text.decode())} characters in {seconds:.2f} s, {rate:,.0f} a second")
"""


def predict_loop(units: int, num_symbols: int, length: int) -> float:
    """Return characters per second of the usual loop: one `model.predict` per character.

    The model is a stock one of the same size; each call reads one character and the state.
    """
    import keras
    import numpy as np

    ids = keras.Input((1,), dtype="int32")
    states = [keras.Input((units,)) for _ in range(2)]
    x, *new = keras.layers.LSTM(units, return_state=True)(
        keras.layers.Embedding(num_symbols, 64)(ids), initial_state=states
    )
    model = keras.Model([ids, *states], [keras.layers.Dense(num_symbols)(x), *new])
    token = np.zeros((1, 1), np.int32)
    carried = [np.zeros((1, units), np.float32) for _ in range(2)]
    model.predict([token, *carried], verbose=0)
    started = time.perf_counter()
    for _ in range(length):
        logits, *carried = model.predict([token, *carried], verbose=0)
        token[0, 0] = logits[0].argmax()
    return length / (time.perf_counter() - started)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="exported model")
    parser.add_argument("--length", type=int, default=4000, help="characters to write")
    parser.add_argument("--predict_length", type=int, default=100, help="calls of model.predict")
    parser.add_argument("--units", type=int, default=512, help="size of the compared model")
    options = parser.parse_args()
    version = latest_version(Path(options.model))
    command = [sys.executable, "-c", SERVED, str(version), str(options.length)]
    subprocess.run(command, check=True)
    rate = predict_loop(options.units, 66, options.predict_length)
    print(f"a loop over model.predict: {options.predict_length} characters, {rate:,.0f} a second")


if __name__ == "__main__":
    main()
