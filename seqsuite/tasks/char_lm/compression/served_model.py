"""An exported character language model as the coder's model."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqsuite.errors import UserError
from seqsuite.serving import exported_model
from seqsuite.tasks.char_lm.character_stream import SYMBOLS_FILE, CharacterStream

if TYPE_CHECKING:
    from seqsuite.serving.exported_model import ExportedModel


class ServedSymbolModel:
    """An exported model as the coder asks it: one character of each lane at a time.

    Encoder and decoder call the same graph with the same number of rows in the same order, so on
    one machine they get the same probabilities, bit by bit, whatever process they run in.

    Args:
        server: The exported model.
    """

    unknown_id = 0

    def __init__(self, server: ExportedModel):
        self.fingerprint = _fingerprint(server.version)
        self._open = partial(CharacterStream, server, server.extra, server.signatures["step"])
        self._stream = self._open()
        self.symbols = [-1, *self._stream.alphabet]
        self.byte_level = self._stream.unit == "byte"

    def start(self, lanes: int) -> np.ndarray:
        """Forget everything and return float ``(lanes, symbols)``."""
        self._stream = self._open(rows=lanes)
        return self._stream.read([b""] * lanes)

    def advance(self, ids: np.ndarray) -> np.ndarray:
        """Read ids ``(lanes,)`` and return float ``(lanes, symbols)`` for the next."""
        return self._stream.read(self._stream.pieces[ids])


def served_symbol_model(folder: str) -> ServedSymbolModel:
    """Return the language model of an exported model's folder.

    Raises:
        UserError: It is another task's.
    """
    server = exported_model.ExportedModel(folder)
    if not (server.extra / SYMBOLS_FILE).is_file():
        raise UserError(
            f"{server.version} is no character language model: it has no {SYMBOLS_FILE}."
        )
    return ServedSymbolModel(server)


def _fingerprint(version: Path) -> str:
    """Return a digest of all that the model's probabilities depend on."""
    digest = hashlib.sha256()
    for path in sorted([version / "saved_model.pb", *(version / "variables").glob("*.data*")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()
