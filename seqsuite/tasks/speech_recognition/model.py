"""The network of speech recognition: log-mel front end, strided convolutions, recurrent stack."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import keras

from seqsuite.layers import (
    BlankPadding,
    ConvolutionalSubsampling,
    FeatureDeltas,
    FeatureNormalization,
    FrequencyWarp,
    LogMelSpectrogram,
    RecurrentStack,
    RunningFeatureNormalization,
    SpecAugment,
    WaveformAugmentation,
)
from seqsuite.tasks.speech_recognition.config import SpeechModelConfig, SpeechTrainingConfig

if TYPE_CHECKING:
    from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor


FRAME_SECONDS = 0.025
"""How long a frame of a recording is."""
# Decibels; noise that soft is hardly heard.
_SOFT_NOISE = 40.0


def build_speech_model(
    preprocessor: SpeechPreprocessor, config: SpeechModelConfig, training: SpeechTrainingConfig
) -> keras.Model:
    """Return the model that is trained, not compiled.

    Args:
        preprocessor: An adapted ``SpeechPreprocessor``.
        config: The section ``model`` of the task.
        training: The section ``training``: how utterances are varied.

    Returns:
        ``samples`` (or ``features``) and ``length`` -> ``logits`` ``(batch, steps, symbols)``,
        surely blank where padded. Its layers that a stream runs one by one are named
        ``log_mel``, ``normalization``, ``convolutions``, ``recurrent`` and ``prediction``.
    """
    length = keras.Input((), dtype="int32", name="length")
    if preprocessor.feature_size:
        inputs = keras.Input((None, preprocessor.feature_size), name="features")
        features, lengths = inputs, length
    else:
        inputs = keras.Input((None,), name="samples")
        features, lengths = _spectrogram(inputs, length, preprocessor, config, training)
    if training.frequency_warp and not config.num_coefficients and not preprocessor.feature_size:
        features = FrequencyWarp(training.frequency_warp)(features)
    if config.deltas:
        features = FeatureDeltas(config.deltas, name="deltas")(features, lengths=lengths)
    features = _normalized(features, lengths, config)
    if training.num_time_masks or training.num_frequency_masks:
        features = SpecAugment(
            num_time_masks=training.num_time_masks,
            max_time_mask=training.max_time_mask,
            num_frequency_masks=training.num_frequency_masks,
            max_frequency_mask=training.max_frequency_mask,
        )(features, lengths=lengths)
    convolutions = convolution_layer(config)
    outputs = convolutions(features, lengths=lengths)
    lengths = convolutions.output_lengths(lengths)
    outputs = keras.layers.Dropout(config.input_dropout)(outputs)
    outputs = RecurrentStack(
        config.units,
        cell=config.cell,
        num_layers=config.num_layers,
        bidirectional=config.bidirectional,
        regularization={"dropout": config.variational_dropout, "variational": True},
        return_state=config.streams,
        name="recurrent",
    )(outputs, lengths=lengths)
    outputs = outputs[0] if config.streams else outputs
    outputs = keras.layers.Dropout(config.dropout)(outputs)
    logits = keras.layers.Dense(len(preprocessor.symbols), name="prediction")(outputs)
    logits = BlankPadding(name="logits")(logits, lengths=lengths)
    return keras.Model({inputs.name: inputs, "length": length}, {"logits": logits}, name="speech")


def _spectrogram(samples, lengths, preprocessor, config, training):
    """Return log-mel frames of recordings, varied in training, and their number."""
    if training.speed or training.gain_decibels or training.noise_decibels:
        speed, gain, noise = training.speed, training.gain_decibels, training.noise_decibels
        samples, lengths = WaveformAugmentation(
            speed_range=(1 - speed, 1 + speed) if speed else None,
            gain_decibels=(-gain, gain) if gain else None,
            noise_decibels=(noise, max(noise, _SOFT_NOISE)) if noise else None,
        )(samples, lengths=lengths)
    log_mel = log_mel_layer(preprocessor.sample_rate, config)
    return log_mel(samples, lengths=lengths), log_mel.output_lengths(lengths)


def log_mel_layer(sample_rate: int, config: SpeechModelConfig) -> LogMelSpectrogram:
    """Return the layer that makes frames of samples.

    Args:
        sample_rate: Samples a second.
        config: The section ``model``.
    """
    return LogMelSpectrogram(
        sample_rate=sample_rate,
        num_mel_bins=config.num_mel_bins,
        frame_seconds=FRAME_SECONDS,
        hop_seconds=config.hop_seconds,
        num_coefficients=config.num_coefficients,
        name="log_mel",
    )


def _normalized(features, lengths, config):
    """Return features on one scale; a stream goes on from the state that is left out here."""
    if config.normalization != "running":
        layer = FeatureNormalization(config.normalization, name="normalization")
        return layer(features, lengths=lengths)
    layer = RunningFeatureNormalization(return_state=True, name="normalization")
    return layer(features, lengths=lengths)[0]


def convolution_layer(config: SpeechModelConfig) -> ConvolutionalSubsampling:
    """Return the convolutions between front end and recurrent layers.

    Args:
        config: The section ``model``.
    """
    return ConvolutionalSubsampling(
        config.filters,
        kernel_sizes=config.kernel_sizes,
        strides=config.strides,
        look_ahead=None if config.look_ahead < 0 else config.look_ahead,
        name="convolutions",
    )


def front_end(model: keras.Model, features: dict[str, Any]) -> tuple[Any, Any]:
    """Return what a model normalises: frames of features as they are outside training.

    Args:
        model: A model of `build_speech_model`.
        features: A batch of its inputs.

    Returns:
        Frames ``(batch, frames, features)`` and their number ``(batch,)``.
    """
    names = {layer.name for layer in model.layers}
    frames, lengths = features.get("features"), features["length"]
    if "log_mel" in names:
        log_mel = model.get_layer("log_mel")
        frames = log_mel(features["samples"], lengths=lengths)
        lengths = log_mel.output_lengths(lengths)
    if "deltas" in names:
        frames = model.get_layer("deltas")(frames, lengths=lengths)
    return frames, lengths


def adapt_normalization(model: keras.Model, batches: Iterable[dict[str, Any]]) -> None:
    """Give a layer that normalises by the training data's mean and variance these statistics.

    Args:
        model: A model of `build_speech_model`; one that normalises each utterance is left as it is.
        batches: Inputs of the model.
    """
    layer = model.get_layer("normalization")
    if getattr(layer, "mode", "running") != "utterance":
        for batch in batches:
            layer.adapt(*front_end(model, batch))
