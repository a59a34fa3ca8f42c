"""Named sets of speech are read in upstream's layouts, and a bad file does not lose the others."""

from __future__ import annotations

import re
import socket

import numpy as np
import pytest

from seqsuite.data import discovery
from seqsuite.data.examples import split_off_groups
from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.data import fsdd
from seqsuite.tasks.speech_recognition.data.cepstra import read_cepstra
from seqsuite.tasks.speech_recognition.data.digit_strings import (
    LENGTHS,
    PAUSE_SECONDS,
    join_recordings,
    quiet_level,
)
from seqsuite.tasks.speech_recognition.data.utterances import speaker_groups
from seqsuite.tasks.speech_recognition.data.waveforms import Waveform
from tests.tasks.speech_recognition.data.speech_files import (
    RATE,
    audio_bytes,
    names,
    tone,
    write_archive,
    write_folder,
)


def digits(indices=range(10), speakers=("george", "theo")):
    """Files as upstream names them; behind a quiet frame, the samples tell which is which."""
    return {
        f"recordings/{digit}_{speaker}_{index}.wav": audio_bytes(
            np.repeat(np.array([0, 1000 * digit + 100 * (place + 3) + index], np.int16), 80)
        )
        for digit in (0, 1, 9)
        for place, speaker in enumerate(speakers)
        for index in indices
    }


def loud(audio):
    """What is no pause."""
    return audio.samples[audio.samples >= 300]


@pytest.mark.parametrize("layout", ["archive", "folder"])
def test_fsdd_is_split_as_upstream_says(tmp_path, load_speech, layout):
    if layout == "archive":
        write_archive(tmp_path / "speech/fsdd/fsdd_recordings.tar.gz", digits())
    else:
        write_folder(tmp_path / "free-spoken-digit-dataset", {**digits(), "recordings/x.txt": b""})
    train, test = (
        load_speech("fsdd", dir=str(tmp_path)),
        load_speech("fsdd", "test", dir=str(tmp_path)),
    )
    assert load_speech("fsdd", "validation", dir=str(tmp_path)) is None
    assert len(train) == len(test) == 3 * 2 * 5
    assert {int(name.split("_")[2]) for name in names(test)} == set(range(5))
    assert {int(name.split("_")[2]) for name in names(train)} == set(range(5, 10))
    for audio, label in zip(train.features["audio"], train.labels, strict=True):
        digit, speaker, index = audio.unique_id.split("_")
        assert label == {"0": "zero", "1": "one", "9": "nine"}[digit]
        assert audio.speaker == speaker
        expected = 1000 * int(digit) + 300 + 100 * (speaker == "theo") + int(index)
        np.testing.assert_array_equal(audio.samples, np.repeat([0, expected], 80))


def test_fsdd_validation_is_cut_as_the_test_split_is(tmp_path, load_speech):
    write_archive(tmp_path / "fsdd_recordings.tar.gz", digits(range(30), fsdd.SPEAKERS))
    train = load_speech("fsdd", dir=str(tmp_path), training_strings=50)
    rest, held_out = split_off_groups(train, 0.1, seed=3)
    single = [name for name in names(held_out) if "strings" not in name]
    assert len(single) == 3 * 6 * 5
    held_indices = {int(name.split("_")[2]) for name in single}
    assert max(held_indices) - min(held_indices) == 4
    # No string holds a recording of the other side: their samples tell the index.
    for part, indices in ((rest, set(range(5, 30)) - held_indices), (held_out, held_indices)):
        strings = [a for a in part.features["audio"] if "strings" in a.unique_id]
        for audio in strings:
            assert set(loud(audio) % 100) <= indices


def test_fsdd_holds_a_speaker_out(tmp_path, load_speech):
    write_folder(tmp_path, digits(range(10), ("george", "lucas", "theo")))
    options = {"dir": str(tmp_path), "held_out_speaker": "lucas"}
    train, test = load_speech("fsdd", **options), load_speech("fsdd", "test", **options)
    assert {audio.speaker for audio in test.features["audio"]} == {"lucas"}
    assert {audio.speaker for audio in train.features["audio"]} == {"george", "theo"}
    assert (len(train), len(test)) == (60, 30)
    # Of few speakers none can be spared: validation is on other recordings of the same ones.
    _, held_out = split_off_groups(train, 0.1, seed=0)
    assert {audio.speaker for audio in held_out.features["audio"]} == {"george", "theo"}
    with pytest.raises(UserError, match=r"'luca'\. Did you mean 'lucas'.*george, jackson, lucas"):
        load_speech("fsdd", dir=str(tmp_path), held_out_speaker="luca")


def test_fsdd_strings_are_of_their_splits_recordings(tmp_path, load_speech):
    write_folder(tmp_path, digits())
    found = load_speech("fsdd", "test", dir=str(tmp_path), digit_strings=40, training_strings=7)
    assert len(found) == 40
    assert {len(label.split()) for label in found.labels} == {2, 3, 4, 5}
    again = load_speech("fsdd", "test", dir=str(tmp_path), digit_strings=40)
    assert again.labels == found.labels
    for audio, twin, label in zip(
        found.features["audio"], again.features["audio"], found.labels, strict=True
    ):
        np.testing.assert_array_equal(audio.samples, twin.samples)
        assert set(loud(audio) % 100) <= set(range(5))  # test indices
        # All of one speaker: theo's hold another hundred.
        assert set(loud(audio) // 100 % 10) == {3 + (audio.speaker == "theo")}
        said = [fsdd.DIGITS[value // 1000] for value in loud(audio).reshape(-1, 80)[:, 0]]
        assert " ".join(said) == label
    train = load_speech("fsdd", dir=str(tmp_path), digit_strings=40, training_strings=7)
    assert len(train) == 30 + 7
    assert all(len(label.split()) > 1 for label in train.labels[30:])


def test_pauses_are_quiet_but_not_silent():
    noise = np.random.default_rng(0)
    rows = [np.rint(noise.normal(0, level, 1600)).astype(np.int16) for level in (30, 60)]
    recordings = [Waveform(row, RATE, "mary") for row in rows]
    strings, texts, groups = join_recordings(recordings, ["a", "b"], [0, 0], 30, "seed")
    assert groups == [0] * 30
    lengths = {"a": 1600, "b": 1600}
    for audio, text in zip(strings, texts, strict=True):
        words = text.split()
        assert LENGTHS[0] <= len(words) <= LENGTHS[1]
        pauses = (len(audio.samples) - sum(lengths[w] for w in words)) / RATE / (len(words) - 1)
        assert PAUSE_SECONDS[0] <= pauses <= PAUSE_SECONDS[1]
        begin = audio.samples[1600 : 1600 + 400]  # the shortest pause
        assert 15 < np.sqrt(np.mean(begin.astype(float) ** 2)) < 70
    assert quiet_level(Waveform(np.zeros(800, np.int16), RATE)) == 1.0
    assert quiet_level(Waveform(np.full(3, 900, np.int16), RATE)) == 1.0


def test_a_bad_recording_does_not_lose_the_others(tmp_path, load_speech, capsys):
    files = digits()
    files["recordings/0_george_7.wav"] = b"junk"
    files["recordings/1_theo_8.wav"] = b""
    write_archive(tmp_path / "fsdd_recordings.tar.gz", files)
    found = load_speech("fsdd", dir=str(tmp_path))
    assert len(found) == 28
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(r"warning: .*2 of 30 recordings.*left out.*tar\.gz:0_george_7\.wav", error)
    for name in files:
        files[name] = b"junk"
    write_archive(tmp_path / "fsdd_recordings.tar.gz", files)
    with pytest.raises(UserError, match="none of 30 recordings can be read"):
        load_speech("fsdd", dir=str(tmp_path))


def test_long_utterances_are_not_learned_but_tested_on(tmp_path, load_speech, capsys):
    files = digits()
    for index in (3, 8):
        files[f"recordings/0_theo_{index}.wav"] = audio_bytes(tone(2.0))
    write_folder(tmp_path, files)
    assert len(load_speech("fsdd", dir=str(tmp_path), max_seconds=1.0)) == 29
    assert "1 of 30 recordings are longer than 1 s" in capsys.readouterr().err
    assert len(load_speech("fsdd", "test", dir=str(tmp_path), max_seconds=1.0)) == 30
    with pytest.raises(UserError, match=r"every recording is longer.*max_seconds"):
        load_speech("fsdd", dir=str(tmp_path), max_seconds=0.001)


def test_recordings_are_returned_at_the_wanted_rate(tmp_path, load_speech):
    write_folder(tmp_path, digits())
    found = load_speech("fsdd", dir=str(tmp_path), sample_rate=16000)
    assert {(a.sample_rate, len(a.samples)) for a in found.features["audio"]} == {(16000, 320)}


def test_another_folder_in_the_place_of_fsdd_is_refused(tmp_path, load_speech):
    write_folder(tmp_path, {"recordings/hello.wav": audio_bytes(tone())})
    with pytest.raises(UserError, match=r"recordings is not fsdd: expected .*0_george_12\.wav"):
        load_speech("fsdd", dir=str(tmp_path))


def cepstra(num_frames, first=0.0):
    values = np.arange(first, first + 13 * num_frames, dtype=">f4")
    return np.array([len(values)], ">i4").tobytes() + values.tobytes()


AN4 = {
    "an4/etc/an4_train.fileids": b"an4_clstk/fash/an1-fash-b\nan4_clstk/mjda/an2-mjda-b\n",
    "an4/etc/an4_train.transcription": b"YES (an1-fash-b)\n<s> G O TWO </s> (an2-mjda-b)\n",
    "an4/etc/an4_test.fileids": b"an4test_clstk/fcaw/an3-fcaw-b\n",
    "an4/etc/an4_test.transcription": b"STOP (an3-fcaw-b)\n",
    "an4/feat/an4_clstk/fash/an1-fash-b.mfc": cepstra(3),
    "an4/feat/an4_clstk/mjda/an2-mjda-b.mfc": cepstra(2, 100.0),
    "an4/feat/an4test_clstk/fcaw/an3-fcaw-b.mfc": cepstra(1, 200.0),
}


@pytest.mark.parametrize("layout", ["archive", "folder"])
def test_an4_is_read_in_the_layout_of_sphinx(tmp_path, load_speech, layout):
    if layout == "archive":
        write_archive(tmp_path / "an4_mfcc" / "an4_mfcc.tar.gz", AN4)
    else:
        write_folder(tmp_path, AN4)
    train, test = (
        load_speech("an4", dir=str(tmp_path)),
        load_speech("an4", "test", dir=str(tmp_path)),
    )
    assert load_speech("an4", "validation", dir=str(tmp_path)) is None
    assert train.labels == ["YES", "G O TWO"]
    assert train.groups == [0, 1]
    first, second = train.features["features"]
    np.testing.assert_array_equal(first, np.arange(39, dtype=np.float32).reshape(3, 13))
    np.testing.assert_array_equal(second.ravel(), np.arange(100, 126))
    assert first.dtype == np.float32
    assert test.labels == ["STOP"]
    assert test.features["features"][0].shape == (1, 13)


def test_what_is_wrong_with_an4_names_the_member(tmp_path, load_speech, capsys):
    name = "an4/feat/an4_clstk/mjda/an2-mjda-b.mfc"
    for damage, message in (
        (cepstra(2)[:-1], "is damaged: 107 bytes, but a header that says 26 values"),
        (np.array([12], ">i4").tobytes() + bytes(48), "holds 12 values: expected frames of 13"),
        (np.array([13], ">i4").tobytes() + np.full(13, np.nan, ">f4").tobytes(), "not finite"),
    ):
        write_archive(tmp_path / "an4_mfcc.tar.gz", {**AN4, name: damage})
        assert load_speech("an4", dir=str(tmp_path)).labels == ["YES"]
        error = capsys.readouterr().err
        assert f"1 of 2 recordings cannot be read and are left out. The first: {tmp_path}" in error
        assert f"{name} {message}" in error.replace(" holds values that are", "")
    write_archive(tmp_path / "an4_mfcc.tar.gz", {k: v for k, v in AN4.items() if k != name})
    assert len(load_speech("an4", dir=str(tmp_path))) == 1
    assert f"has no {name}" in capsys.readouterr().err
    del (files := dict(AN4))["an4/etc/an4_train.transcription"]
    write_archive(tmp_path / "an4_mfcc.tar.gz", files)
    with pytest.raises(UserError, match=r"is not an4: it has no an4/etc/an4_train\.transcription"):
        load_speech("an4", dir=str(tmp_path))
    files["an4/etc/an4_train.transcription"] = b"YES\n"
    write_archive(tmp_path / "an4_mfcc.tar.gz", files)
    with pytest.raises(UserError, match=r"none of 2 .*an1-fash-b has no transcript"):
        load_speech("an4", dir=str(tmp_path))


@pytest.mark.parametrize("data", [b"", b"\0\0", np.array([0], ">i4").tobytes(), b"\xff" * 56])
def test_feature_files_without_frames_are_refused(data):
    with pytest.raises(UserError, match=r"^x\.mfc "):
        read_cepstra(data, "x.mfc")


@pytest.mark.parametrize("name", ["fsdd", "an4"])
def test_absent_speech_says_where_to_get_it_and_touches_no_network(
    tmp_path, load_speech, monkeypatch, name
):
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    for download in (False, True):
        expected = rf"speech/{name}.*not fetched, since upstream states no checksum.*--data\.source"
        with pytest.raises(UserError, match=expected) as caught:
            load_speech(name, dir=str(tmp_path), download=download)
        assert "\n" not in str(caught.value)


def test_sources_of_the_task_are_found():
    found = discovery.sources("seqsuite.tasks.speech_recognition")
    assert set(found) >= {"fsdd", "an4", "librispeech_short", "yes_no", "files", "tfds"}
    assert all("\n" not in line for line in found.values())


def test_unknown_speakers_are_groups_of_their_own():
    assert speaker_groups(["b", "", "a", "b", ""]) == [1, 2, 0, 1, 3]
    assert speaker_groups(["", ""]) is None


@pytest.mark.parametrize(("name", "train", "test"), [("fsdd", 2700, 300), ("an4", 948, 130)])
def test_the_real_sets_have_upstreams_sizes(real_data, load_speech, name, train, test):
    assert len(load_speech(name, dir=str(real_data))) == train
    assert len(load_speech(name, "test", dir=str(real_data))) == test
