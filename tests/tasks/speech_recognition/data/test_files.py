"""A person's own recordings, LibriSpeech's layout, YesNo, and builders of TensorFlow Datasets."""

from __future__ import annotations

import hashlib
import json
import re
import socket
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow_datasets as tfds

from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.data import yes_no
from seqsuite.tasks.speech_recognition.data.audio import waveform_of_samples
from seqsuite.tasks.speech_recognition.data.tfds import read
from tests.tasks.speech_recognition.data.speech_files import (
    RATE,
    audio_bytes,
    names,
    tone,
    write_archive,
    write_folder,
)

LEVELS = {"61-7-0001": 100, "61-7-0002": 200, "1089-2-0001": 300}


def level(value, kind="FLAC"):
    return audio_bytes(np.full(80, value, np.int16), kind=kind)


LIBRISPEECH = {
    "LibriSpeech/test-clean/61/7/61-7-0001.flac": level(100),
    "LibriSpeech/test-clean/61/7/61-7-0002.wav": level(200, "WAV"),
    "LibriSpeech/test-clean/61/7/61-7.trans.txt": b"61-7-0001 IT'S ONE\n\n61-7-0002 TWO\n",
    "LibriSpeech/test-clean/1089/2/1089-2-0001.flac": level(300),
    "LibriSpeech/test-clean/1089/2/1089-2.trans.txt": b"1089-2-0001\tTHREE  FOUR\n",
    "LibriSpeech/LICENSE.TXT": b"licence",
}


def check_librispeech(found):
    assert dict(zip(names(found), found.labels, strict=True)) == {
        "61-7-0001": "IT'S ONE", "61-7-0002": "TWO", "1089-2-0001": "THREE  FOUR",
    }  # fmt: skip
    for audio in found.features["audio"]:
        assert set(audio.samples) == {LEVELS[audio.unique_id]}
        assert audio.speaker == audio.unique_id.split("-")[0]
    speakers = [audio.speaker for audio in found.features["audio"]]
    assert dict(zip(speakers, found.groups, strict=True)) == {"1089": 0, "61": 1}


def test_librispeech_short_is_read_from_archives_and_folders(tmp_path, load_speech):
    for split, part in (("train", "train"), ("validation", "dev"), ("test", "test")):
        write_archive(tmp_path / f"a/librispeech_short_{part}.tar", LIBRISPEECH)
        write_folder(tmp_path / f"b/librispeech_short/librispeech_short_{part}", LIBRISPEECH)
        check_librispeech(load_speech("librispeech_short", split, dir=str(tmp_path / "a")))
        check_librispeech(load_speech("librispeech_short", split, dir=str(tmp_path / "b")))


def test_librispeech_short_unpacked_to_one_folder_is_split_by_speakers(tmp_path, load_speech):
    write_folder(tmp_path, LIBRISPEECH)
    with pytest.raises(UserError, match=r"speakers\.tsv does not exist"):
        load_speech("librispeech_short", dir=str(tmp_path))
    (tmp_path / "speakers.tsv").write_text("speaker\tsex\tsplit\n61\tM\tdev\n1089\tF\ttrain\n")
    assert load_speech("librispeech_short", dir=str(tmp_path)).labels == ["THREE  FOUR"]
    found = load_speech("librispeech_short", "validation", dir=str(tmp_path))
    assert found.labels == ["IT'S ONE", "TWO"]
    with pytest.raises(UserError, match="holds no recording"):
        load_speech("librispeech_short", "test", dir=str(tmp_path))


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ""])
def test_files_may_be_in_librispeechs_layout(tmp_path, load_speech, suffix):
    path = tmp_path / f"mine{suffix}"
    (write_archive if suffix else write_folder)(path, LIBRISPEECH)
    check_librispeech(load_speech("files", train=str(path)))
    assert load_speech("files", "test", train=str(path)) is None


def test_a_name_without_words_or_audio(tmp_path, load_speech, capsys):
    files = {
        "a.trans.txt": b"x \ny NOT THERE\n",
        "x.ogg": audio_bytes(tone(), RATE, "OGG", "VORBIS"),
    }
    found = load_speech("files", train=str(write_folder(tmp_path, files)))
    assert found.labels == [""]
    assert found.groups is None
    assert re.search(r"1 of 2 recordings.*:y\.flac does not exist", capsys.readouterr().err)
    (tmp_path / "a.trans.txt").unlink()
    with pytest.raises(UserError, match=r"no \*\.trans\.txt: expected the layout of LibriSpeech"):
        load_speech("files", train=str(tmp_path))


ROWS = [
    {"path": "audio/a.wav", "transcript": 'He said "no", twice', "speaker": "x"},
    {"path": "b.flac", "transcript": "zwölf", "speaker": "y"},
    {"path": "c.wav", "transcript": "", "speaker": "x"},
    {"path": "c.wav", "transcript": "part", "speaker": "", "start": "0.25", "end": "0.5"},
]


def manifest(folder, suffix, rows=ROWS):
    columns = list(dict.fromkeys(key for row in rows for key in row))
    path = folder / f"manifest{suffix}"
    if suffix == ".jsonl":
        lines = [json.dumps(row) for row in rows]
    elif suffix == ".tsv":
        lines = ["\t".join(columns)]
        lines += ["\t".join(row.get(c, "") for c in columns) for row in rows]
    else:
        lines = [",".join(columns)]
        lines += [
            ",".join('"' + row.get(c, "").replace('"', '""') + '"' for c in columns) for row in rows
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def recordings(tmp_path):
    ramp = np.arange(4000, dtype=np.int16)
    return write_folder(
        tmp_path,
        {"audio/a.wav": level(5), "b.flac": level(6), "c.wav": audio_bytes(ramp)},
    )


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_a_manifest_names_files_relative_to_itself(recordings, load_speech, suffix):
    found = load_speech("files", train=manifest(recordings, suffix))
    assert found.labels == [row["transcript"] for row in ROWS]
    first, second, whole, part = found.features["audio"]
    assert set(first.samples) == {5}
    assert set(second.samples) == {6}
    assert whole.samples.tolist() == list(range(4000))
    assert part.samples.tolist() == list(range(2000, 4000))
    assert found.groups == [0, 1, 0, 2]
    assert names(found) == ["audio/a.wav", "b.flac", "c.wav", "c.wav (0.25 s on)"]


def test_speakers_and_times_are_optional(recordings, load_speech):
    rows = [{"path": str(recordings / "c.wav"), "transcript": "x"}]
    found = load_speech("files", train=manifest(recordings, ".csv", rows))
    assert (found.labels, found.groups) == (["x"], None)


def test_a_bad_file_in_a_manifest_is_counted(recordings, load_speech, capsys):
    (recordings / "junk.wav").write_bytes(b"not audio")
    bad = [
        {"path": "junk.wav", "transcript": "a"},
        {"path": "nowhere.wav", "transcript": "b"},
        {"path": "", "transcript": "c"},
    ]
    assert len(load_speech("files", train=manifest(recordings, ".csv", ROWS + bad))) == len(ROWS)
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(r"3 of 7 recordings cannot be read.*junk\.wav cannot be read as audio", error)
    with pytest.raises(UserError, match="none of 3 recordings can be read"):
        load_speech("files", train=manifest(recordings, ".csv", bad))
    with pytest.raises(UserError, match="row 1 names no file and does not exist"):
        load_speech("files", train=manifest(recordings, ".csv", bad[2:]))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"paht": "a"}, r"no column 'path'\. Did you mean 'paht'"),
        ({"path": "a", "words": "x"}, r"no column 'transcript'.*Columns are 'path', 'words'"),
        (
            {"path": "c.wav", "transcript": "x", "start": "1:05"},
            r"row 1: start is '1:05', expected",
        ),
        ({"path": "c.wav", "transcript": "x", "end": "-1"}, "row 1: end is '-1', expected seconds"),
        (
            {"path": "c.wav", "transcript": "x", "start": "2", "end": "2"},
            "row 1: end 2 is not after start 2",
        ),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_manifest_that_cannot_be_meant_is_refused(
    recordings,
    load_speech,
    row,
    message,
    suffix,
):
    with pytest.raises(UserError, match=message):
        load_speech("files", train=manifest(recordings, suffix, [row]))


def test_missing_and_unknown_files_are_refused(recordings, load_speech):
    with pytest.raises(UserError, match=r"needs --data\.train FILE\. Give a manifest"):
        load_speech("files")
    manifest(recordings, ".csv")
    with pytest.raises(UserError, match=r"does not exist\. Did you mean 'manifest\.csv'"):
        load_speech("files", train=str(recordings / "manifets.csv"))
    with pytest.raises(UserError, match=r"c\.wav: format \.wav is not known. Give a manifest"):
        load_speech("files", train=str(recordings / "c.wav"))
    (recordings / "empty.csv").write_text("")
    with pytest.raises(UserError, match=r"no column 'path'\. Columns are none"):
        load_speech("files", train=str(recordings / "empty.csv"))
    (recordings / "header.csv").write_text("path,transcript\n")
    with pytest.raises(UserError, match="holds no recording"):
        load_speech("files", train=str(recordings / "header.csv"))


YES_NO = {
    "waves_yesno/0_1_1.wav": level(1, "WAV"),
    "waves_yesno/1_0_1.wav": level(2, "WAV"),
    "waves_yesno/0_0_1.wav": level(3, "WAV"),
    "waves_yesno/README": b"about",
}


@pytest.mark.parametrize("layout", ["archive", "folder", "fetched"])
def test_yes_no_is_split_by_the_first_word(tmp_path, load_speech, monkeypatch, layout):
    given = {"dir": str(tmp_path)}
    if layout == "archive":
        write_archive(tmp_path / "speech/yes_no/waves_yesno.tar.gz", YES_NO)
    elif layout == "folder":
        write_folder(tmp_path, YES_NO)
    else:
        path = write_archive(tmp_path / "upstream.tar.gz", YES_NO)
        monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
        monkeypatch.setattr(yes_no, "URL", path.as_uri())
        monkeypatch.setattr(yes_no, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
        given = {"download": True}
    train = load_speech("yes_no", **given)
    assert train.labels == ["no no yes", "no yes yes"]
    assert [set(audio.samples) for audio in train.features["audio"]] == [{3}, {1}]
    assert train.groups is None
    assert load_speech("yes_no", "test", **given).labels == ["yes no yes"]
    assert load_speech("yes_no", "validation", **given) is None


def test_absent_or_other_files_of_yes_no(tmp_path, load_speech, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    with pytest.raises(UserError, match=r"speech/yes_no/waves_yesno.*--data\.download true"):
        load_speech("yes_no", dir=str(tmp_path))
    write_folder(tmp_path / "waves_yesno", {"a.wav": level(1)})
    with pytest.raises(UserError, match="is not yes_no: expected files such as 0_1"):
        load_speech("yes_no", dir=str(tmp_path))
    with pytest.raises(UserError, match=r"librispeech_short.*openslr\.org/12.*--data\.train"):
        load_speech("librispeech_short", dir=str(tmp_path))


def test_the_real_librispeech_short_has_its_sizes(real_data, load_speech):
    sizes = {"train": (638, 24), "validation": (145, 5), "test": (167, 5)}
    for split, (size, speakers) in sizes.items():
        found = load_speech("librispeech_short", split, dir=str(real_data), sample_rate=16000)
        assert (len(found), len(set(found.groups))) == (size, speakers)
        assert max(audio.seconds for audio in found.features["audio"]) <= 5.0


BUILDERS = {
    "spoken_digit": r"zero|one|two|three|four|five|six|seven|eight|nine",
    "speech_commands": r"|down|go|left|no|off|on|right|stop|up|yes|unknown",
    "yes_no": r"((yes|no) ?)*",
    "librispeech": r".*",
    "ljspeech": r".*",
}


@pytest.mark.parametrize("name", BUILDERS)
def test_public_builders_of_speech_are_read(load_speech, mocked, name, capsys):
    found = load_speech(f"tfds:{name}")
    assert len(found) == 6
    for audio, label in zip(found.features["audio"], found.labels, strict=True):
        assert audio.sample_rate == RATE
        assert audio.samples.dtype == np.int16
        assert len(audio.samples)
        assert re.fullmatch(BUILDERS[name], label, re.DOTALL)
    assert load_speech(f"tfds:{name}", "test") is None
    assert (found.groups is not None) == (name == "librispeech")
    assert ("text_normalized is used" in capsys.readouterr().err) == (name == "ljspeech")


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A builder as a person stores it; int16 arrays, two channels."""
    folder = tmp_path_factory.mktemp("tfds")
    stereo = np.stack([np.arange(160), np.arange(160) + 2], axis=1).astype(np.int16)
    audio = tfds.features.Audio(shape=(None, 2), dtype=np.int16, sample_rate=8000)
    rows = [{"audio": stereo, "sentence": "Grüße", "speaker": "mary"}]
    tfds.dataset_builders.store_as_tfds_dataset(
        name="my_speech",
        version="1.0.0",
        features=tfds.features.FeaturesDict(
            {"audio": audio, "sentence": tfds.features.Text(), "speaker": tfds.features.Text()}
        ),
        split_datasets={"train_clean100": list(enumerate(rows)), "dev": list(enumerate(rows))},
        data_dir=folder,
        disable_shuffling=True,
    )
    return str(folder)


def test_a_stored_builder_is_read_with_its_own_names_of_splits(stored, load_speech):
    for split in ("train", "validation"):
        found = load_speech("tfds:my_speech", split, dir=stored)
        assert found.labels == ["Grüße"]
        assert found.features["audio"][0].samples.tolist() == list(range(1, 161))
        assert found.features["audio"][0].speaker == "mary"
    assert load_speech("tfds:my_speech", "test", dir=stored) is None


AUDIO = tfds.features.Audio(dtype=np.int16, sample_rate=8000)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"text": tfds.features.Text()}, "has no audio: its features are text"),
        ({"audio": tfds.features.Audio()}, "does not say how many samples a second 'audio' has"),
        ({"audio": AUDIO, "id": tfds.features.Text()}, "has no transcripts"),
    ],
)
def test_builders_that_are_no_speech_are_refused(features, message):
    builder = SimpleNamespace(info=SimpleNamespace(features=features, splits={"train": None}))
    with pytest.raises(UserError, match=message):
        read("it", builder, "train", SimpleNamespace())


def test_samples_in_memory_are_scaled_by_their_dtype():
    integers = np.array([-32768, 5, 32767], np.int64)
    np.testing.assert_array_equal(waveform_of_samples(integers, RATE, RATE).samples, integers)
    found = waveform_of_samples(tone(1.0, 16000).astype(np.float32), 16000, RATE, "id", "mary")
    assert (len(found.samples), found.unique_id, found.speaker) == (RATE, "id", "mary")


ONE = audio_bytes(tone(0.2))
MANIFESTS = {
    "train.tsv": "client_id\tpath\tsentence\tup_votes\nx\ta.wav\tone\t2\ny\tb.wav\ttwo\t1\n",
    "train.csv": "wav_filename,wav_filesize,transcript\na.wav,9,one\nclips/b.wav,9,two\n",
    "train_manifest.json": '{"audio_filepath": "a.wav", "duration": 0.2, "text": "one"}\n'
    '{"audio_filepath": "b.wav", "duration": 0.2, "text": "two"}\n',
    "metadata.csv": "a|1|one\nb|2|two\n",
    "list.csv": "file,text\na,one\nb,two\n",
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests_of_other_programs_are_read(load_speech, tmp_path, capsys, name):
    write_folder(tmp_path / "wavs", {"a.wav": ONE})
    write_folder(tmp_path / "clips", {"b.wav": ONE})
    (tmp_path / name).write_text(MANIFESTS[name])
    found = load_speech("files", train=tmp_path / name)
    assert found.labels == ["one", "two"]
    assert ("columns are read by other names" in capsys.readouterr().err) == (
        name != "metadata.csv"
    )


def test_offset_and_duration_are_a_part_of_a_file(load_speech, tmp_path):
    write_folder(tmp_path, {"a.wav": audio_bytes(tone(1.0))})
    rows = [
        {"audio_filepath": "a.wav", "text": "x", "offset": at, "duration": 0.25} for at in (0, 0.5)
    ]
    path = tmp_path / "m.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    found = load_speech("files", train=path)
    (waveforms,) = [column for name, column in found.features.items() if name == "audio"]
    assert len(waveforms) == 2


KALDI = {
    "text": "u1 one two\nu2 three\n",
    "wav.scp": "r1 audio/a.wav\n",
    "segments": "u1 r1 0.0 0.5\nu2 r1 0.5 -1\n",
    "utt2spk": "u1 ann\nu2 bob\n",
}


def test_kaldis_folders_are_read(load_speech, tmp_path):
    write_folder(tmp_path / "audio", {"a.wav": audio_bytes(tone(1.0))})
    write_folder(tmp_path, {name: text.encode() for name, text in KALDI.items()})
    found = load_speech("files", train=tmp_path)
    assert found.labels == ["one two", "three"]
    assert len(set(found.groups)) == 2
    (tmp_path / "segments").unlink()
    with pytest.raises(UserError, match="no line of recording 'u1'"):
        load_speech("files", train=tmp_path)
    (tmp_path / "wav.scp").write_text("u1 sph2pipe a.sph |\nu2 audio/a.wav\n")
    with pytest.raises(UserError, match=r"is a command .*which is not run"):
        load_speech("files", train=tmp_path)


@pytest.mark.parametrize("line", ["u1 r1 0.0\n", "u1 r1 a b\n", "u2 r1 0 1\n"])
def test_broken_segments_are_told(load_speech, tmp_path, line):
    write_folder(tmp_path, {name: text.encode() for name, text in KALDI.items()})
    (tmp_path / "segments").write_text(line)
    with pytest.raises(UserError, match="segments"):
        load_speech("files", train=tmp_path)
