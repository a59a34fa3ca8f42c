"""Speech recognition as a person uses it: files in, good and bad ones, and transcripts out."""

import io
import json
import wave

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from seqsuite.cli.main import main
from seqsuite.tasks.speech_recognition import transcriber
from seqsuite.tasks.speech_recognition.task import SpeechRecognition
from tests.tasks.speech_recognition.data.speech_files import audio_bytes, write_folder
from tests.tasks.speech_recognition.recognisers import RATE, SMALL, STREAMS, exported, tones

pytestmark = pytest.mark.usefixtures("loaded_once")

LEXICON = ["ab", "c", "d"]
SAMPLES = tones(3, seed=9)


@pytest.fixture(scope="module")
def streaming(tmp_path_factory):
    """A model that streams, beside a lexicon of its training words."""
    return exported(tmp_path_factory.mktemp("streaming"), STREAMS, {"lexicon": "true"})


@pytest.fixture(scope="module")
def reading_both_ways(tmp_path_factory):
    return exported(tmp_path_factory.mktemp("both"), {})


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The plainest file there is: what others of the same samples must be heard as."""
    path = tmp_path_factory.mktemp("good") / "good.wav"
    path.write_bytes(audio_bytes(SAMPLES, RATE))
    return path


def run(*words):
    return main(SpeechRecognition.spec, [str(word) for word in words])


def predict(capsys, model, *words):
    code = run("predict", "--model", model, *words)
    printed = capsys.readouterr()
    assert code == 0, printed.err
    return printed.out


def predict_rows(capsys, model, *words):
    return [json.loads(line) for line in predict(capsys, model, "--json", *words).splitlines()]


def one_wav(samples_bytes, sample_width, rate=RATE):
    """The content of a wav file of one channel, as Python's own library writes it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(sample_width)
        writer.setframerate(rate)
        writer.writeframes(samples_bytes)
    return file.getvalue()


@pytest.mark.full
def test_a_folder_of_good_and_bad_files_is_answered_file_by_file(streaming, good, tmp_path, capsys):
    whole = good.read_bytes()
    loud = SAMPLES / np.float32(3000)
    clipped = np.clip(np.rint(loud * np.float32(32768)), -32768, 32767).astype(np.int16)
    half = 44 + len(SAMPLES)  # bytes of the header and of half of the 16-bit samples
    bits_24 = (SAMPLES.astype("<i4") << 8).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    fast = np.repeat(SAMPLES, 2)
    files = {
        "16_bit.wav": whole,
        "24_bit.wav": one_wav(bits_24, 3),
        "8_bit.wav": one_wav((SAMPLES // 256 + 128).astype(np.uint8).tobytes(), 1),
        "another_rate.wav": audio_bytes(fast, 2 * RATE),
        "clipped.wav": audio_bytes(clipped, RATE),
        "cut_in_its_header.wav": whole[:20],
        "cut_in_its_samples.wav": whole[:half],
        "half.wav": audio_bytes(SAMPLES[: len(SAMPLES) // 2], RATE),
        "no_audio.wav": b"this is no audio",
        "no_samples.wav": audio_bytes(SAMPLES[:0], RATE),
        "nothing.wav": b"",
        "one_sample.wav": audio_bytes(SAMPLES[:1], RATE),
        "over_full_scale.wav": audio_bytes(loud, RATE, subtype="FLOAT"),
        "stereo.flac": audio_bytes(np.stack([SAMPLES, SAMPLES], axis=1), RATE, kind="FLAC"),
        "notes.txt": b"not taken from a folder",
    }
    write_folder(tmp_path, files)
    rows = predict_rows(capsys, streaming, "--best_path", tmp_path)
    answers = {row["input"].rpartition("/")[2]: row for row in rows}
    assert list(answers) == sorted(name for name in files if name != "notes.txt")
    heard = {name: answer["transcript"] for name, answer in answers.items()}
    assert len(set(heard["16_bit.wav"])) > 2
    for same, as_this in [
        ("24_bit.wav", "16_bit.wav"),
        ("stereo.flac", "16_bit.wav"),
        ("cut_in_its_samples.wav", "half.wav"),
        ("over_full_scale.wav", "clipped.wav"),
    ]:
        assert heard[same] == heard[as_this]
    assert heard["one_sample.wav"] == ""
    for name, problem in [
        ("cut_in_its_header.wav", "cannot be read as audio"),
        ("no_audio.wav", "cannot be read as audio"),
        ("nothing.wav", "cannot be read as audio"),
        ("no_samples.wav", "holds no samples"),
    ]:
        assert problem in answers[name]["problem"]
        assert answers[name]["words"] == []
        del answers[name]
    assert {answer["problem"] for answer in answers.values()} == {""}
    for name in ("16_bit.wav", "8_bit.wav", "another_rate.wav"):
        assert answers[name]["seconds"] == len(SAMPLES) / RATE


def test_what_is_printed_names_the_file_and_what_is_wrong_with_it(streaming, good, capsys):
    lines = predict(capsys, streaming, "--best_path", good, good.parent / "absent.wav").splitlines()
    (row,) = predict_rows(capsys, streaming, "--best_path", good)
    assert lines[0] == f"{good}\t{row['transcript']}"
    assert lines[1].startswith(f"{good.parent}/absent.wav\terror: ")
    assert "does not exist" in lines[1]


def test_words_stand_in_the_transcript_with_times_in_order(streaming, good, capsys):
    for flags in ([], ["--best_path"]):
        (row,) = predict_rows(capsys, streaming, *flags, good)
        assert row["words"] == row["transcript"].split()
        times = np.array([row["starts"], row["ends"]])
        assert np.all(times[0] < times[1])
        assert np.all(times[1, :-1] <= times[0, 1:])
        assert times.max() <= row["seconds"] + 0.02
        assert all(0 < confidence <= 1 for confidence in row["confidences"])


def test_the_lexicon_decides_unless_the_best_path_is_asked_for(streaming, good, capsys):
    (searched,) = predict_rows(capsys, streaming, good)
    (best_path,) = predict_rows(capsys, streaming, "--best_path", good)
    assert searched["words"]
    assert set(searched["words"]) <= set(LEXICON)
    assert not set(best_path["words"]) <= set(LEXICON)


def test_a_stream_writes_the_transcript_of_the_whole_file(streaming, good, capsys):
    (row,) = predict_rows(capsys, streaming, "--best_path", good)
    bad = good.parent / "absent.wav"
    lines = predict(capsys, streaming, "--stream", bad, good).splitlines()
    assert lines[0].startswith(f"{bad}\terror: {bad} does not exist")
    assert lines[1] == f"{good}\t{row['transcript']}"


@pytest.mark.full
def test_a_stream_of_words_writes_the_transcript_of_the_whole_file(good, tmp_path, capsys):
    model = exported(tmp_path, STREAMS, data={"units": "words"})
    (row,) = predict_rows(capsys, model, good)
    assert len(row["words"]) > 2
    assert row["words"] == row["transcript"].split()
    assert predict(capsys, model, "--stream", good).splitlines() == [f"{good}\t{row['transcript']}"]


@pytest.mark.full
def test_a_model_that_reads_both_ways_refuses_to_stream(reading_both_ways, good, capsys):
    assert run("predict", "--model", reading_both_ways, "--stream", good) == 2
    error = capsys.readouterr().err
    assert "--model.bidirectional false" in error
    assert len(error.splitlines()) == 1


@pytest.mark.full
def test_a_served_batch_answers_good_rows_whatever_is_beside_them(reading_both_ways, good):
    signatures = tf.saved_model.load(str(reading_both_ways)).signatures
    whole = good.read_bytes()
    floats = audio_bytes(SAMPLES / 32768, RATE, subtype="FLOAT")
    rows = [b"garbage", whole, b"", whole[:40], floats]
    answer = signatures["serving_default"](audio=tf.constant(rows))
    answer = {name: value.numpy() for name, value in answer.items()}
    assert answer["problem"].tolist() == [
        b"not a wav file",
        b"",
        b"not a wav file",
        b"no samples",
        b"",
    ]
    assert answer["transcript"][[0, 2, 3]].tolist() == [b"", b"", b""]
    assert not any(word for index in (0, 2, 3) for word in answer["words"][index])
    samples = tf.constant(SAMPLES[None] / np.float32(32768))
    alone = signatures["samples"](samples=samples, length=tf.constant([len(SAMPLES)]))
    assert len(alone["transcript"].numpy()[0]) > 2
    for row in (1, 4):
        assert answer["transcript"][row] == alone["transcript"].numpy()[0]
        np.testing.assert_allclose(answer["score"][row], alone["score"][0], rtol=1e-4)
        np.testing.assert_allclose(answer["starts"][row], alone["starts"][0], atol=1e-6)


def test_ten_minutes_of_silence_are_answered_in_parts_of_bounded_length(
    streaming, tmp_path, capsys, monkeypatch
):
    soundfile.write(tmp_path / "silence.wav", np.zeros(600 * RATE, np.int16), RATE)
    batches, answer = [], transcriber.Transcriber._answer

    def watched(self, batch):
        batches.append([len(part) / RATE for *_, part in batch])
        return answer(self, batch)

    monkeypatch.setattr(transcriber.Transcriber, "_answer", watched)
    (row,) = predict_rows(capsys, streaming, "--best_path", tmp_path / "silence.wav")
    assert (row["seconds"], row["problem"]) == (600.0, "")
    # What fresh weights take silence for does not change while it lasts.
    assert len(set(row["words"])) <= 2
    assert sum(map(sum, batches)) == pytest.approx(600)
    assert max(map(max, batches)) <= 30
    assert max(len(batch) * max(batch) for batch in batches) <= 270


@pytest.fixture(scope="module")
def isolated_words(tmp_path_factory):
    """A run on recordings of one word each, tones that rise or fall."""
    base = tmp_path_factory.mktemp("words")
    generator = np.random.default_rng(0)
    for split, count in (("train", 12), ("test", 6)):
        lines = ["path,transcript"]
        for index in range(count):
            word, first, last = (("fall", 800, 100), ("rise", 100, 800))[index % 3 == 0]
            hertz = np.linspace(first, last, 600 + 40 * index)
            noise = generator.normal(0, 0.01, len(hertz))
            sound = 0.5 * np.sin(2 * np.pi * np.cumsum(hertz) / RATE) + noise
            (base / f"{split}_{index}.wav").write_bytes(audio_bytes(sound, RATE))
            lines.append(f"{split}_{index}.wav,{word}")
        if split == "train":
            # Nothing is said, which can be learned too.
            (base / "silence.wav").write_bytes(audio_bytes(np.zeros(RATE // 2), RATE))
            lines.append("silence.wav,")
        (base / f"{split}.csv").write_text("\n".join(lines))
    flags = {
        **{f"model.{name}": value for name, value in SMALL.items() if name != "num_mel_bins"},
        "data.source": "files",
        "data.train": base / "train.csv",
        "data.test": base / "test.csv",
        "data.sample_rate": RATE,
        "training.epochs": 1,
        "run_dir": base / "run",
        "export_dir": base / "served",
    }
    assert run("train", *(f"--{name}={value}" for name, value in flags.items())) == 0
    return base


@pytest.mark.full
def test_a_run_reports_error_rates_beside_both_baselines(isolated_words):
    result = json.loads((isolated_words / "run" / "metrics.json").read_text())
    assert {"wer", "cer", "word_accuracy"} <= set(result["metrics"])
    assert result["examples"] == 6
    baseline = result["baseline"]
    # A third of the words are "rise": always "fall" misses these, and the templates none.
    assert baseline["most frequent transcript"]["wer"] == pytest.approx(1 / 3)
    assert baseline["nearest template (DTW)"]["word_accuracy"] == 1.0


def cepstra(seed, frames=60):
    """The content of a feature file of AN4: 13 numbers a frame, big-endian behind their count."""
    values = np.random.default_rng(seed).normal(0, 3, (frames, 13))
    return np.array([values.size], ">i4").tobytes() + values.astype(">f4").tobytes()


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    """A folder of features in AN4's layout."""
    base = tmp_path_factory.mktemp("features")
    said = ["YES", "GO TO TWO", "NO", "GO", "TWO TWO", "YES NO"]
    files = {}
    for split, folder, numbers in (
        ("train", "an4_clstk", range(6)),
        ("test", "an4test_clstk", range(6, 8)),
    ):
        names = [f"{folder}/speaker{number}/an{number}" for number in numbers]
        lines = [f"<s> {said[n % 6]} </s> (an{n})" for n in numbers]
        files[f"an4/etc/an4_{split}.fileids"] = "\n".join(names).encode()
        files[f"an4/etc/an4_{split}.transcription"] = "\n".join(lines).encode()
        for number, name in zip(numbers, names, strict=True):
            files[f"an4/feat/{name}.mfc"] = cepstra(number)
    write_folder(base, files)
    return base


@pytest.fixture(scope="module")
def features_run(features):
    """The folder of features with a run on it, with a language model of words."""
    base = features
    flags = {
        **{f"model.{name}": value for name, value in SMALL.items() if name != "num_mel_bins"},
        "data.source": "an4",
        "data.dir": base,
        "data.input": "features",
        "data.validation_fraction": 0.2,
        "decoding.language_model": "word",
        "training.epochs": 1,
        "run_dir": base / "run",
        "export_dir": base / "served",
    }
    assert run("train", *(f"--{name}={value}" for name, value in flags.items())) == 0
    return base


@pytest.mark.full
def test_features_are_learned_and_scored_with_a_language_model(features_run, capsys):
    written = json.loads((features_run / "run" / "metrics.json").read_text())
    capsys.readouterr()
    assert run("evaluate", "--run_dir", features_run / "run", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["metrics"] == pytest.approx(written["metrics"])
    # What the search gives is what counts; what the network alone gives stands beside it.
    assert {"wer", "wer_best_path", "cer_best_path"} <= set(result["metrics"])
    assert "most frequent transcript" in result["baseline"]
    assert result["examples"] == 2


@pytest.mark.full
def test_an_exported_model_of_features_reads_feature_files(features_run, tmp_path, capsys):
    version = features_run / "served" / "1"
    assert "ngram 3=" in (version / "assets.extra" / "language_model.arpa").read_text()
    write_folder(tmp_path, {"good.mfc": cepstra(0), "cut.mfc": cepstra(1)[:-1], "other.wav": b""})
    rows = predict_rows(capsys, version, tmp_path, tmp_path / "absent.mfc")
    names = [row["input"].rpartition("/")[2] for row in rows]
    assert names == ["cut.mfc", "good.mfc", "absent.mfc"]
    cut, good, absent = rows
    assert (good["problem"], good["seconds"]) == ("", 0.6)
    assert "is damaged" in cut["problem"]
    assert "absent.mfc" in absent["problem"]
    assert run("predict", "--model", version, "--stream", tmp_path / "good.mfc") == 2
    assert "--stream" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--data.source=an4", "--data.train=null", "--data.dir=FOLDER"], "--data.input features"),
        (["--data.input=features"], "--data.input audio"),
        (["--decoding.language_model=absent.arpa"], "absent.arpa"),
        (["--decoding.hot_words=9"], "must be spelled with the alphabet"),
        (["--data.alphabet=abc "], "characters outside data.alphabet"),
        (["--model.strides=9,1"], "no stride may be larger than its kernel"),
        (["--model.bidirectional=false", "--model.look_ahead=99"], "`look_ahead` must be"),
    ],
)
def test_what_cannot_work_is_told_before_anything_is_learned(
    isolated_words, features, flags, message, tmp_path, capsys
):
    recordings = isolated_words / "train.csv"
    flags = [flag.replace("FOLDER", str(features)) for flag in flags]
    assert run(
        "train", "--data.source=files", f"--data.train={recordings}", *flags,
        "--run_dir", tmp_path / "run", "--export_dir", tmp_path / "served",
    ) == 2  # fmt: skip
    printed = capsys.readouterr()
    assert message in printed.err.splitlines()[-1]
    assert "loss" not in printed.out
