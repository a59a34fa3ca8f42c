import numpy as np
import pytest
import soundfile
import tensorflow as tf

from seqsuite.decoding.ctc import CTCDecoder
from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition import transcriber as speech_recordings
from seqsuite.tasks.speech_recognition.transcriber import Transcriber, expand, parts, quietest

RATE = 1000


def write(path, samples):
    soundfile.write(path, np.asarray(samples, np.float32), RATE, subtype="PCM_16")
    return str(path)


def count_serve(samples, length):
    """Answer each row with its number of samples, as one word that spans them."""
    counts = length.numpy()
    texts = [str(count) for count in counts]
    columns = counts.astype(np.float32)[:, None]
    return {
        "transcript": tf.constant(texts),
        "score": -tf.cast(length, tf.float32),
        "words": tf.constant(texts)[:, None],
        "starts": tf.zeros_like(columns),
        "ends": tf.constant(columns / RATE),
        "confidences": tf.ones_like(columns),
    }


def transcriber():
    def read(path):
        return parts(path, RATE, seconds=2.0)

    return Transcriber(count_serve, "samples", read, RATE, step_seconds=0.02)


def test_a_folder_is_the_audio_in_it(tmp_path):
    (tmp_path / "inner").mkdir()
    for name in ("b.wav", "inner/a.FLAC", "notes.txt"):
        (tmp_path / name).touch()
    assert expand(str(tmp_path)) == [str(tmp_path / "b.wav"), str(tmp_path / "inner" / "a.FLAC")]
    assert expand("one.wav") == ["one.wav"]
    with pytest.raises(UserError, match="no file that ends in"):
        expand(str(tmp_path), [".mp3"])


def test_long_recordings_are_cut_where_they_are_quiet_and_nothing_is_lost(tmp_path):
    loud = np.random.default_rng(0).uniform(-0.5, 0.5, 5 * RATE)
    loud[1500:1800] = 0.0
    found = list(parts(tmp_path / write(tmp_path / "a.wav", loud).split("/")[-1], RATE, 2.0))
    assert len(found) > 2
    assert max(map(len, found)) <= 2 * RATE
    assert 1500 < len(found[0]) < 1800
    np.testing.assert_allclose(np.concatenate(found), loud, atol=1e-4)


def test_a_recording_shorter_than_the_moment_is_not_cut():
    assert quietest(np.ones(50), RATE) == 50


def test_answers_of_parts_are_joined_with_times_from_the_beginning(tmp_path):
    path = write(tmp_path / "a.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 5 * RATE))
    [answer] = transcriber()([path])
    counts = [int(word) for word in answer["words"]]
    assert sum(counts) == 5 * RATE
    ends = np.cumsum(counts) / RATE
    np.testing.assert_allclose(answer["ends"], ends)
    np.testing.assert_allclose(answer["starts"], [0.0, *ends[:-1]])
    assert answer["score"] == -5 * RATE
    assert answer["seconds"] == 5.0


def test_a_bad_file_spoils_no_other(tmp_path):
    good = write(tmp_path / "good.wav", np.zeros(300))
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"this is no audio")
    first, second, third = transcriber()([good, str(bad), str(tmp_path / "absent.wav")])
    assert (first["transcript"], first["problem"]) == ("300", "")
    assert (second["transcript"], third["transcript"]) == ("", "")
    assert "bad.wav cannot be read as audio" in second["problem"]
    assert "does not exist" in third["problem"]


def test_a_search_that_finds_nothing_allowed_still_has_a_score_that_json_can_hold(tmp_path):
    def serve(samples, length):
        # "a" without end.
        probabilities = np.tile([0.09, 0.01, 0.01, 0.89], (len(length), 3, 1))
        return {"log_probabilities": tf.constant(np.log(probabilities))}

    answers = transcriber()
    answers.serve = serve
    # With one labelling kept, "a" is begun and never ended as "aa".
    answers.decoder = CTCDecoder(["", " ", "b", "a"], lexicon=["aa"], beam_width=1)
    [answer] = answers([write(tmp_path / "a.wav", np.zeros(300))])
    assert (answer["transcript"], answer["words"]) == ("", [])
    # Then nothing is said: three times the blank.
    assert answer["score"] == pytest.approx(3 * np.log(0.09))


def test_no_batch_grows_with_the_length_of_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(speech_recordings, "_BATCH_SECONDS", 4.0)
    rows = []

    def serve(samples, length):
        rows.append(samples.shape[0])
        return count_serve(samples, length)

    answers = transcriber()
    answers.serve = serve
    path = write(tmp_path / "a.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 12 * RATE))
    [answer] = answers([path])
    assert sum(map(int, answer["words"])) == 12 * RATE
    assert len(rows) > 2
    assert max(rows) <= 4
