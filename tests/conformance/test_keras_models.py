"""The `model.keras` of a run loads where `seqsuite.layers` alone is imported."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.data.batching import batch_dataset
from seqsuite.training.keras_model import save_keras_model

LOADER = """
import sys
import keras, numpy as np
import seqsuite.layers

assert not [name for name in sys.modules if name.startswith(("seqsuite.tasks", "seqsuite.models"))]
for line in sys.stdin:
    folder = line.strip()
    model = keras.saving.load_model(f"{folder}/model.keras")
    inputs = dict(np.load(f"{folder}/inputs.npz"))
    outputs = keras.tree.flatten(model(inputs, training=False))
    np.savez(f"{folder}/outputs.npz", *map(np.asarray, outputs))
    print("done", flush=True)
"""


@pytest.fixture(scope="module")
def loader():
    """A process that answers with the `model.keras` of a folder."""
    words = [sys.executable, "-c", LOADER]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, **pipes) as process:
        yield process
        process.stdin.close()


@pytest.mark.full
def test_it_answers_as_the_model_does(prepared, untrained, loader, tmp_path):
    task, _, _, encoded = prepared
    network = getattr(untrained, "model", untrained)
    plan = encoded.plan(task.config.training)
    features = next(iter(batch_dataset(encoded, [plan[0][:3]])))[0]
    given = {name: value.numpy() for name, value in features.items()}
    rows = len(next(iter(given.values())))
    inputs = {
        name: given[name] if name in given else np.ones((rows, *tensor.shape[1:]), tensor.dtype)
        for name, tensor in network.input.items()
    }
    np.savez(tmp_path / "inputs.npz", **inputs)
    save_keras_model(untrained, tmp_path / "model.keras")
    assert {path.name for path in tmp_path.iterdir()} == {"inputs.npz", "model.keras"}
    loader.stdin.write(f"{tmp_path}\n")
    loader.stdin.flush()
    assert loader.stdout.readline() == "done\n"
    network = keras.Model(network.input, network.output)
    tensors = {name: tf.constant(value) for name, value in inputs.items()}
    outputs = keras.tree.flatten(network(tensors, training=False))
    with np.load(tmp_path / "outputs.npz") as loaded:
        assert len(loaded) == len(outputs)
        for ours, theirs in zip(outputs, loaded.values(), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-6)
