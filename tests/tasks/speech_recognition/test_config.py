"""Settings of speech recognition that cannot work are refused, and what they mean is derived."""

import pytest

from seqsuite.config import build_config
from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.config import (
    SpeechConfig,
    SpeechDecodingConfig,
    SpeechModelConfig,
)

FORWARD = {"bidirectional": "false"}


@pytest.mark.parametrize(
    ("section", "values", "message"),
    [
        ("data", {"sample_rate": 999}, "sample_rate must be between 1000 and 192000"),
        ("data", {"max_seconds": 0}, "max_seconds must be"),
        ("data", {"digit_strings": -1}, "digit_strings must be at least 0"),
        ("data", {"case": "title"}, "case"),
        ("data", {"units": "syllables"}, "units"),
        ("data", {"units": "phones"}, r"data\.units phones needs data\.pronunciations"),
        ("data", {"units": "words", "pronunciations": "a.dict"}, "nothing else takes one"),
        ("data", {"pronunciations": "a.dict"}, "Received: characters and 'a.dict'"),
        ("data", {"units": "words", "alphabet": "ab"}, r"data\.alphabet is of characters"),
        ("model", {"kernel_sizes": "5,five"}, r"model\.kernel_sizes takes numbers"),
        ("model", {"kernel_sizes": "5,0"}, r"model\.kernel_sizes must be numbers of at least 1"),
        ("model", {"strides": ""}, r"model\.strides must be numbers"),
        ("model", {"strides": "2,1,1"}, "must have as many numbers"),
        ("model", {"look_ahead": 4}, "model.bidirectional false"),
        ("model", FORWARD | {"look_ahead": -2}, "look_ahead must be at least -1"),
        (
            "model",
            FORWARD | {"look_ahead": 4, "normalization": "running", "deltas": 1},
            r"model\.deltas",
        ),
        ("model", {"num_coefficients": 41}, "num_coefficients must be between 0 and 40"),
        ("model", {"deltas": 3}, "deltas must be between 0 and 2"),
        ("model", {"dropout": 1.0}, "dropout must be"),
        ("model", {"hop_seconds": 0}, "hop_seconds must be"),
        ("training", {"speed": 0.6}, "speed must be between 0 and 0.5"),
        ("training", {"noise_decibels": -1}, "noise_decibels must be at least 0"),
        ("decoding", {"order": 0}, "order must be between 1 and 20"),
        ("decoding", {"beam_width": 0}, "beam_width must be"),
        ("decoding", {"weight": -0.1}, "weight must be at least 0"),
    ],
)
def test_settings_that_cannot_work_are_one_line(section, values, message):
    with pytest.raises(UserError, match=message) as caught:
        build_config(SpeechConfig, {section: values})
    assert "\n" not in str(caught.value)


def test_a_model_of_characters_says_nothing_of_other_units():
    with pytest.raises(UserError, match=r"use word with data\.units words") as caught:
        build_config(
            SpeechConfig, {"data": {"units": "words"}, "decoding": {"language_model": "character"}}
        )
    assert "\n" not in str(caught.value)


def test_only_a_model_that_waits_for_nothing_unknown_streams():
    streaming = {"bidirectional": False, "look_ahead": 0, "normalization": "global"}
    assert SpeechModelConfig(**streaming).streams
    for hindrance in ({"normalization": "utterance"}, {"look_ahead": -1}):
        assert not SpeechModelConfig(**streaming | hindrance).streams
    assert not SpeechModelConfig().streams


def test_a_search_is_made_when_anything_beside_the_network_decides():
    assert not SpeechDecodingConfig(beam_width=100).searches
    for helping in ({"language_model": "word"}, {"lexicon": True}, {"hot_words": "one"}):
        assert SpeechDecodingConfig(**helping).searches
