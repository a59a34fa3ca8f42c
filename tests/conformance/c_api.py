"""Serve SavedModels through TensorFlow's C API: the loader that TensorFlow Serving itself uses.

Python's `tf.saved_model.load` goes by objects and answers from folders that no server can answer
from. Run as a script this module is the server: it loads the shared libraries of the TensorFlow
wheel by ctypes, and imports neither TensorFlow's Python, Keras nor seqsuite. Requests and answers
are pickles on its standard input and output.
"""

from __future__ import annotations

import ctypes
import importlib.util
import pickle
import select
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

ABSENT = ("tensorflow", "keras", "tf_keras", "seqsuite")
# Numbers of `TF_DataType` and of `DataType` in protocol buffers.
DTYPES = {1: np.float32, 2: np.float64, 3: np.int32, 7: object, 9: np.int64, 10: np.bool_}
STRING = 7
# ConfigProto{intra_op_parallelism_threads=2: 1, inter_op_parallelism_threads=5: 1}.
_ONE_THREAD = b"\x10\x01\x28\x01"
CODES = {1: "CANCELLED", 3: "INVALID_ARGUMENT", 8: "RESOURCE_EXHAUSTED", 9: "FAILED_PRECONDITION"}


class ServerError(Exception):
    """What a server answers instead: a status code and a message."""


class CApiServer:
    """A process that serves any number of models through the C API.

    Args:
        process: As started by :meth:`start`; as a context it ends with its standard input.
    """

    def __init__(self, process: subprocess.Popen):
        self.process = process

    @classmethod
    def start(cls) -> subprocess.Popen:
        """Start the process."""
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, __file__], stdin=pipe, stdout=pipe)

    def signatures(self, version: Path) -> dict[str, dict[str, dict[str, tuple]]]:
        """Return signature -> ``inputs`` and ``outputs`` -> name -> (dtype number, shape)."""
        return self._ask("signatures", str(version))

    def run(
        self, version: Path, signature: str, inputs: dict[str, np.ndarray], timeout: float = 60.0
    ) -> dict[str, np.ndarray]:
        """Answer one request.

        Raises:
            ServerError: The model refuses it.
            TimeoutError: No answer came in time.
        """
        return self._ask("run", str(version), signature, inputs, timeout=timeout)

    def warm_up(self, version: Path) -> dict[str, tuple[dict, dict]]:
        """Replay the warm-up requests of a version: signature -> inputs and outputs."""
        return self._ask("warm_up", str(version))

    def _ask(self, *question: Any, timeout: float = 60.0) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        pickle.dump(question, self.process.stdin)
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], timeout)[0]:
            raise TimeoutError(f"no answer in {timeout:g} s to {question[:3]}")
        is_answer, found = pickle.load(self.process.stdout)
        if not is_answer:
            raise ServerError(found)
        return found


class Output(ctypes.Structure):
    """``TF_Output``."""

    _fields_ = (("operation", ctypes.c_void_p), ("index", ctypes.c_int))


class Buffer(ctypes.Structure):
    """``TF_Buffer``."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("deallocator", ctypes.c_void_p),
    )


class Info(NamedTuple):
    """An input or output of a signature."""

    tensor: str
    dtype: int
    shape: tuple[int | None, ...]


class Library:
    """TensorFlow's C API, and the ops of TensorFlow Text, which TensorFlow Serving links."""

    def __init__(self):
        folder = package_folder("tensorflow")
        ctypes.CDLL(str(folder / "libtensorflow_framework.so.2"), ctypes.RTLD_GLOBAL)
        self.c = ctypes.CDLL(str(folder / "libtensorflow_cc.so.2"), ctypes.RTLD_GLOBAL)
        for name in (
            "NewStatus", "Message", "NewGraph", "NewSessionOptions", "NewBuffer", "AllocateTensor",
            "TensorData", "GraphOperationByName", "LoadSessionFromSavedModel", "LoadLibrary",
            "StringGetDataPointer",
        ):  # fmt: skip
            function = getattr(self.c, f"TF_{name}")
            function.restype = ctypes.c_char_p if name == "Message" else ctypes.c_void_p
        for name in ("Dim", "StringGetSize", "TensorByteSize"):
            getattr(self.c, f"TF_{name}").restype = ctypes.c_size_t
        self.status = ctypes.c_void_p(self.c.TF_NewStatus())
        for path in sorted(package_folder("tensorflow_text").glob("python/ops/_*.so")):
            self.c.TF_LoadLibrary(str(path).encode(), self.status)
            self.check()

    def check(self) -> None:
        """Raise the error that the last call left in the status."""
        code = self.c.TF_GetCode(self.status)
        if code:
            message = self.c.TF_Message(self.status).decode("utf-8", "replace")
            raise ServerError(f"{CODES.get(code, code)}: {message}")

    def to_tensor(self, values: np.ndarray, dtype: int) -> ctypes.c_void_p:
        """Return a tensor of an array; of strings, an array of bytes objects."""
        values = np.ascontiguousarray(values, DTYPES[dtype])
        sizes = (ctypes.c_int64 * values.ndim)(*values.shape)
        num_bytes = values.size * 24 if dtype == STRING else values.nbytes
        tensor = ctypes.c_void_p(
            self.c.TF_AllocateTensor(dtype, sizes, values.ndim, ctypes.c_size_t(num_bytes))
        )
        data = self.c.TF_TensorData(tensor)
        if dtype == STRING:
            for place, text in enumerate(values.ravel()):
                text = text.encode() if isinstance(text, str) else bytes(text)
                string = ctypes.c_void_p(data + 24 * place)
                self.c.TF_StringInit(string)
                self.c.TF_StringCopy(string, text, ctypes.c_size_t(len(text)))
        elif num_bytes:
            ctypes.memmove(data, values.ctypes.data, num_bytes)
        return tensor

    def to_array(self, tensor: ctypes.c_void_p) -> np.ndarray:
        """Return the array of a tensor."""
        dtype = self.c.TF_TensorType(tensor)
        shape = [self.c.TF_Dim(tensor, axis) for axis in range(self.c.TF_NumDims(tensor))]
        data, size = self.c.TF_TensorData(tensor), int(np.prod(shape))
        if dtype == STRING:
            values = np.empty(size, object)
            for place in range(size):
                string = ctypes.c_void_p(data + 24 * place)
                start = self.c.TF_StringGetDataPointer(string)
                values[place] = ctypes.string_at(start, self.c.TF_StringGetSize(string))
            return values.reshape(shape)
        content = ctypes.string_at(data, self.c.TF_TensorByteSize(tensor)) if size else b""
        return np.frombuffer(content, DTYPES[dtype]).reshape(shape)


class Model:
    """A SavedModel in a session.

    Args:
        library: The C API.
        version: Its folder.
    """

    def __init__(self, library: Library, version: str):
        self.library, c = library, library.c
        self.graph, meta = ctypes.c_void_p(c.TF_NewGraph()), ctypes.c_void_p(c.TF_NewBuffer())
        tags = (ctypes.c_char_p * 1)(b"serve")
        options = ctypes.c_void_p(c.TF_NewSessionOptions())
        # One thread of each kind: models as small as those of tests only wait for more.
        c.TF_SetConfig(options, _ONE_THREAD, ctypes.c_size_t(len(_ONE_THREAD)), library.status)
        self.session = ctypes.c_void_p(
            c.TF_LoadSessionFromSavedModel(
                options, None, version.encode(), tags, 1, self.graph, meta, library.status
            )
        )
        library.check()
        buffer = ctypes.cast(meta, ctypes.POINTER(Buffer)).contents
        self.signatures = read_signatures(ctypes.string_at(buffer.data, buffer.length))

    def run(self, signature: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Answer one request, every input named, as a server does."""
        known, wanted = self.signatures[signature]
        if inputs.keys() != known.keys():
            raise ServerError(f"INVALID_ARGUMENT: inputs are {sorted(known)}")
        library, c = self.library, self.library.c
        sources = (Output * len(inputs))(*(self._output(known[name]) for name in inputs))
        targets = (Output * len(wanted))(*map(self._output, wanted.values()))
        values = [library.to_tensor(inputs[name], known[name].dtype) for name in inputs]
        given = (ctypes.c_void_p * len(values))(*values)
        found = (ctypes.c_void_p * len(wanted))()
        c.TF_SessionRun(
            self.session, None, sources, given, len(values), targets, found, len(wanted),
            None, 0, None, library.status,
        )  # fmt: skip
        try:
            library.check()
            return {
                name: library.to_array(ctypes.c_void_p(tensor))
                for name, tensor in zip(wanted, found, strict=True)
            }
        finally:
            for tensor in (*given, *found):
                if tensor:
                    c.TF_DeleteTensor(ctypes.c_void_p(tensor))

    def _output(self, info: Info) -> Output:
        name, _, index = info.tensor.partition(":")
        operation = self.library.c.TF_GraphOperationByName(self.graph, name.encode())
        return Output(operation, int(index))


def package_folder(name: str) -> Path:
    """Return where a package lies, without importing it."""
    specification = importlib.util.find_spec(name)
    assert specification is not None
    assert specification.submodule_search_locations is not None
    return Path(specification.submodule_search_locations[0])


def fields(message: bytes) -> dict[int, list[Any]]:
    """Return the fields of a protocol buffer: number -> integers, or bytes."""
    found: dict[int, list[Any]] = {}
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(message):
        number, kind = divmod(varint(), 8)
        if kind == 0:
            value: Any = varint()
        else:
            size = {1: 8, 2: None, 5: 4}[kind]
            size = varint() if size is None else size
            value = message[place : place + size]
            place += size
        found.setdefault(number, []).append(value)
    return found


def entries(messages: list[bytes]) -> dict[str, bytes]:
    """Return a map of protocol buffers."""
    pairs = map(fields, messages)
    return {pair[1][0].decode(): pair.get(2, [b""])[0] for pair in pairs}


def read_shape(message: bytes) -> tuple[int | None, ...]:
    """Return a ``TensorShapeProto``; None where an axis has any size."""
    sizes = [fields(dim).get(1, [0])[0] for dim in fields(message).get(2, [])]
    return tuple(None if size >= 1 << 63 else size for size in sizes)


def read_signatures(meta_graph: bytes) -> dict[str, tuple[dict[str, Info], dict[str, Info]]]:
    """Return the signatures of a ``MetaGraphDef``: name -> inputs and outputs."""
    found = {}
    for name, content in entries(fields(meta_graph)[5]).items():
        if name == "__saved_model_init_op":
            continue
        sides = []
        for side in (1, 2):
            infos = {key: fields(info) for key, info in entries(fields(content)[side]).items()}
            sides.append(
                {
                    key: Info(info[1][0].decode(), info[2][0], read_shape(info.get(3, [b""])[0]))
                    for key, info in infos.items()
                }
            )
        found[name] = (sides[0], sides[1])
    return found


def read_records(path: Path) -> list[bytes]:
    """Return the records of a TFRecord file."""
    content, place, records = path.read_bytes(), 0, []
    while place < len(content):
        (size,) = struct.unpack_from("<Q", content, place)
        records.append(content[place + 12 : place + 12 + size])
        place += 16 + size
    return records


def read_tensor(message: bytes) -> np.ndarray:
    """Return the array of a ``TensorProto``."""
    content = fields(message)
    dtype, shape = content[1][0], read_shape(content.get(2, [b""])[0])
    if dtype == STRING:
        values = np.empty(len(content.get(8, [])), object)
        values[:] = content.get(8, [])
    elif 4 in content:
        values = np.frombuffer(content[4][0], DTYPES[dtype])
    else:
        # Few numbers stand in a packed field of their type: floats, doubles, int32, int64, bool.
        packed = b"".join(content.get({1: 5, 2: 6, 3: 7, 9: 10, 10: 11}[dtype], []))
        if dtype in (1, 2):
            values = np.frombuffer(packed, DTYPES[dtype])
        else:
            numbers = fields(b"".join(b"\x08" + part for part in varints(packed))).get(1, [])
            values = np.array(numbers, np.uint64).astype(DTYPES[dtype])
    size = int(np.prod(shape))
    # The last of them stands for all that follow.
    return np.append(values, values[-1:].repeat(size - len(values))).reshape(shape)


def varints(packed: bytes) -> list[bytes]:
    """Return the encoded numbers of a packed field."""
    parts, begin = [], 0
    for place, byte in enumerate(packed):
        if byte < 0x80:
            parts.append(packed[begin : place + 1])
            begin = place + 1
    return parts


def read_warm_up(version: str) -> list[tuple[str, dict[str, np.ndarray]]]:
    """Return the warm-up requests of a version: signature and inputs."""
    path = Path(version) / "assets.extra" / "tf_serving_warmup_requests"
    requests = []
    for record in read_records(path):
        request = fields(fields(fields(record)[6][0])[1][0])
        signature = fields(request[1][0])[3][0].decode()
        inputs = {key: read_tensor(value) for key, value in entries(request[2]).items()}
        requests.append((signature, inputs))
    return requests


class Service:
    """Answers the questions of :class:`CApiServer`."""

    def __init__(self):
        self.library = Library()
        self.models: dict[str, Model] = {}

    def model(self, version: str) -> Model:
        """Return a model, loaded once."""
        if version not in self.models:
            self.models[version] = Model(self.library, version)
        return self.models[version]

    def signatures(self, version):
        return {
            name: {
                side: {key: (info.dtype, info.shape) for key, info in infos.items()}
                for side, infos in zip(("inputs", "outputs"), sides, strict=True)
            }
            for name, sides in self.model(version).signatures.items()
        }

    def run(self, version, signature, inputs):
        return self.model(version).run(signature, inputs)

    def warm_up(self, version):
        model = self.model(version)
        return {name: (inputs, model.run(name, inputs)) for name, inputs in read_warm_up(version)}


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the questions end."""
    service = Service()
    while True:
        try:
            name, *arguments = pickle.load(questions)
        except EOFError:
            return
        try:
            answer = (True, getattr(service, name)(*arguments))
        except ServerError as error:
            answer = (False, str(error))
        loaded = sorted(set(ABSENT) & {name.split(".")[0] for name in sys.modules})
        if loaded:
            answer = (False, f"a server has no {', '.join(loaded)}")
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
