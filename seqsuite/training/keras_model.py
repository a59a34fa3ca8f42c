"""The trained network as a Keras file, for use without the tasks of seqsuite."""

from __future__ import annotations

from pathlib import Path

import keras

from seqsuite.data.writing import replaced
from seqsuite.errors import EnvironmentFailure
from seqsuite.models import AdversarialModel, TruncatedBackpropagation

KERAS_FILE = "model.keras"


def save_keras_model(model: keras.Model, path: Path) -> None:
    """Write the network of a trained model, atomically.

    The file loads with ``keras.saving.load_model`` once ``seqsuite.layers`` is imported: it holds
    neither the losses and optimizer nor the wrappers of training.

    Args:
        model: A functional model, or one in a wrapper of ``seqsuite.models``.
        path: The ``.keras`` file.

    Raises:
        EnvironmentFailure: The disk is full or the folder is not writable.
    """
    try:
        with replaced(path) as partial:
            _self_contained(model).save(partial)
    except OSError as error:
        raise EnvironmentFailure(f"Could not write {path}: {error.strerror}.") from error


def _self_contained(model: keras.Model) -> keras.Model:
    """Return a copy of the network whose layers share no layer.

    Keras writes the weights of a shared layer below the first of its owners alone, and fails to
    load the second (the embedding in translation's encoder and decoder).
    """
    while isinstance(model, AdversarialModel | TruncatedBackpropagation):
        model = model.model
    network = keras.Model(model.input, model.output, name=model.name)
    copy = keras.Model.from_config(network.get_config())
    for layer in network.layers:
        copy.get_layer(layer.name).set_weights(layer.get_weights())
    return copy
