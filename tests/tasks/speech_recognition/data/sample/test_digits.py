"""The synthesised digits: pulses and resonances are where they were asked to be."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.linalg import solve_toeplitz
from scipy.signal import freqz, lfilter

from seqsuite.data.discovery import load_examples
from seqsuite.tasks.speech_recognition.data.sample.digits import (
    DIGITS,
    SEGMENTS,
    SIZES,
    VOICES,
    string_tracks,
)
from seqsuite.tasks.speech_recognition.data.sample.formant_synthesis import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    Tracks,
    glottal_source,
    resonator,
    synthesize,
)
from tests.data.sections import digests_of

NOISE = np.random.default_rng(0)


def steady(
    formants, frames=100, pitch=100.0, voicing=1.0, aspiration=0.0, frication=0.0, band=(3e3, 5e2)
):
    """Tracks that do not change."""
    ones = np.ones(frames)
    return Tracks(
        pitch * ones,
        np.outer(ones, formants),
        np.outer(ones, [60, 90, 150, 250]),
        voicing * ones,
        aspiration * ones,
        frication * ones,
        np.outer(ones, band),
    )


def measured_formants(sound):
    """Frequencies of the poles of linear prediction, the usual way to measure formants."""
    # The source falls by 6 dB an octave once it has left the mouth.
    flat = np.diff(sound.astype(np.float64)) * np.hamming(len(sound) - 1)
    lags = np.correlate(flat, flat, "full")[len(flat) - 1 :][:11]
    roots = np.roots([1.0, *-solve_toeplitz(lags[:-1], lags[1:])])
    roots = roots[roots.imag > 0]
    bandwidths = -np.log(np.abs(roots)) * SAMPLE_RATE / np.pi
    return np.sort(np.angle(roots[bandwidths < 500]) * SAMPLE_RATE / (2 * np.pi))


@pytest.mark.parametrize("name", ["iy", "ih", "eh", "ah", "aa", "uh", "ao"])
def test_formants_of_a_vowel_are_measured_where_they_were_put(name):
    targets = SEGMENTS[name].formants
    sound = synthesize([steady((*targets, 3500.0))], NOISE)[0]
    found = measured_formants(sound[1600:2400])
    # Harmonics are 100 Hz apart, which is how finely a resonance can be heard at all.
    for target in targets:
        assert np.abs(found - target).min() < 60, found


def test_breath_has_the_spectrum_of_the_cascade():
    formants = (640.0, 1190.0, 2390.0, 3500.0)
    whispered = steady(formants, frames=4000, voicing=0.0, aspiration=1.0)
    sound = synthesize([whispered], NOISE)[0].astype(np.float64)
    frames = sound.reshape(-1, 400) * np.hanning(400)
    power = np.mean(np.abs(np.fft.rfft(frames)) ** 2, axis=0) / np.sum(np.hanning(400) ** 2)
    gain = np.ones(201)
    for frequency, bandwidth in zip(formants, (60, 90, 150, 250), strict=True):
        a, b, c = resonator(np.array(frequency), np.array(bandwidth))
        gain = gain * np.abs(freqz([a], [1, -b, -c], worN=np.linspace(0, np.pi, 201))[1])
    decibels = 10 * np.log10(power) - 20 * np.log10(gain)
    # 400 frames: a standard deviation of about 0.2 dB, and the window smears the peaks.
    assert np.abs(decibels[5:-5]).max() < 2


def test_moving_filters_equal_filters_run_one_after_another():
    generator = np.random.default_rng(5)
    frames = 6
    formants = np.sort(generator.uniform(300, 3500, (frames, 4)), axis=1)
    track = steady(formants[0], frames, voicing=0.0)
    moving = Tracks(
        track.pitch, formants, track.bandwidths, track.voicing, np.ones(frames), track.frication,
        track.frication_band,
    )  # fmt: skip
    found = synthesize([moving], np.random.default_rng(1))[0]
    # The last frame fades out.
    level = np.minimum(1.0, np.arange(240, 0, -1) / FRAME_SAMPLES)
    signal = level * np.random.default_rng(1).standard_normal(240, np.float32)
    for number in range(4):
        state, parts = np.zeros(2), []
        # A filter works one sample after the one before it.
        signal = np.concatenate([np.zeros(min(number, 1)), signal])[:240]
        for frame in range(frames):
            a, b, c = resonator(formants[frame, number], track.bandwidths[frame, number])
            past = parts[-1][-2:] if parts else np.zeros(2)
            state = np.array([b * past[1] + c * past[0], c * past[1]])
            part = signal[frame * FRAME_SAMPLES : (frame + 1) * FRAME_SAMPLES]
            parts.append(lfilter([a], [1, -b, -c], part, zi=state)[0])
        signal = np.concatenate(parts)
    np.testing.assert_allclose(found, signal, rtol=1e-3, atol=1e-4 * np.abs(signal).max())


@pytest.mark.parametrize("pitch", [80.0, 133.0, 250.0])
def test_pulses_repeat_with_the_pitch_at_one_level(pitch):
    source = glottal_source(np.full((8000, 1), pitch))[:, 0]
    spectrum = np.abs(np.fft.rfft(source))
    # A second of sound: bins are Hz, and only multiples of the pitch have energy.
    harmonics = np.zeros(4001, bool)
    harmonics[np.arange(0, 4001, pitch).astype(int)] = True
    assert spectrum[int(pitch)] == spectrum.max()
    assert (spectrum[~harmonics] ** 2).sum() < 0.02 * (spectrum**2).sum()
    assert np.sqrt(np.mean(source**2)) == pytest.approx(1.0, abs=0.1)


def test_frication_lies_in_its_band():
    hiss = steady((500, 1500, 2500, 3500), 400, voicing=0.0, frication=1.0, band=(3000.0, 400.0))
    sound = synthesize([hiss], NOISE)[0]
    power = np.abs(np.fft.rfft(sound)) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    inside = power[np.abs(frequencies - 3000) < 400].sum() / power.sum()
    # A resonance of bandwidth B has 2/pi atan(2d/B) of its power within d of its centre: 0.70.
    assert inside > 0.6
    assert frequencies[np.convolve(power, np.ones(400), "same").argmax()] == pytest.approx(
        3000, abs=150
    )


def test_an_utterance_does_not_depend_on_those_beside_it():
    short = steady((500, 1500, 2500, 3500), 10)
    alone = synthesize([short], NOISE)[0]
    longer = synthesize([steady((300, 800, 2200, 3500), 30), short], NOISE)
    assert [len(sound) for sound in longer] == [1200, 400]
    np.testing.assert_allclose(longer[1], alone, atol=1e-5)
    assert synthesize([], NOISE) == []


@pytest.fixture(scope="module")
def splits():
    return {
        split: load_examples("sample", split, None, "seqsuite.tasks.speech_recognition")
        for split in SIZES
    }


@pytest.mark.full
def test_every_split_is_in_voices_of_its_own(splits):
    speakers = []
    for split, size in SIZES.items():
        found = splits[split]
        assert len(found) == len(found.labels) == size
        names = {audio.speaker for audio in found.features["audio"]}
        assert names == {voice.name for voice in VOICES[split]}
        assert len(set(found.groups)) == len(names)
        speakers += sorted(names)
    assert len(set(speakers)) == len(speakers)


@pytest.mark.full
def test_the_sample_is_there_at_other_rates(splits):
    options = SimpleNamespace(sample_rate=16000)
    found = load_examples("sample", "validation", options, "seqsuite.tasks.speech_recognition")
    given = splits["validation"]
    assert (found.labels, found.groups) == (given.labels, given.groups)
    for fast, slow in zip(found.features["audio"], given.features["audio"], strict=True):
        assert (fast.sample_rate, len(fast.samples)) == (16000, 2 * len(slow.samples))
        assert (fast.speaker, fast.unique_id) == (slow.speaker, slow.unique_id)


def test_strings_have_one_to_five_digits_all_of_them_common(splits):
    for found in splits.values():
        texts = [label.split() for label in found.labels]
        assert {len(text) for text in texts} == {1, 2, 3, 4, 5}
        words = [word for text in texts for word in text]
        assert set(words) == set(DIGITS)
        assert min(words.count(word) for word in DIGITS) > 0.06 * len(words)


def test_recordings_are_as_loud_as_int16_holds_and_grow_with_what_is_said(splits):
    for audio, label in zip(splits["train"].features["audio"], splits["train"].labels, strict=True):
        assert audio.sample_rate == SAMPLE_RATE
        assert 0.04 < np.abs(audio.samples.astype(float)).max() / 32768 < 0.91
        assert 0.15 < audio.seconds / len(label.split()) < 1.2


def test_a_short_tract_has_higher_formants_and_the_noise_is_louder_in_some(splits):
    low, high = VOICES["train"][0], VOICES["train"][-1]
    assert high.formant_scale > 1.15 * low.formant_scale
    tracks = [string_tracks(["one"], voice, np.random.default_rng(0)) for voice in (low, high)]
    ratio = np.median(tracks[1].formants[:, 0]) / np.median(tracks[0].formants[:, 0])
    assert ratio == pytest.approx(high.formant_scale / low.formant_scale, rel=0.05)
    # The first 50 ms are a pause at least as long.
    quiet = [
        np.std(audio.samples[:150].astype(float)) / np.abs(audio.samples.astype(float)).max()
        for audio in splits["train"].features["audio"]
    ]
    assert np.quantile(quiet, 0.9) > 4 * np.quantile(quiet, 0.1)


def test_every_digit_is_said_in_segments_that_exist():
    assert list(DIGITS) == [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
    ]
    assert {name for said in DIGITS.values() for name in said.split()} == set(SEGMENTS)


@pytest.mark.full
def test_another_process_synthesises_the_same_speech():
    assert len(digests_of("seqsuite.tasks.speech_recognition.data.sample.digits")) == 1
