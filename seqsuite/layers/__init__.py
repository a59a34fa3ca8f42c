"""Recurrent building blocks that drop into any Keras model."""

from __future__ import annotations

from seqsuite.layers.activation_regularization import ActivationRegularization
from seqsuite.layers.attention.answer_attention import AnswerAttention
from seqsuite.layers.attention.luong_bahdanau import (
    BahdanauAttention,
    LocationAttention,
    LuongAttention,
)
from seqsuite.layers.audio.blank_padding import BlankPadding
from seqsuite.layers.audio.convolutional_subsampling import ConvolutionalSubsampling
from seqsuite.layers.audio.feature_deltas import FeatureDeltas
from seqsuite.layers.audio.feature_normalization import FeatureNormalization
from seqsuite.layers.audio.frequency_warp import FrequencyWarp
from seqsuite.layers.audio.log_mel_spectrogram import LogMelSpectrogram
from seqsuite.layers.audio.running_feature_normalization import RunningFeatureNormalization
from seqsuite.layers.audio.spec_augment import SpecAugment
from seqsuite.layers.audio.waveform_augmentation import WaveformAugmentation
from seqsuite.layers.crf.crf import CRF
from seqsuite.layers.crf.decoder import CRFDecoder
from seqsuite.layers.decoder.cell import DecoderCell
from seqsuite.layers.decoder.scheduled_sampling import ScheduledSampling
from seqsuite.layers.decoder.state_bridge import StateBridge
from seqsuite.layers.decoder.teacher_forcing import TeacherForcing
from seqsuite.layers.decoder.value_decoder import ValueDecoder
from seqsuite.layers.density.bivariate_mixture import BivariateMixtureHead
from seqsuite.layers.density.nade_head import NADEHead
from seqsuite.layers.masked_pooling import MaskedPooling
from seqsuite.layers.recurrent.segment_recurrent import SegmentRecurrent
from seqsuite.layers.recurrent.settings import RecurrentInitialization, RecurrentRegularization
from seqsuite.layers.recurrent.stack import RecurrentStack
from seqsuite.layers.series.calendar_features import CalendarFeatures
from seqsuite.layers.series.distribution_head import DistributionHead
from seqsuite.layers.series.forecast_combination import ForecastCombination
from seqsuite.layers.series.mean_reversion import MeanReversion
from seqsuite.layers.series.quantile_head import QuantileHead
from seqsuite.layers.series.seasonal_cycle import SeasonalCycle
from seqsuite.layers.series.series_scaling import SeriesScaling
from seqsuite.layers.temperature_scaling import TemperatureScaling
from seqsuite.layers.text.character_encoder import CharacterEncoder
from seqsuite.layers.text.language_model_objective import LanguageModelObjective
from seqsuite.layers.text.perturbable_embedding import PerturbableEmbedding
from seqsuite.layers.text.symbol_embedding import SymbolEmbedding
from seqsuite.layers.text.token_dropout import TokenDropout

__all__ = [
    "CRF",
    "ActivationRegularization",
    "AnswerAttention",
    "BahdanauAttention",
    "BivariateMixtureHead",
    "BlankPadding",
    "CRFDecoder",
    "CalendarFeatures",
    "CharacterEncoder",
    "ConvolutionalSubsampling",
    "DecoderCell",
    "DistributionHead",
    "FeatureDeltas",
    "FeatureNormalization",
    "ForecastCombination",
    "FrequencyWarp",
    "LanguageModelObjective",
    "LocationAttention",
    "LogMelSpectrogram",
    "LuongAttention",
    "MaskedPooling",
    "MeanReversion",
    "NADEHead",
    "PerturbableEmbedding",
    "QuantileHead",
    "RecurrentInitialization",
    "RecurrentRegularization",
    "RecurrentStack",
    "RunningFeatureNormalization",
    "ScheduledSampling",
    "SeasonalCycle",
    "SegmentRecurrent",
    "SeriesScaling",
    "SpecAugment",
    "StateBridge",
    "SymbolEmbedding",
    "TeacherForcing",
    "TemperatureScaling",
    "TokenDropout",
    "ValueDecoder",
    "WaveformAugmentation",
]
