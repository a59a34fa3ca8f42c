"""Layers for speech recognition: features, augmentation, normalisation, CTC."""

from __future__ import annotations

from seqsuite.layers.audio.blank_padding import BlankPadding
from seqsuite.layers.audio.convolutional_subsampling import ConvolutionalSubsampling
from seqsuite.layers.audio.feature_deltas import FeatureDeltas
from seqsuite.layers.audio.feature_normalization import FeatureNormalization
from seqsuite.layers.audio.frequency_warp import FrequencyWarp
from seqsuite.layers.audio.log_mel_spectrogram import LogMelSpectrogram
from seqsuite.layers.audio.running_feature_normalization import RunningFeatureNormalization
from seqsuite.layers.audio.spec_augment import SpecAugment
from seqsuite.layers.audio.waveform_augmentation import WaveformAugmentation

__all__ = [
    "BlankPadding",
    "ConvolutionalSubsampling",
    "FeatureDeltas",
    "FeatureNormalization",
    "FrequencyWarp",
    "LogMelSpectrogram",
    "RunningFeatureNormalization",
    "SpecAugment",
    "WaveformAugmentation",
]
