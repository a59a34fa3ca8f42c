"""Random requests to an exported model: what its inputs allow, and what no client should send."""

import numpy as np

from seqsuite.tasks.speech_recognition.serving import silent_wav
from tests.conformance.c_api import DTYPES, STRING

_INTEGERS = {np.int32: np.iinfo(np.int32), np.int64: np.iinfo(np.int64)}
_USUAL_TEXTS = [b"", b"a", b"The old teacher", b"I can see the can.", b"0.5 0.25* 1", b"g f ? c"]
_WAV = silent_wav(8000, 0.05)
_TEXTS = [
    *_USUAL_TEXTS, b"\xff\xfe", b"\xc3", b"\x00\x01\x7f", "😀 很好 ไทย".encode(), b"\xed\xa0\x80",
    "שלום עולם مرحبا".encode(), b" \t\r\n ", b"?" * 50, b"a" * 1000, "日本語".encode() * 200,
    b"1e999 -0 nan", _WAV, _WAV[:30], _WAV[:44], _WAV.replace(b"\x40\x1f\x00\x00", b"\x00" * 4),
    _WAV.replace(b"data", b"atad"), _WAV.replace(b"\x01\x00\x01\x00", b"\xff\xff\x00\x00"),
    silent_wav(192_000, 0.01), silent_wav(8000, 31), b"RIFF\xff\xff\xff\xffWAVEfmt ",
]  # fmt: skip


class RandomRequests:
    """Requests to one signature.

    Args:
        inputs: Input name -> (dtype number, shape), None where an axis has any size.
        usual: A request that has an answer, which half of the requests differ little from.
        seed: Another one, other requests.
    """

    def __init__(self, inputs, usual, seed=0):
        self.inputs = inputs
        self.usual = usual
        self.generator = np.random.default_rng(seed)

    def __call__(self):
        """Return the next request."""
        random = self.generator
        near_usual = random.random() < 0.5
        rows = (
            len(next(iter(self.usual.values()))) if near_usual else random.choice([0, 1, 2, 3, 7])
        )
        time = int(random.choice([0, 1, 2, 5, 40]))
        request = {}
        for name, (dtype, shape) in self.inputs.items():
            odd = random.random() < 0.03
            sizes = [rows + odd, time if random.random() < 0.8 else 3]
            shape = [size or sizes[min(axis, 1)] for axis, size in enumerate(shape)]
            request[name] = self._values(DTYPES[dtype], shape, dtype == STRING)
        if near_usual:
            kept = random.choice(list(self.inputs), size=len(self.inputs) - 1, replace=False)
            request |= {name: self.usual[name] for name in kept}
        return request

    def _values(self, dtype, shape, is_text):
        random, size = self.generator, int(np.prod(shape))
        is_wild = random.random() < 0.25
        if is_text:
            texts = _TEXTS if is_wild else _USUAL_TEXTS
            values = np.empty(size, object)
            values[:] = [texts[place] for place in random.integers(len(texts), size=size)]
        elif dtype in _INTEGERS:
            limits = _INTEGERS[dtype]
            wild = [limits.min, -1, 0, 1, 7, 1000, limits.max]
            values = random.choice(wild, size=size) if is_wild else random.integers(0, 5, size)
        else:
            values = random.normal(size=size)
            if is_wild:
                largest = np.finfo(dtype).max
                wild = [np.nan, np.inf, -np.inf, largest, -largest, 1e30, -0.0]
                places = random.random(size) < random.choice([0.02, 0.5])
                values = np.where(places, random.choice(wild, size=size), values)
        return values.astype(dtype).reshape(shape)
