"""Frozen layers, NaN in padding, batches without rows, dtypes, and shapes that must not broadcast.

For all layers but the recurrent ones and the decoders, with the cases of the conformance tests.
"""

from __future__ import annotations

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import (
    CRF,
    AnswerAttention,
    BlankPadding,
    ConvolutionalSubsampling,
    CRFDecoder,
    FeatureNormalization,
    LocationAttention,
    LuongAttention,
    RunningFeatureNormalization,
    SeriesScaling,
    WaveformAugmentation,
)
from tests.conformance.layer_cases import CASES
from tests.conformance.test_layers import call, symbolic

PACKAGES = ("attention", "audio", "crf", "masked_pooling", "series", "text")
MINE = {
    f"{name}-{index}": case
    for name, cases in CASES.items()
    for index, case in enumerate(cases)
    if type(case.make()).__module__.split(".")[2] in PACKAGES and not case.as_dict
}
PARTS = [name for name, case in MINE.items() if case.make()._flatten_layers(include_self=False)]
# Outside training these return their inputs, and read no other argument.
PASS_THROUGH = ("LanguageModelObjective", "SpecAugment", "WaveformAugmentation")


def training_of(layer) -> dict:
    return {"training": True} if "training" in inspect.signature(layer.call).parameters else {}


@pytest.mark.parametrize("name", PARTS)
def test_a_frozen_layer_is_frozen_after_loading_and_can_be_unfrozen(name, tmp_path):
    case = MINE[name]
    layer, inputs = case.make(), symbolic(case)
    model = keras.Model(inputs, call(layer, case, inputs))
    count = len(model.trainable_weights)
    layer.trainable = False
    if isinstance(layer, CRFDecoder):  # its CRF is a layer of the model by itself
        layer.crf.trainable = False
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert not loaded.trainable_weights
    for part in loaded._flatten_layers(include_self=False):
        part.trainable = True
    assert len(loaded.trainable_weights) == count


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
@pytest.mark.parametrize("name", list(MINE))
def test_a_policy_of_the_layer_alone_is_kept(name, policy):
    case = MINE[name]
    config = {**case.make().get_config(), "dtype": policy}
    layer = type(case.make()).from_config(config)
    call(layer, case, **training_of(layer))
    specs = keras.tree.flatten(call(layer, case, symbolic(case)))
    for value, spec in zip(call(layer, case), specs, strict=True):
        assert keras.backend.standardize_dtype(value.dtype) == spec.dtype


@pytest.mark.parametrize(
    ("name", "argument"),
    [(name, argument) for name, case in MINE.items() for argument in list(case.inputs)[1:]],
)
def test_arguments_of_one_row_are_not_broadcast(name, argument):
    case = MINE[name]
    layer = case.make()
    with pytest.raises(ValueError, match=f"`{argument}` must have the shape"):
        call(
            layer,
            case,
            {**case.inputs, argument: case.inputs[argument][:1]},
            **training_of(layer),
        )


@pytest.mark.parametrize(
    "name", [name for name, case in MINE.items() if {"lengths", "memory_length"} & set(case.inputs)]
)
def test_nan_in_padding_reaches_no_gradient(name):
    case = MINE[name]
    layer = case.make()
    call(layer, case)

    def with_padding(filling):
        inputs = {}
        for argument, value in case.inputs.items():
            if argument in case.padded and np.issubdtype(value.dtype, np.floating):
                lengths = case.inputs.get("lengths", case.inputs.get("memory_length"))
                real = np.arange(value.shape[1]) < lengths[:, None]
                real = real.reshape(*real.shape, *[1] * (value.ndim - 2))
                value = np.where(real, value, filling).astype(value.dtype)
            inputs[argument] = tf.constant(value)
        return inputs

    def gradients(inputs):
        floating = [value for value in inputs.values() if value.dtype.is_floating]
        variables = [weight.value for weight in layer.trainable_weights]
        with tf.GradientTape() as tape:
            tape.watch(floating)
            outputs = call(layer, case, inputs, **training_of(layer))
            if name.split("-")[0] in PASS_THROUGH:  # what is passed on may hold NaN
                outputs = [tf.where(tf.math.is_finite(o), o, 0) for o in outputs[:1]]
            loss = tf.add_n([tf.reduce_sum(tf.cast(o, tf.float32)) for o in outputs])
            loss += sum(layer.losses)
        return [loss, *tape.gradient(loss, [*variables, *floating])]

    for gradient in gradients(with_padding(np.nan)):
        if gradient is not None:
            assert np.isfinite(tf.convert_to_tensor(gradient)).all()


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("scale", [True, False])
def test_nan_in_padding_reaches_no_gradient_of_a_partial_normalization(center, scale):
    features = tf.constant([[[1.0], [3.0], [np.nan]]])
    with tf.GradientTape() as tape:
        tape.watch(features)
        layer = FeatureNormalization(center=center, scale=scale)
        loss = tf.reduce_sum(layer(features, lengths=[2]) ** 2)
    assert np.isfinite(tape.gradient(loss, features)).all()


@pytest.mark.parametrize("name", list(MINE))
def test_a_batch_without_rows_has_outputs_without_rows(name):
    case = MINE[name]
    layer = case.make()
    expected = call(layer, case)
    outputs = call(layer, case, {argument: value[:0] for argument, value in case.inputs.items()})
    for output, full in zip(outputs, expected, strict=True):
        assert output.shape[0] == 0
        assert output.shape[2:] == full.shape[2:]


@pytest.mark.parametrize("name", list(MINE))
def test_the_output_shape_is_known_beforehand(name):
    case = MINE[name]
    layer = case.make()
    outputs = call(layer, case)
    shapes = layer.compute_output_shape(*(value.shape for value in case.inputs.values()))
    if isinstance(shapes, dict):
        shapes = [shapes[key] for key in sorted(shapes)]
    elif not isinstance(shapes[0], tuple):
        shapes = [shapes]
    assert [tuple(shape) for shape in shapes] == [tuple(output.shape) for output in outputs]


def test_a_crf_runs_in_time_distributed():
    logits = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
    crf = CRF(5)
    outputs = keras.layers.TimeDistributed(crf)(keras.Input((3, 4, 5)))
    assert outputs.shape == (None, 3, 4, 5)
    np.testing.assert_array_equal(keras.layers.TimeDistributed(crf)(logits), logits)


def test_a_crf_names_the_argument_of_another_shape():
    crf = CRF(3)
    with pytest.raises(ValueError, match=r"`potentials` must .* num_tags=3\)"):
        crf.viterbi(np.zeros((5, 3), "float32"), np.array([5]))
    with pytest.raises(ValueError, match="`tags` must have the shape"):
        crf.log_likelihood(np.zeros((2, 4, 3), "float32"), np.zeros((1, 4), "int32"))


def test_a_tag_that_is_ruled_out_by_minus_infinity_leaves_the_likelihood_of_others():
    potentials = np.zeros((1, 4, 3), "float32")
    potentials[:, :, 2] = -np.inf
    crf = CRF(3)
    tape_input = tf.constant(potentials)
    with tf.GradientTape() as tape:
        tape.watch(tape_input)
        likelihood = crf.log_likelihood(tape_input, np.zeros((1, 4), "int32"), np.array([4]))
    # Two equal tags are left at each of four steps.
    np.testing.assert_allclose(likelihood, [-4 * np.log(2)], rtol=1e-6)
    expected = [[[0.5, -0.5, 0.0]] * 4]
    np.testing.assert_allclose(tape.gradient(likelihood, tape_input), expected, atol=1e-6)
    ruled_out = crf.log_likelihood(potentials, np.full((1, 4), 2), np.array([4]))
    assert ruled_out.numpy().tolist() == [-np.inf]


def test_states_and_scales_of_other_rows_are_refused():
    features = np.ones((2, 3, 4), "float32")
    state = [np.zeros((1, size), "float32") for size in (1, 4, 4)]
    with pytest.raises(ValueError, match="`initial_state` must have the shape"):
        RunningFeatureNormalization()(features, initial_state=state)
    one = np.ones((1, 1), "float32")
    with pytest.raises(ValueError, match="`center` must have the shape"):
        SeriesScaling().inverse(np.ones((2, 3), "float32"), one, one)
    with pytest.raises(ValueError, match="`weights` must have the shape"):
        LocationAttention(3)(features[:, 0], features, weights=np.zeros((1, 3), "float32"))


def test_rows_of_a_graph_may_be_none():
    layer = ConvolutionalSubsampling(4)
    layer.build((None, None, 3))
    function = tf.function(layer, input_signature=[tf.TensorSpec((None, None, 3), tf.float32)])
    assert function(tf.zeros((0, 7, 3))).shape == (0, 4, 4)


def test_half_precision_layers_of_audio_keep_soft_samples_and_impossible_symbols():
    logits = np.ones((1, 2, 3), "float32")
    blank = BlankPadding(dtype="mixed_float16")(logits, lengths=np.array([1]))
    assert blank[0, 1].numpy().tolist() == [0.0, -1e9, -1e9]
    samples = np.ones((1, 8), "float32")
    changed, lengths = WaveformAugmentation(dtype="mixed_float16")(samples, np.array([8]))
    assert changed.dtype == "float32"
    assert lengths.numpy().tolist() == [8]


def test_answers_see_the_same_whatever_padding_holds():
    layer = AnswerAttention(LuongAttention("dot"))
    inputs = np.random.default_rng(0).normal(size=(1, 4, 2)).astype("float32")
    expected = layer(inputs, lengths=np.array([3]))
    inputs[:, 3] = np.nan
    np.testing.assert_array_equal(layer(inputs, lengths=np.array([3])), expected)
