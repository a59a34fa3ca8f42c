"""Wav files of every kind in one batch, in which no bad one disturbs the others."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from seqsuite.tasks.speech_recognition.resampling_graph import resample
from seqsuite.tasks.speech_recognition.wav_graph import decode_waves

RATE = 8000
SAMPLES = np.random.default_rng(0).uniform(-0.99, 0.99, 501)
KINDS = {"PCM_U8": 1 / 127, "PCM_16": 2**-15, "PCM_24": 2**-23, "PCM_32": 1e-7, "FLOAT": 1e-7}


def written(samples=SAMPLES, rate=RATE, kind="PCM_16", container="WAV") -> bytes:
    """A file as soundfile writes it."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, subtype=kind, format=container)
    return file.getvalue()


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    told = len(body) if size is None else size
    return name + struct.pack("<I", told) + body + b"\0" * (len(body) % 2)


def riff(*chunks: bytes, size: int | None = None) -> bytes:
    return chunk(b"RIFF", b"WAVE" + b"".join(chunks), size)


def form(tag=1, channels=1, rate=RATE, bits=16) -> bytes:
    width = channels * -(-bits // 8)
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, 0, width, bits))


INTEGERS = np.array([0, 1, -1, 32767, -32768], "<i2")
DATA = chunk(b"data", INTEGERS.tobytes())
GOOD = riff(form(), DATA)


@pytest.fixture(scope="module")
def decoder():
    return tf.function(
        lambda audio: decode_waves(audio, RATE),
        input_signature=[tf.TensorSpec([None], tf.string)],
        autograph=False,
    )


@pytest.fixture(scope="module")
def decode(decoder):
    """Decode files in one batch: the samples of each, and its problem."""

    def run(*files):
        samples, lengths, problems = (
            np.array(part) for part in decoder(tf.constant(files, tf.string))
        )
        assert samples.dtype == "float32"
        assert lengths.dtype == "int32"
        assert samples.shape == (len(files), max([*lengths, 0]))
        assert not samples[np.arange(samples.shape[1]) >= lengths[:, None]].any()
        rows = [row[:length] for row, length in zip(samples, lengths, strict=True)]
        return rows, [problem.decode() for problem in problems]

    return run


@pytest.mark.parametrize("container", ["WAV", "WAVEX"])
def test_all_encodings_are_read(decode, container):
    kinds = {**KINDS, "DOUBLE": 1e-7}
    rows, problems = decode(*[written(kind=kind, container=container) for kind in kinds])
    assert problems == [""] * len(kinds)
    for row, tolerance in zip(rows, kinds.values(), strict=True):
        np.testing.assert_allclose(row, SAMPLES, atol=tolerance)


def test_the_smallest_and_largest_values_are_exact(decode):
    bytes_of_8 = riff(form(bits=8), chunk(b"data", bytes([0, 128, 255])))
    of_24 = riff(form(bits=24), chunk(b"data", bytes([0, 0, 128, 255, 255, 127, 255, 255, 255])))
    of_32 = riff(form(bits=32), chunk(b"data", struct.pack("<ii", -(2**31), 2**30)))
    of_12 = riff(form(bits=12), DATA)  # in the upper bits of two bytes
    rows, _ = decode(GOOD, bytes_of_8, of_24, of_32, of_12)
    np.testing.assert_array_equal(rows[0], np.array([0, 1, -1, 32767, -32768]) / 2**15)
    np.testing.assert_array_equal(rows[1], np.array([-1, 0, 127 / 128], "float32"))
    np.testing.assert_array_equal(rows[2], np.array([-1, (2**23 - 1) / 2**23, -(2**-23)]))
    np.testing.assert_array_equal(rows[3], [-1, 0.5])
    np.testing.assert_array_equal(rows[4], rows[0])


@pytest.mark.parametrize("channels", [2, 3, 6])
def test_channels_are_averaged(decode, channels):
    samples = np.random.default_rng(1).uniform(-1, 1, (99, channels))
    rows, _ = decode(written(samples, kind="FLOAT"), written(samples, kind="PCM_24"))
    for row in rows:
        np.testing.assert_allclose(row, samples.mean(axis=1), atol=1e-6)


def test_floats_are_clipped_and_never_not_a_number(decode):
    values = np.array([0.5, np.nan, np.inf, -np.inf, -7.0, 1e-40], "<f4")
    wide = chunk(b"data", values.astype("<f8").tobytes())
    rows, _ = decode(
        riff(form(3, bits=32), chunk(b"data", values.tobytes())), riff(form(3, bits=64), wide)
    )
    for row in rows:
        np.testing.assert_allclose(row, [0.5, 0, 0, 0, -1, 0], atol=1e-30)


def test_chunks_come_in_any_order(decode):
    listed = chunk(b"LIST", b"INFOodd")
    assert len(listed) % 2 == 0
    files = [
        riff(listed, form(), listed, DATA, listed),
        riff(DATA, form()),
        riff(chunk(b"JUNK", b""), chunk(b"odd ", b"x"), form(), DATA),
        # A longer format chunk, and a chunk whose content looks like another one.
        riff(chunk(b"fmt ", form()[8:] + b"\0\0"), chunk(b"LIST", b"data\2\0\0\0ab"), DATA),
    ]
    rows, problems = decode(*files)
    assert problems == [""] * len(files)
    for row in rows:
        np.testing.assert_array_equal(row, INTEGERS / 2**15)


def test_what_is_there_counts_where_sizes_are_wrong(decode):
    unknown, body = 0xFFFFFFFF, INTEGERS.tobytes()
    full = {
        "data cut off": riff(form(), DATA)[:-2],
        "half a sample": riff(form(), DATA)[:-1],
        "larger than the file": riff(form(), chunk(b"data", body, 10**6)),
        "unknown": riff(form(), chunk(b"data", body, unknown), size=unknown),
        "never filled in": riff(form(), chunk(b"data", body, 0), size=0),
        "unknown file, no data size": riff(form(), chunk(b"data", body, 0), size=unknown),
        "sizes of the bare header": riff(form(), chunk(b"data", body, 0), size=36),
        "file size wrong": riff(form(), DATA, size=7),
    }
    rows, problems = decode(*full.values())
    assert problems == [""] * len(full)
    for name, row in zip(full, rows, strict=True):
        count = 4 if name in ("data cut off", "half a sample") else 5
        np.testing.assert_array_equal(row, INTEGERS[:count] / 2**15, err_msg=name)


BAD = {
    "": "not a wav file",
    "R": "not a wav file",
    "garbage of some length": "not a wav file",
    b"RIFX" + GOOD[4:]: "not a wav file",
    written(container="FLAC"): "not a wav file",
    GOOD[:12]: "no samples",
    GOOD[:30]: "no samples",
    GOOD[:44]: "no samples",
    riff(form()): "no samples",
    riff(DATA): "no samples",
    riff(form(), chunk(b"data", b"")): "no samples",
    riff(form(), chunk(b"data", b""), chunk(b"LIST", b"INFO")): "no samples",
    riff(form(), chunk(b"data", b"x")): "no samples",
    riff(chunk(b"zero", b"") * 5000, form(), DATA): "no samples",
    riff(form(channels=0), DATA): "no channels",
    riff(form(rate=0), DATA): "a sample rate of 0 hertz",
    riff(form(rate=2**32 - 1), DATA): "a sample rate of 4294967295 hertz",
    riff(form(bits=0), DATA): "wav format 1 of 0 bits",
    riff(form(bits=64), DATA): "wav format 1 of 64 bits",
    riff(form(0xFFFE), DATA): "wav format 0 of 16 bits",
    written(kind="ULAW"): "wav format 7 of 8 bits",
    written(kind="IMA_ADPCM"): "wav format 17 of 4 bits",
}


def test_a_bad_file_is_told_and_loses_no_other(decode):
    files = [GOOD, *BAD, GOOD]
    rows, problems = decode(*files)
    assert problems == ["", *BAD.values(), ""]
    assert [len(row) for row in rows] == [5, *[0] * len(BAD), 5]
    np.testing.assert_array_equal(rows[-1], INTEGERS / 2**15)


def test_a_file_cut_off_anywhere_never_fails(decode):
    whole = written(SAMPLES[:20], kind="PCM_24", container="WAVEX")
    rows, problems = decode(*[whole[:end] for end in range(0, len(whole) + 1)])
    for row, problem in zip(rows, problems, strict=True):
        assert (problem == "") == (len(row) > 0)
        np.testing.assert_allclose(row, SAMPLES[: len(row)], atol=1e-6)
    assert len(rows[-1]) == 20


def test_a_batch_of_bad_files_or_of_none_has_no_samples(decode):
    assert decode("bad", "worse")[1] == ["not a wav file"] * 2
    assert decode() == ([], [])


def test_another_rate_is_resampled(decode):
    rows, problems = decode(written(rate=44100), written(rate=11025), written())
    assert problems == ["", "", ""]
    for row, rate in zip(rows, (44100, 11025, RATE), strict=True):
        expected = resample(tf.constant(SAMPLES, tf.float32), rate, RATE)
        np.testing.assert_allclose(row, expected, atol=1e-4)


def test_it_is_exported_and_read_back_without_autograph(decoder, tmp_path):
    module = tf.Module()
    module.decode = decoder
    tf.saved_model.save(module, str(tmp_path / "decoder"))
    again = tf.saved_model.load(str(tmp_path / "decoder"))
    files = tf.constant([GOOD, "bad", written(rate=44100)])
    for found, expected in zip(again.decode(files), decoder(files), strict=True):
        np.testing.assert_array_equal(found, expected)
