"""Speech of TensorFlow Datasets: ``spoken_digit``, ``speech_commands``, ``librispeech``, ...

This is ``data.source tfds:<builder>`` for speech recognition.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from seqsuite.data.examples import Examples
from seqsuite.data.tfds_builders import prepared_builder, tfds_module
from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.config import SpeechDataConfig
from seqsuite.tasks.speech_recognition.data.audio import waveform_of_samples
from seqsuite.tasks.speech_recognition.data.fsdd import DIGITS
from seqsuite.tasks.speech_recognition.data.utterances import SAMPLE_RATE, examples_of_speech

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


NAME = "tfds"
DESCRIPTION = "tfds:<builder>: spoken_digit, speech_commands, librispeech, ljspeech, yes_no, ..."

# What builders call a split, the first there is.
_SPLITS = {
    "train": ("train", "train_clean100"),
    "validation": ("validation", "dev", "dev_clean"),
    "test": ("test", "test_clean"),
}
# Names of classes that are no words: digits, and what speech_commands adds to its words.
_WORDS = {
    **{str(n): word for n, word in enumerate(DIGITS)},
    "_silence_": "",
    "_unknown_": "unknown",
}
# Of several texts, as a speaker says them ("twenty") before as they are printed ("20").
_TEXTS = ("text_normalized", "text", "transcript", "transcription", "sentence")
_SPEAKERS = ("speaker_id", "speaker", "client_id")


def load(split: str, options: SpeechDataConfig) -> Examples | None:
    """Read a split of the builder named in ``options.source``.

    Args:
        split: ``train``, ``validation`` or ``test``; of ``librispeech`` these are
            ``train_clean100``, ``dev_clean`` and ``test_clean``.
        options: The data section (``sample_rate``, ``max_seconds``).

    Returns:
        Waveforms and transcripts: a text feature, or the names of class labels, of which digits are
        spelled as words; grouped by speaker where the builder tells it. None when the builder has
        no such split.

    Raises:
        UserError: The builder has no audio or no transcripts; it is not prepared and not asked to
            download; or the split is empty.
    """
    name, builder = prepared_builder(options)
    return read(name, builder, split, options)


def read(
    name: str, builder: tfds.core.DatasetBuilder, split: str, options: SpeechDataConfig
) -> Examples | None:
    """Read a split of a prepared builder.

    Args:
        name: The builder's name, for errors.
        builder: Its features are audio and a text, a class label or a sequence of them.
        split: ``train``, ``validation`` or ``test``.
        options: The data section.
    """
    features, where = builder.info.features, f"tfds:{name}"
    # By name, since features read back from disk come in no fixed order.
    audio = [key for key in sorted(features) if _is_audio(features[key])]
    if not audio:
        raise UserError(
            f"{where} has no audio: its features are {', '.join(list(features)[:12])}. Choose a "
            "builder such as tfds:spoken_digit."
        )
    source_rate = features[audio[0]].sample_rate
    if not source_rate:
        raise UserError(f"{where} does not say how many samples a second {audio[0]!r} has.")
    found = next((s for s in _SPLITS[split] if s in builder.info.splits), None)
    if found is None:
        return None
    transcript = _transcript(where, features)
    speaker = next((key for key in _SPEAKERS if key in features), None)
    sample_rate = getattr(options, "sample_rate", SAMPLE_RATE)
    waveforms, transcripts = [], []
    rows = tfds_module().as_numpy(builder.as_dataset(split=found, shuffle_files=False))
    for number, row in enumerate(rows):
        said_by = "" if speaker is None else _text(row[speaker])
        waveforms.append(
            waveform_of_samples(
                row[audio[0]], source_rate, sample_rate, f"{where} {found} {number}", said_by
            )
        )
        transcripts.append(transcript(row))
    if not waveforms:
        raise UserError(f"{where} holds no recording in its split {found}.")
    return examples_of_speech(waveforms, transcripts, where, split, options)


def _is_audio(feature: tfds.features.FeatureConnector) -> bool:
    return isinstance(feature, tfds_module().features.Audio)


def _transcript(where: str, features: tfds.features.FeaturesDict) -> Callable[[Any], str]:
    """Return what tells the transcript of a row."""
    kinds = tfds_module().features
    texts = [key for key in sorted(features) if isinstance(features[key], kinds.Text)]
    known = [key for key in _TEXTS if key in texts]
    if known:
        if len(known) > 1:
            print(
                f"note: {where} has texts {', '.join(known)}; {known[0]} is used", file=sys.stderr
            )
        return lambda row: _text(row[known[0]])
    for key in sorted(features):
        names = getattr(getattr(features[key], "feature", features[key]), "names", None)
        if names:
            words = [_WORDS.get(name, name) for name in names]
            return lambda row: " ".join(words[int(i)] for i in np.atleast_1d(row[key]))
    raise UserError(
        f"{where} has no transcripts: its features are {', '.join(list(features)[:12])}, expected "
        f"one of {', '.join(_TEXTS)}, or class labels."
    )


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
