"""Export to a SavedModel for TensorFlow Serving on a CPU, independent of the training machine.

The SavedModel holds the graph from raw inputs to decoded outputs, runs without seqsuite and Keras,
and contains warm-up requests that the server replays before it takes traffic.
"""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tensorflow.types.experimental import ConcreteFunction

from seqsuite.config import to_toml
from seqsuite.errors import EnvironmentFailure
from seqsuite.preprocessor import Preprocessor
from seqsuite.serving import warm_up
from seqsuite.serving.limits import same_rows
from seqsuite.serving.versions import next_version
from seqsuite.task import CONFIG_FILE, EXTRA_FOLDER, Serving, Task

WARM_UP_FILE = f"{EXTRA_FOLDER}/tf_serving_warmup_requests"

# Stateful and accelerator-only ops must not be in a served graph.
_FORBIDDEN_OPS = ("Cudnn", "Random", "Assign")


def export(
    task: Task,
    preprocessor: Preprocessor,
    model: keras.Model,
    directory: str | Path,
    serving: Serving | None = None,
) -> Path:
    """Write the next version of a served model below ``directory``.

    Args:
        task: The task.
        preprocessor: Its adapted preprocessor.
        model: Its trained model.
        directory: Folder of versions, as TensorFlow Serving's ``base_path``.
        serving: Function, signatures and files to export; None: those of the task.

    Returns:
        The version's folder, ``directory/<version>``.

    Raises:
        EnvironmentFailure: If the folder cannot be written.
    """
    directory = Path(directory)
    use_cpu_kernels(model)
    serving = serving or task.serving(preprocessor, model)
    signatures = serving_functions(serving)
    module = tracked(signatures, preprocessor, model)
    files = {CONFIG_FILE: to_toml(task.config)}
    for name, content in serving.files().items():
        files[f"{EXTRA_FOLDER}/{name}"] = content
    requests = {name: _typed(inputs, signatures[name]) for name, inputs in serving.requests.items()}
    # The server polls the folder, so a version must appear complete or not at all.
    partial = directory / f".{uuid.uuid4().hex}.partial"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        tf.saved_model.save(module, str(partial), signatures=signatures)
        (partial / EXTRA_FOLDER).mkdir()
        for name, content in files.items():
            (partial / name).write_text(content, encoding="utf-8")
        warm_up.write_warm_up_requests(partial / WARM_UP_FILE, task.spec.name, requests)
        return _publish(partial, directory)
    except (OSError, tf.errors.OpError) as error:
        raise EnvironmentFailure(
            f"Could not write the exported model below {directory}: {error}. "
            "Choose a writable folder with --output DIR."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def tracked(
    signatures: dict[str, ConcreteFunction], preprocessor: Preprocessor, model: keras.Model
) -> tf.Module:
    """Return a module that tracks the variables and tables of signatures.

    For a tracked Keras object, Keras exports a second copy of each variable. The saved graph
    restores the copies but the signatures read the originals, so requests to TensorFlow Serving
    fail (tensorflow#72963, keras#20095).

    Args:
        signatures: Concrete functions by name.
        preprocessor: The preprocessor that they call.
        model: The model that they call.
    """
    # A dict keeps the order of captures, which is the same in every process.
    captured = {id(tensor): tensor for f in signatures.values() for tensor, _ in f.graph.captures}
    owner = tf.Module()
    owner.preprocessor, owner.model = preprocessor, model
    module = tf.Module()
    variables = {id(v.handle): v for f in signatures.values() for v in f.graph.variables}
    module.variables_read = [variables[i] for i in captured if i in variables]
    module.tables_read = [
        part
        for part in tf.train.TrackableView(owner).descendants()
        if isinstance(part, tf.saved_model.experimental.TrackableResource)
        and id(part.resource_handle) in captured
    ]
    return module


def _typed(
    inputs: dict[str, np.ndarray | list], function: ConcreteFunction
) -> dict[str, np.ndarray]:
    """Return a request in the dtypes of a signature.

    Raises:
        RuntimeError: If it has other inputs; a server that replays it would not start.
    """
    named = function.structured_input_signature[1]
    if named.keys() != inputs.keys():
        raise RuntimeError(f"A warm-up request has {sorted(inputs)} for {sorted(named)}.")
    return {
        name: np.array(values, named[name].dtype.as_numpy_dtype) for name, values in inputs.items()
    }


def _publish(partial: Path, directory: Path) -> Path:
    """Rename a complete version to the next number, safely beside concurrent exports."""
    for path in (*partial.rglob("*"), partial):
        # A file that is renamed before it is on disk may be empty after a power failure.
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    while True:
        version = next_version(directory)
        try:
            # Renaming never replaces a folder that is not empty.
            partial.rename(version)
        except OSError:
            if not version.exists():
                raise
        else:
            return version


def use_cpu_kernels(model: keras.Model) -> None:
    """Disable cuDNN in every recurrent layer of a model.

    Keras selects cuDNN during tracing, so a graph from a GPU machine does not load elsewhere.
    """
    for layer in model._flatten_layers():
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False


def check_servable(function: ConcreteFunction) -> None:
    """Check that a concrete function has no random, assigning or cuDNN op.

    Raises:
        RuntimeError: If it has one, for instance of a layer in training mode.
    """
    names = {op.type for op in function.graph.get_operations()}
    for definition in function.graph.as_graph_def().library.function:
        names |= {node.op for node in definition.node_def}
    ops = sorted(name for name in names if any(word in name for word in _FORBIDDEN_OPS))
    if ops:
        raise RuntimeError(
            f"The served graph must not contain {ops}: it would not be reproducible."
        )


def serving_functions(serving: Serving) -> dict[str, ConcreteFunction]:
    """Return the concrete function of each signature, checked to be servable.

    Args:
        serving: What is exported.

    Raises:
        RuntimeError: If one has a random, assigning or cuDNN op.
    """

    def serve(**features):
        features = same_rows(features)
        rows = tf.shape(next(iter(features.values())))[0]
        # An empty batch runs as one row, which is dropped, so layers need not support it.
        padded = {name: _at_least_one_row(value) for name, value in features.items()}
        return {name: value[:rows] for name, value in serving.function(padded).items()}

    server = tf.function(serve, autograph=False)
    functions = {}
    for name, inputs in serving.signatures.items():
        functions[name] = server.get_concrete_function(**inputs)
        check_servable(functions[name])
    return functions


def _at_least_one_row(values: tf.Tensor) -> tf.Tensor:
    missing = tf.maximum(0, 1 - tf.shape(values)[0])
    padded = tf.pad(values, [[0, missing], *[[0, 0]] * (values.shape.rank - 1)],
                    constant_values="" if values.dtype == tf.string else 0)  # fmt: skip
    padded.set_shape(values.shape)
    return padded
