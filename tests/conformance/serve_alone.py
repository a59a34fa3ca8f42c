"""Serve SavedModels in an interpreter that finds neither Keras nor seqsuite, as a server does.

Run as a script it answers each line of standard input, JSON ``{"version": folder, "requests":
{signature: {input: values}}}``, by a line of JSON: ``{"answers": {signature: {output: values}},
"shapes": {signature: [of inputs, of outputs]}}``, or ``{"error": traceback}``.
"""

import base64
import importlib.util
import json
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any


class Without:
    """A finder that does not find what a server does not have."""

    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("keras", "seqsuite", "tf_keras"):
            return None
        return self.finder.find_spec(name, path, target)


class LoneServer:
    """An interpreter that answers for any number of models: it imports TensorFlow only once."""

    def __init__(self, process: subprocess.Popen):
        self.process = process

    @classmethod
    def start(cls) -> subprocess.Popen:
        """Start the interpreter; as a context it ends with its standard input."""
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, __file__], stdin=pipe, stdout=pipe, text=True)

    def ask(self, version: Path, requests: dict) -> tuple[dict, dict]:
        """Return the answers to ``{signature: {input: values}}``, and the shapes by signature."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(
            json.dumps({"version": str(version), "requests": requests}, default=in_text),
            file=self.process.stdin,
            flush=True,
        )
        found = json.loads(self.process.stdout.readline())
        assert "error" not in found, found["error"]
        return found["answers"], found["shapes"]


def in_text(value: bytes) -> dict[str, str]:
    """Return bytes that are no text, such as those of a wav file, as JSON takes them."""
    return {"base64": base64.b64encode(value).decode()}


def from_text(value: Any) -> Any:
    if isinstance(value, dict):
        return base64.b64decode(value["base64"])
    return [from_text(item) for item in value] if isinstance(value, list) else value


def plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return [plain(item) for item in value] if isinstance(value, list) else value


def load(version: str):
    import tensorflow as tf

    try:
        return tf.saved_model.load(version)
    except (OSError, RuntimeError, tf.errors.OpError) as error:
        if "Op type not registered" not in str(error):
            raise
    # A server links the ops of TensorFlow Text; its Python package would import Keras.
    package = importlib.util.find_spec("tensorflow_text").submodule_search_locations[0]
    for library in sorted(Path(package).glob("python/ops/_*.so")):
        tf.load_op_library(str(library))
    return tf.saved_model.load(version)


def answer(version: str, requests: dict) -> dict:
    import tensorflow as tf

    loaded = load(version)
    answers, shapes = {}, {}
    for name, function in loaded.signatures.items():
        named = function.structured_input_signature[1]
        shapes[name] = [
            {key: specification.shape.as_list() for key, specification in side.items()}
            for side in (named, function.structured_outputs)
        ]
        if name in requests:
            given = {key: from_text(value) for key, value in requests[name].items()}
            tensors = {k: tf.constant(v, named[k].dtype) for k, v in given.items()}
            outputs = function(**tensors)
            answers[name] = {key: plain(value.numpy().tolist()) for key, value in outputs.items()}
    return {"answers": answers, "shapes": shapes}


def main() -> None:
    sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
    for absent in ("keras", "seqsuite"):
        try:
            __import__(absent)
        except ImportError:
            continue
        raise SystemExit(f"{absent} can be imported")
    for line in sys.stdin:
        try:
            found = answer(**json.loads(line))
        except Exception:
            found = {"error": traceback.format_exc()}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
