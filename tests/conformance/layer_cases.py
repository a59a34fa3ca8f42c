"""How to construct every public layer, and what to feed it: one entry per configuration.

A new public layer needs an entry here, or `test_layers.py` fails. `make` builds the layer (with
Keras' current dtype policy), `inputs` gives one array per call argument in call order, with three
rows. Sequences are padded to `STEPS`; padding is grown on axis 1 of the arguments in `padded`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np

from seqsuite import layers, models

STEPS, FEATURES = 5, 3
LENGTHS = np.array([5, 2, 0], "int32")


@dataclass(frozen=True)
class Case:
    """One configuration of one layer.

    Args:
        make: Builds the layer.
        inputs: Call argument -> array whose first axis are the rows.
        padded: Call arguments that have a time axis.
        time_outputs: Whether the first output has a time axis, which grows with the padding.
        as_dict: The layer takes all the inputs as one dict.
        skip: Name of a check -> the reason why it does not apply to this layer.
    """

    make: Callable[[], keras.layers.Layer]
    inputs: dict[str, np.ndarray]
    padded: tuple[str, ...] = ()
    time_outputs: bool = False
    as_dict: bool = False
    skip: dict[str, str] = field(default_factory=dict)


def sequence(seed: int = 0) -> np.ndarray:
    """Random features, ``(3, STEPS, FEATURES)``."""
    return np.random.default_rng(seed).normal(size=(3, STEPS, FEATURES)).astype("float32")


def token_ids(size: int = 9) -> np.ndarray:
    """Random ids from 1, zero where the row has ended."""
    ids = np.random.default_rng(1).integers(1, size, (3, STEPS)).astype("int32")
    return np.where(np.arange(STEPS) < LENGTHS[:, None], ids, 0)


def _recurrent(**arguments) -> Case:
    return Case(
        make=lambda: layers.RecurrentStack(4, **arguments),
        inputs={"inputs": sequence(), "lengths": LENGTHS},
        padded=("inputs",),
        time_outputs=True,
    )


def _pooling(mode: str) -> Case:
    return Case(
        make=lambda: layers.MaskedPooling(mode, attention_units=4),
        inputs={"inputs": sequence(), "lengths": LENGTHS},
        padded=("inputs",),
    )


def _characters(**arguments) -> Case:
    words = np.random.default_rng(2).integers(1, 9, (3, STEPS, 4)).astype("int32")
    # Words of one character to four, and no word where the row has ended.
    ends = (np.arange(STEPS) % 4 + 1) * (np.arange(STEPS) < LENGTHS[:, None])
    return Case(
        make=lambda: layers.CharacterEncoder(9, units=4, embedding_size=3, **arguments),
        inputs={"character_ids": np.where(np.arange(4) < ends[:, :, None], words, 0)},
        padded=("character_ids",),
        time_outputs=True,
    )


def _crf() -> layers.CRF:
    return layers.CRF(FEATURES, forbidden_transitions=[(0, 2)], forbidden_starts=[2])


def _tagger() -> keras.Model:
    logits = keras.Input((None, FEATURES), name="inputs")
    length = keras.Input((), dtype="int32", name="lengths")
    crf = _crf()
    potentials = crf(logits, lengths=length)
    confidence = layers.CRFDecoder(crf)(potentials, lengths=length)["confidence"]
    return keras.Model(
        {"inputs": logits, "lengths": length},
        keras.layers.Concatenate()([potentials, confidence[:, :, None]]),
    )


def _token_inputs() -> list[keras.KerasTensor]:
    return [
        keras.Input((None,), dtype="int32", name="token_ids"),
        keras.Input((), dtype="int32", name="length"),
    ]


def _classifier() -> keras.Model:
    ids, length = _token_inputs()
    x = layers.PerturbableEmbedding(9, 4)(ids)
    pooled = layers.MaskedPooling("mean")(x, lengths=length)
    return keras.Model({"token_ids": ids, "length": length}, keras.layers.Dense(2)(pooled))


def _language_model() -> keras.Model:
    ids, length = _token_inputs()
    table = keras.layers.Embedding(9, 4)
    states = layers.RecurrentStack(3, bidirectional=True)(table(ids), lengths=length)
    encoder = keras.Model({"token_ids": ids, "length": length}, states)
    return models.BidirectionalLanguageModel(encoder, table, num_sampled=4, seed=1)


def _stream_model() -> keras.Model:
    ids = keras.Input((None,), dtype="int32", name="token_ids")
    state = keras.Input((3,), name="state_0")
    stack = layers.RecurrentStack(3, cell="gru", return_state=True)
    x, final = stack(keras.layers.Embedding(9, 4)(ids), initial_state=[state])
    outputs = {"logits": keras.layers.Dense(9)(x), "state_0": final}
    return keras.Model({"token_ids": ids, "state_0": state}, outputs)


def _stack(**arguments) -> layers.RecurrentStack:
    return layers.RecurrentStack(4, return_state=True, **arguments)


def _decoder_cell(attention=layers.LuongAttention, **arguments) -> layers.DecoderCell:
    return layers.DecoderCell(
        layers.SymbolEmbedding(9, 4, dropout=0.2),
        _stack(regularization={"dropout": 0.2, "variational": True}),
        attention=attention(),
        embedding_dropout=0.2,
        output_dropout=0.2,
        **arguments,
    )


def _answers(attention: Callable[[], keras.layers.Layer]) -> Case:
    return Case(
        make=lambda: layers.AnswerAttention(attention(), num_answers=2),
        inputs={"inputs": sequence(), "lengths": LENGTHS},
        padded=("inputs",),
        time_outputs=True,
    )


def _attention(make: Callable[[], keras.layers.Layer]) -> Case:
    query = np.random.default_rng(4).normal(size=(3, FEATURES)).astype("float32")
    return Case(make=make, inputs={"query": query, **MEMORY}, padded=("memory",), skip=WEIGHTS)


def _one_step(**arguments) -> Case:
    return Case(
        make=lambda: _decoder_cell(**arguments),
        inputs={"token_ids": np.array([1, 8, 0], "int32"), **MEMORY},
        padded=("memory",),
        skip=WEIGHTS,
    )


def _location() -> layers.LocationAttention:
    return layers.LocationAttention(4, num_filters=2, filter_width=3)


def _segments(**arguments) -> Case:
    history = np.where(np.arange(STEPS)[None, :, None] < LENGTHS[:, None, None], sequence(), 0)
    future = np.random.default_rng(5).normal(size=(3, 7, 2)).astype("float32")
    return Case(
        make=lambda: layers.SegmentRecurrent(4, 3, 7, **arguments),
        inputs={
            "history": history.astype("float32"),
            "lengths": LENGTHS,
            "series": sequence(6)[:, 0],
            "future": future,
        },
        padded=("history",),
    )


def _values(head: Callable[[], keras.layers.Layer], **arguments) -> Case:
    return Case(
        make=lambda: layers.ValueDecoder(_stack(cell="gru"), head(), 0.5, **arguments),
        inputs={
            "previous_values": sequence(7)[:, :, 0],
            "covariates": sequence(8),
            "observed": token_ids() % 3 > 0,
            "lengths": LENGTHS,
            "scale": np.array([[1.0], [3.0], [9.0]], "float32"),
        },
        padded=("previous_values", "covariates", "observed"),
        time_outputs=True,
        skip=PARAMETERS if arguments.get("feedback") == "sample" else {},
    )


def _calendar(encoding: str) -> Case:
    return Case(
        make=lambda: layers.CalendarFeatures(encoding=encoding),
        inputs={"timestamps": SECONDS},
        padded=("timestamps",),
        time_outputs=True,
    )


def _scaling(mode: str) -> Case:
    return Case(
        make=lambda: layers.SeriesScaling(mode, affine=True),
        inputs={"history": sequence()[:, :, 0], "observed": token_ids() > 0},
        padded=("history", "observed"),
        time_outputs=True,
        skip={"mixed_precision": "computed in float32 whatever the policy"},
    )


def _spectrogram(**arguments) -> Case:
    samples = np.random.default_rng(9).uniform(-1, 1, (3, 60)).astype("float32")
    return Case(
        make=lambda: layers.LogMelSpectrogram(
            1000, 4, frame_seconds=0.016, hop_seconds=0.006, **arguments
        ),
        inputs={"samples": samples, "lengths": np.array([60, 33, 0], "int32")},
        padded=("samples",),
        time_outputs=True,
        skip={"mixed_precision": "computed in float32 whatever the policy"},
    )


def _subsampling(**arguments) -> Case:
    return Case(
        make=lambda: layers.ConvolutionalSubsampling(4, **arguments),
        inputs={"features": sequence(), "lengths": LENGTHS},
        padded=("features",),
        time_outputs=True,
    )


def _features(make: Callable[[], keras.layers.Layer]) -> Case:
    inputs = {"features": sequence(), "lengths": LENGTHS}
    return Case(make=make, inputs=inputs, padded=("features",), time_outputs=True)


def _decoder(make: Callable[[], keras.layers.Layer]) -> Case:
    return Case(
        make=make,
        inputs={"token_ids": token_ids(), "lengths": LENGTHS, **MEMORY},
        padded=("token_ids", "memory"),
        time_outputs=True,
    )


MEMORY = {"memory": sequence(3), "memory_length": np.array([3, 5, 0], "int32")}
WEIGHTS = {"padding": "the weights have the memory's time axis; tests/layers/attention/"}
TOKENS = {"token_ids": token_ids(), "length": LENGTHS}
WHOLE_MODEL = "a training wrapper around a finished model, not a part of one"
PARAMETERS = {
    "padding": "every parameter has a time axis; tests/layers/decoder/test_value_decoder.py"
}
SECONDS = np.array([[0, 951_782_400, -1, 1, 4_102_444_799]] * 3, "int64")
ALWAYS_FLOAT32 = "computed in float32 whatever the policy; tests/layers/crf/test_crf.py looks at it"
SAMPLED = "the loss samples its competitors anew at every call"

CASES: dict[str, list[Case]] = {
    "ActivationRegularization": [
        Case(
            make=lambda: layers.ActivationRegularization(0.5, 0.5),
            inputs={"inputs": sequence()},
            padded=("inputs",),
            time_outputs=True,
        )
    ],
    "AdversarialModel": [
        Case(
            make=lambda: models.AdversarialModel(_classifier()),
            inputs=TOKENS,
            padded=("token_ids",),
            as_dict=True,
        )
    ],
    "AnswerAttention": [
        _answers(lambda: layers.BahdanauAttention(4)),
        _answers(lambda: layers.LuongAttention("scaled")),
    ],
    "BahdanauAttention": [
        _attention(lambda: layers.BahdanauAttention(4)),
        _attention(lambda: layers.BahdanauAttention(4, normalize=True)),
    ],
    "BidirectionalLanguageModel": [
        Case(
            make=_language_model,
            inputs=TOKENS,
            as_dict=True,
            skip={
                "row_alone": "one loss for the whole batch",
                "padding": SAMPLED,
                "modes": SAMPLED,
                "save": WHOLE_MODEL,
                "mixed_precision": SAMPLED,
                "no_random_op": SAMPLED,
            },
        )
    ],
    "BivariateMixtureHead": [
        Case(
            make=lambda: layers.BivariateMixtureHead(3),
            inputs={"features": sequence()},
            padded=("features",),
            time_outputs=True,
            skip={"mixed_precision": "densities need float32"},
        )
    ],
    "BlankPadding": [
        Case(
            make=lambda: layers.BlankPadding(blank=2),
            inputs={"logits": sequence(), "lengths": LENGTHS},
            padded=("logits",),
            time_outputs=True,
            skip={"mixed_precision": ALWAYS_FLOAT32},
        )
    ],
    "CRF": [
        # With a decoder behind it: the layer's own output does not depend on its weights, which
        # are what the loss and the decoder use.
        Case(
            make=_tagger,
            inputs={"inputs": sequence(), "lengths": LENGTHS},
            padded=("inputs",),
            time_outputs=True,
            as_dict=True,
            skip={"mixed_precision": ALWAYS_FLOAT32},
        )
    ],
    "CRFDecoder": [
        Case(
            make=lambda: layers.CRFDecoder(_crf(), ["a", "b", "a"]),
            inputs={"potentials": sequence(), "lengths": LENGTHS},
            padded=("potentials",),
            skip={
                "mixed_precision": ALWAYS_FLOAT32,
                "padding": "both outputs have a time axis; tests/layers/crf/test_decoder.py",
            },
        )
    ],
    "CalendarFeatures": [_calendar("linear"), _calendar("circle")],
    "CharacterEncoder": [
        _characters(widths=(2, 3), dropout=0.2),
        _characters(kind="bilstm"),
    ],
    "ConvolutionalSubsampling": [
        _subsampling(),
        _subsampling(kernel_sizes=(3, 2), strides=(2, 2), dropout=0.2, look_ahead=0),
    ],
    "DecoderCell": [_one_step(), _one_step(input_feeding=True, tie_embeddings=True)],
    "DistributionHead": [
        Case(
            make=lambda: layers.DistributionHead("student_t"),
            inputs={"features": sequence()},
            padded=("features",),
            time_outputs=True,
            skip=PARAMETERS,
        )
    ],
    "NADEHead": [
        Case(
            make=lambda: layers.NADEHead(4, units=5),
            inputs={
                "features": sequence(),
                "values": np.random.default_rng(0).integers(2, size=(*sequence().shape[:2], 4)),
            },
            padded=("features", "values"),
            time_outputs=True,
        )
    ],
    "LocationAttention": [_attention(_location)],
    "LanguageModelObjective": [
        Case(
            make=lambda: layers.LanguageModelObjective(9, 4, num_sampled=4, seed=1),
            inputs={"inputs": sequence()[:, :, :2], "token_ids": token_ids(), "lengths": LENGTHS},
            padded=("inputs", "token_ids"),
            time_outputs=True,
            skip={"gradients": "its weights have a part in training only"},
        )
    ],
    "LogMelSpectrogram": [_spectrogram(), _spectrogram(num_coefficients=3)],
    "LuongAttention": [
        _attention(lambda: layers.LuongAttention("dot")),
        _attention(lambda: layers.LuongAttention("scaled")),
        _attention(lambda: layers.LuongAttention("normalized")),
    ],
    "MaskedPooling": [_pooling("mean"), _pooling("max+last"), _pooling("attention")],
    "PerturbableEmbedding": [
        Case(
            make=lambda: layers.PerturbableEmbedding(9, 4),
            inputs={"inputs": token_ids()},
            padded=("inputs",),
            time_outputs=True,
        )
    ],
    "QuantileHead": [
        Case(
            make=lambda: layers.QuantileHead([0.1, 0.25, 0.6, 0.9]),
            inputs={"features": sequence()},
            padded=("features",),
            time_outputs=True,
        )
    ],
    "RecurrentStack": [
        _recurrent(cell="simple_rnn", initialization={"recurrent": "identity", "scale": 0.5}),
        _recurrent(initialization={"longest_delay": 9}),
        _recurrent(bidirectional=True, return_state=True),
        _recurrent(
            cell="gru",
            num_layers=2,
            bidirectional=True,
            connection="highway",
            layer_norm=True,
            return_state=True,
            initialization={"learnable_state": True},
            regularization={"dropout": 0.2, "variational": True, "weight_drop": 0.2},
        ),
        _recurrent(
            cell="gru",
            reset_after=False,
            num_layers=2,
            connection="residual",
            regularization={"dropout": 0.2, "zoneout": 0.1, "weight_drop": 0.2},
        ),
    ],
    "RunningFeatureNormalization": [
        _features(lambda: layers.RunningFeatureNormalization(5.0)),
    ],
    "ScheduledSampling": [
        _decoder(lambda: layers.ScheduledSampling(_decoder_cell(), 0.5)),
        _decoder(
            lambda: layers.ScheduledSampling(
                _decoder_cell(input_feeding=True), 0.5, feedback="argmax", parallel=True
            )
        ),
        _decoder(
            lambda: layers.ScheduledSampling(
                _decoder_cell(_location), 0.5, gradient="straight_through"
            )
        ),
    ],
    "FeatureDeltas": [_features(layers.FeatureDeltas)],
    "FeatureNormalization": [
        _features(lambda: layers.FeatureNormalization(scale=False)),
        _features(lambda: layers.FeatureNormalization("global")),
    ],
    "FrequencyWarp": [
        Case(
            make=lambda: layers.FrequencyWarp(0.2),
            inputs={"features": sequence()},
            padded=("features",),
            time_outputs=True,
        )
    ],
    "ForecastCombination": [
        Case(
            make=lambda: layers.ForecastCombination(0.5),
            inputs={"forecast": sequence()[:, :, 0], "displacement": sequence(1)[:, :, 0]},
            padded=("forecast", "displacement"),
            time_outputs=True,
        )
    ],
    "MeanReversion": [
        Case(
            make=lambda: layers.MeanReversion(4, half_life=3.0),
            inputs={"scaled": sequence()[:, :, 0], "observed": token_ids() > 0},
            padded=("scaled", "observed"),
        )
    ],
    "SeasonalCycle": [
        Case(
            make=lambda: layers.SeasonalCycle(4, num_series=2),
            inputs={"phase": token_ids(), "series_index": np.array([0, 1, -1], "int32")},
            padded=("phase",),
            time_outputs=True,
        )
    ],
    "SegmentRecurrent": [
        _segments(dropout=0.2, num_layers=2),
        _segments(cell="lstm", decoding="recurrent", dropout=0.2, num_outputs=2),
    ],
    "SeriesScaling": [_scaling("revin"), _scaling("last_deviation"), _scaling("mean_abs")],
    "SpecAugment": [
        _features(lambda: layers.SpecAugment(max_frequency_mask=2, fill="mean")),
    ],
    "StateBridge": [
        Case(
            make=lambda: layers.StateBridge(4, encoder_cell="gru"),
            inputs={"states": sequence()[:, 0]},
        )
    ],
    "SymbolEmbedding": [
        Case(
            make=lambda: layers.SymbolEmbedding(9, 4, dropout=0.3),
            inputs={"inputs": token_ids()},
            padded=("inputs",),
            time_outputs=True,
        )
    ],
    "TeacherForcing": [
        _decoder(lambda: layers.TeacherForcing(_decoder_cell(tie_embeddings=True))),
        _decoder(lambda: layers.TeacherForcing(_decoder_cell(input_feeding=True))),
        _decoder(lambda: layers.TeacherForcing(_decoder_cell(_location))),
    ],
    "TemperatureScaling": [
        Case(make=layers.TemperatureScaling, inputs={"logits": sequence()[:, 0]})
    ],
    "TokenDropout": [
        Case(
            make=lambda: layers.TokenDropout(0.3),
            inputs={"token_ids": token_ids()},
            padded=("token_ids",),
            time_outputs=True,
        ),
        Case(
            make=lambda: layers.TokenDropout([0.0, *[0.1, 0.5] * 4]),
            inputs={"token_ids": token_ids()},
            padded=("token_ids",),
            time_outputs=True,
        ),
    ],
    "TruncatedBackpropagation": [
        Case(
            make=lambda: models.TruncatedBackpropagation(_stream_model(), rows=3),
            inputs={"token_ids": token_ids()},
            padded=("token_ids",),
            time_outputs=True,
            as_dict=True,
            skip={"padding": "streams have no padding: every step changes the states"},
        )
    ],
    "ValueDecoder": [
        _values(lambda: keras.layers.Dense(1), dropout=0.2),
        _values(lambda: layers.QuantileHead([0.2, 0.5, 0.8]), return_state=True),
        _values(layers.DistributionHead, feedback="sample"),
        _values(lambda: layers.DistributionHead("negative_binomial"), feedback="sample"),
    ],
    "WaveformAugmentation": [
        Case(
            make=lambda: layers.WaveformAugmentation(),
            inputs={"samples": sequence()[:, :, 0], "lengths": LENGTHS},
            padded=("samples",),
            time_outputs=True,
            skip={"mixed_precision": "computed in float32 whatever the policy"},
        )
    ],
}
