"""Run a SavedModel in an interpreter that finds neither Keras nor seqsuite, as a server does.

Run as a script: the model's folder as argument; on standard input JSON ``{signature: {input:
values}}``; on standard output JSON ``{signature: {output: values}}``.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path


class Without:
    """A finder that does not find what a server does not have."""

    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("keras", "seqsuite", "tf_keras"):
            return None
        return self.finder.find_spec(name, path, target)


def serve_alone(version: Path, requests: dict) -> dict:
    """Answer ``{signature: {input: values}}`` in a fresh interpreter."""
    process = subprocess.run(
        [sys.executable, __file__, str(version)],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(process.stdout.splitlines()[-1])


def plain(value):
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return [plain(item) for item in value] if isinstance(value, list) else value


def main() -> None:
    sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
    for absent in ("keras", "seqsuite"):
        try:
            __import__(absent)
        except ImportError:
            continue
        raise SystemExit(f"{absent} can be imported")
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(sys.argv[1])
    except (OSError, RuntimeError, tf.errors.OpError) as error:
        if "Op type not registered" not in str(error):
            raise
        # A server links the ops of TensorFlow Text; its Python package would import Keras.
        package = importlib.util.find_spec("tensorflow_text").submodule_search_locations[0]
        for library in sorted(Path(package).glob("python/ops/_*.so")):
            tf.load_op_library(str(library))
        loaded = tf.saved_model.load(sys.argv[1])
    answers = {}
    for name, inputs in json.load(sys.stdin).items():
        function = loaded.signatures[name]
        named = function.structured_input_signature[1]
        tensors = {key: tf.constant(value, named[key].dtype) for key, value in inputs.items()}
        outputs = function(**tensors)
        answers[name] = {key: plain(value.numpy().tolist()) for key, value in outputs.items()}
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
