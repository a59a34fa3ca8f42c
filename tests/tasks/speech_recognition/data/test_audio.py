"""Audio of every kind becomes int16 of one channel; what is not audio is a clear error."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.data.audio import read_blocks, read_waveform
from seqsuite.tasks.speech_recognition.data.waveforms import Waveform
from tests.tasks.speech_recognition.data.speech_files import RATE, audio_bytes, tone

INT16 = np.random.default_rng(0).integers(-32768, 32768, 2000).astype(np.int16)


def test_16_bits_at_the_wanted_rate_are_read_as_they_are(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(audio_bytes(INT16))
    found = read_waveform(path, RATE, "an id", "mary")
    np.testing.assert_array_equal(found.samples, INT16)
    assert (found.sample_rate, found.unique_id, found.speaker) == (RATE, "an id", "mary")
    assert found.seconds == 0.25
    np.testing.assert_array_equal(read_waveform(path.read_bytes(), RATE).samples, INT16)


# The largest difference in units of 16 bits: of the format's own steps, or of lossy coding.
@pytest.mark.parametrize(
    ("kind", "subtype", "tolerance"),
    [
        ("WAV", "PCM_U8", 257),
        ("WAV", "PCM_24", 1),
        ("WAV", "PCM_32", 1),
        ("WAV", "FLOAT", 1),
        ("WAV", "DOUBLE", 1),
        ("FLAC", "PCM_16", 1),
        ("FLAC", "PCM_24", 1),
        ("OGG", "VORBIS", 2000),
        ("MP3", "MPEG_LAYER_III", 4000),
    ],
)
def test_every_format_is_read(kind, subtype, tolerance):
    signal = tone(1.0)
    found = read_waveform(audio_bytes(signal, kind=kind, subtype=subtype), RATE)
    assert len(found.samples) == len(signal)
    difference = np.abs(found.samples - 32768 * signal)
    assert difference[200:-200].max() <= tolerance


def test_channels_are_averaged():
    left = np.array([100, 200, -300, 32767], np.int16)
    right = np.array([300, 0, -100, 32767], np.int16)
    stereo = audio_bytes(np.stack([left, right], axis=1))
    assert read_waveform(stereo, RATE).samples.tolist() == [200, 100, -200, 32767]


def test_values_beyond_full_scale_are_clipped():
    loud = audio_bytes(np.array([1.5, -1.5, 0.5, 1.0]), subtype="FLOAT")
    assert read_waveform(loud, RATE).samples.tolist() == [32767, -32768, 16384, 32767]


@pytest.mark.parametrize("rate", [16000, 44100, 11025])
def test_another_rate_is_resampled(rate):
    found = read_waveform(audio_bytes(tone(1.0, rate), rate), RATE)
    expected = 32768 * tone(1.0)
    assert len(found.samples) == len(expected)
    assert np.abs(found.samples - expected)[200:-200].max() < 100


def test_a_part_is_read_between_two_times():
    data = audio_bytes(INT16)
    part = read_waveform(data, RATE, start=0.05, end=0.1).samples
    np.testing.assert_array_equal(part, INT16[400:800])
    np.testing.assert_array_equal(read_waveform(data, RATE, start=0.2).samples, INT16[1600:])
    np.testing.assert_array_equal(read_waveform(data, RATE, end=9.0).samples, INT16)
    with pytest.raises(UserError, match="a part holds no samples from 2 s on"):
        read_waveform(data, RATE, start=2.0, where="a part")


def test_of_a_truncated_wav_file_what_is_there_is_read():
    data = audio_bytes(INT16)
    np.testing.assert_array_equal(
        read_waveform(data[: 44 + 2 * 700 + 1], RATE).samples, INT16[:700]
    )


WAV = audio_bytes(INT16)
FLAC = audio_bytes(INT16, kind="FLAC")
BAD = {
    "empty.wav": (b"", "cannot be read as audio: .*Format not recognised"),
    "text.wav": (b"This is a letter. " * 100, "cannot be read as audio"),
    "zeros.wav": (bytes(5000), "cannot be read as audio"),
    "raw.raw": (WAV, "cannot be read as audio"),
    "header.wav": (WAV[:44], "holds no samples"),
    "half a header.wav": (WAV[:20], "cannot be read as audio"),
    "cut.flac": (FLAC[: len(FLAC) // 2], "cannot be read as audio"),
    "no samples.wav": (audio_bytes(np.zeros(0)), "holds no samples"),
    "nan.wav": (audio_bytes(np.array([0.0, np.nan]), subtype="FLOAT"), "not finite"),
    "infinite.wav": (audio_bytes(np.array([0.0, -np.inf]), subtype="DOUBLE"), "not finite"),
    "fast.wav": (audio_bytes(INT16, rate=2_000_000_000), "2,000,000,000 samples a second"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_audio_is_one_line_that_names_the_file(tmp_path, name):
    data, message = BAD[name]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UserError, match=message) as caught:
        read_waveform(path, RATE)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert "_io.BytesIO" not in str(caught.value)
    with pytest.raises(UserError, match=message):
        list(read_blocks(path, RATE, 0.1))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere.wav"):
        with pytest.raises(UserError, match="does not exist or is not a file"):
            read_waveform(path, RATE)


def test_silence_is_audio():
    assert not read_waveform(audio_bytes(np.zeros(100)), RATE).samples.any()


@pytest.mark.parametrize("rate", [8000, 44100])
@pytest.mark.parametrize("seconds", [0.01, 0.1, 0.3, 60.0])
def test_blocks_are_the_whole(rate, seconds):
    data = audio_bytes(tone(1.23, rate), rate)
    blocks = list(read_blocks(data, RATE, seconds))
    size = round(seconds * RATE)
    assert all(len(block) == size for block in blocks[:-1])
    assert 0 < len(blocks[-1]) <= size
    assert all(block.dtype == np.int16 for block in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks), read_waveform(data, RATE).samples)


def test_memory_does_not_grow_with_the_length_of_a_file(tmp_path):
    path = tmp_path / "long.wav"

    def peak(minutes):
        path.write_bytes(audio_bytes(np.zeros(minutes * 60 * 16000, np.int16), 16000))
        tracemalloc.start()
        total = sum(map(len, read_blocks(path, RATE, 1.0)))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert total == minutes * 60 * RATE
        return used

    peak(1)  # what is imported and cached on the way
    assert peak(8) < 1.1 * peak(2)


def test_blocks_shorter_than_a_sample_are_refused():
    with pytest.raises(ValueError, match="`seconds` must be at least one sample"):
        list(read_blocks(WAV, RATE, 0.0))


@pytest.mark.parametrize("samples", [np.zeros(3, np.float32), np.zeros((2, 2), np.int16)])
def test_waveforms_are_int16_of_one_channel(samples):
    with pytest.raises(ValueError, match=r"`samples` must be int16 \(num_samples,\)"):
        Waveform(samples, RATE)
    with pytest.raises(ValueError, match="`sample_rate` must be positive"):
        Waveform(np.zeros(1, np.int16), 0)
