"""Text read and written step by step is the text that is answered at once."""

import json

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.tasks.char_lm.character_stream import SYMBOLS_FILE, CharacterStream, written
from tests.clients import lay_files
from tests.tasks.char_lm.character_models import TEXT, make


class Exported:
    """What an `ExportedModel` is, without the file."""

    def __init__(self, folder, **settings):
        self.task, self.preprocessor, model = make(**settings)
        serving = self.task.serving(self.preprocessor, model)
        # One function per signature, as in an exported model.
        self.functions = {
            frozenset(inputs): tf.function(serving.function, input_signature=[inputs])
            for inputs in serving.signatures.values()
        }
        self.folder = lay_files(serving, folder)
        self.signature = serving.signatures["step"]

    def serve(self, **features):
        return dict(self.functions[frozenset(features)](features))

    def stream(self, rows=1):
        return CharacterStream(self.serve, self.folder, self.signature, rows)

    def request(self, prompt, **values):
        defaults = {"length": 15, "temperature": 1.0, "top_k": 0, "top_p": 1.0, "seed": 0}
        return {"prompt": prompt, **defaults, **values}

    def written(self, prompt, **values):
        return list(
            written(self.serve, self.folder, self.request(prompt, **values), self.signature)
        )

    def at_once(self, prompt, **values):
        types = {"prompt": tf.string, "temperature": tf.float32, "top_p": tf.float32}
        request = {
            name: tf.constant([value], types.get(name, tf.int32))
            for name, value in self.request(prompt, **values).items()
        }
        return self.serve(**request)["text"].numpy()[0].decode("utf-8", "replace")


@pytest.fixture(scope="module")
def characters(tmp_path_factory):
    return Exported(tmp_path_factory.mktemp("characters"), num_layers=2, connection="residual")


@pytest.fixture(scope="module")
def byte_level(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bytes")
    return Exported(folder, cell="gru", unit="byte", text=TEXT + "ü☃é" * 9)


def test_symbols_are_written_beside_the_model(characters, byte_level):
    record = json.loads((characters.folder / SYMBOLS_FILE).read_text(encoding="utf-8"))
    assert record["unit"] == "character"
    assert "".join(map(chr, record["symbols"])) == "".join(sorted(set(TEXT)))
    assert byte_level.stream().unit == "byte"
    assert byte_level.stream().alphabet == sorted(set((TEXT + "ü☃é").encode()))


def test_states_are_kept_between_pieces(characters):
    whole = characters.stream().read(["the door, in the end"])
    stream = characters.stream()
    for piece in ("the d", "", "o", "or, in the ", "end"):
        found = stream.read([piece])
    np.testing.assert_allclose(found, whole, atol=1e-5)


def test_rows_are_read_side_by_side_and_forgotten_by_a_new_stream(characters):
    stream = characters.stream(rows=2)
    stream.read(["the ", "nobody "])
    both = stream.read(["door", ""])
    np.testing.assert_allclose(both[:1], characters.stream().read(["the door"]), atol=1e-5)
    np.testing.assert_allclose(both[1:], characters.stream().read(["nobody "]), atol=1e-5)


@pytest.mark.parametrize("kind", ["characters", "byte_level"])
def test_each_piece_is_read_as_its_own_id(kind, request):
    exported = request.getfixturevalue(kind)
    stream = exported.stream()
    ids = exported.preprocessor({"text": tf.constant(stream.pieces.tolist())})
    assert ids["length"].numpy().tolist() == [1] * len(stream.pieces)
    assert ids["token_ids"].numpy()[:, 0].tolist() == list(range(len(stream.pieces)))


def test_with_all_bytes_known_every_byte_is_a_piece(tmp_path):
    text = bytes(range(256)).decode("latin-1")
    (tmp_path / SYMBOLS_FILE).write_text(
        json.dumps({"unit": "byte", "symbols": list(range(256))}), encoding="utf-8"
    )
    stream = CharacterStream(lambda **_: {}, tmp_path, {"characters": "string[batch]"})
    assert stream.pieces[1:].tolist() == [bytes([ord(c)]) for c in text]
    assert len(stream.pieces[0]) == 1


@pytest.mark.full(default=12)
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"seed": 5, "temperature": 0.6},
        {"temperature": 0.0},
        {"top_k": 3, "seed": 2},
        {"top_p": 0.7, "seed": 3},
        {"length": 0},
        {"length": 1, "seed": 9},
        {"temperature": 3.0, "length": 40},
    ],
    ids=str,
)
@pytest.mark.parametrize("prompt", ["the ", "", "☃ ü"])
@pytest.mark.parametrize("kind", ["characters", "byte_level"])
def test_what_is_written_piece_by_piece_is_what_is_answered_at_once(kind, prompt, values, request):
    exported = request.getfixturevalue(kind)
    pieces = exported.written(prompt, **values)
    assert "".join(pieces) == exported.at_once(prompt, **values)


def test_characters_come_one_by_one(characters):
    pieces = [piece for piece in characters.written("the ") if piece]
    assert len(pieces) == 15
    assert {len(piece) for piece in pieces} == {1}


def test_half_a_character_waits_for_its_other_half(byte_level):
    """Bytes at random make broken characters; nothing of them is lost, nothing breaks off."""
    for seed in range(6):
        values = {"temperature": 30.0, "length": 30, "seed": seed}
        text = "".join(byte_level.written("a", **values))
        assert text == byte_level.at_once("a", **values)
    assert "\ufffd" in text or len(text) < 30
