"""What a recogniser must beat: the most frequent transcript, and templates of isolated words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from seqsuite.data.batching import plan_batches
from seqsuite.data.examples import Examples
from seqsuite.layers import FeatureNormalization, LogMelSpectrogram
from seqsuite.tasks.speech_recognition.scores import error_rates
from seqsuite.tasks.speech_recognition.template_matching import nearest_templates

if TYPE_CHECKING:
    from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor


# Of more different transcripts, hardly any would be among the templates.
_MAX_WORDS = 200
_NUM_BINS, _NUM_COEFFICIENTS = 26, 13


def speech_baselines(
    train: Examples, test: Examples, preprocessor: SpeechPreprocessor
) -> dict[str, dict[str, float]]:
    """Return the scores of the baselines on test utterances, by name.

    Where utterances are isolated words, each is also given the transcript of the training utterance
    that is nearest to it by dynamic time warping over cepstral coefficients.

    Args:
        train: Training utterances.
        test: Test utterances.
        preprocessor: A ``SpeechPreprocessor``.
    """
    said = preprocessor.normalized(train.labels or [])
    references = preprocessor.normalized(test.labels or [])
    usual = Counter(said).most_common(1)[0][0]
    found = {"most frequent transcript": error_rates(references, [usual] * len(references))}
    # Strings of words are no templates of single ones.
    single = [index for index, text in enumerate(said) if " " not in text]
    words = {*references, *(said[index] for index in single)}
    if single and len(words) <= _MAX_WORDS and not any(" " in text for text in references):
        templates = train.select(single)
        nearest = nearest_templates(cepstra(test, preprocessor), cepstra(templates, preprocessor))
        heard = [said[single[index]] for index in nearest]
        found["nearest template (DTW)"] = error_rates(references, heard)
    return found


def cepstra(examples: Examples, preprocessor: SpeechPreprocessor) -> list[np.ndarray]:
    """Return each utterance's cepstral coefficients, of mean 0 and variance 1.

    Args:
        examples: Utterances.
        preprocessor: A ``SpeechPreprocessor``.

    Returns:
        float32 ``(frames, coefficients)`` each; ready features are taken as they are.
    """
    encoded = preprocessor.encode(examples)
    normalize = FeatureNormalization()
    log_mel = LogMelSpectrogram(
        preprocessor.sample_rate, _NUM_BINS, num_coefficients=_NUM_COEFFICIENTS
    )
    rows: list[np.ndarray] = [np.zeros((0, 0), np.float32)] * len(encoded)
    for indices in plan_batches(encoded.lengths, batch_tokens=20_000, max_batch_size=256):
        batch = encoded.batch(indices)
        lengths = batch["length"]
        if preprocessor.feature_size:
            frames = batch["features"]
        else:
            frames = log_mel(batch["samples"], lengths=lengths)
            lengths = np.asarray(log_mel.output_lengths(lengths))
        frames = np.asarray(normalize(frames, lengths=lengths))
        for index, row, length in zip(indices, frames, lengths, strict=True):
            # Of a recording shorter than a frame there is one of zeros.
            rows[index] = row[:length] if length else np.zeros((1, row.shape[1]), row.dtype)
    return rows
