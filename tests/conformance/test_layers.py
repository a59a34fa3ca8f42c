"""What every public layer must do, found by discovery; `layer_cases.py` says how to make each."""

from __future__ import annotations

import dataclasses
import functools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite import layers, models
from tests.conformance.layer_cases import CASES, LENGTHS, Case

PUBLIC = {name: getattr(package, name) for package in (layers, models) for name in package.__all__}
LAYERS = {
    name: value
    for name, value in PUBLIC.items()
    if isinstance(value, type) and issubclass(value, keras.layers.Layer)
}
pytestmark = [
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
    ),
]
EVERY_CASE = [
    pytest.param(check_case, id=f"{name}-{index}")
    for name, cases in CASES.items()
    for index, check_case in enumerate(cases)
]


def unless_skipped(case: Case, check: str) -> None:
    if check in case.skip:
        pytest.skip(case.skip[check])


def call(layer, case: Case, inputs=None, **kwargs):
    """Call the layer; return its outputs as a flat list."""
    inputs = case.inputs if inputs is None else inputs
    if case.as_dict:
        return keras.tree.flatten(layer(dict(inputs), **kwargs))
    first, *rest = inputs
    return keras.tree.flatten(
        layer(inputs[first], **{name: inputs[name] for name in rest}, **kwargs)
    )


def symbolic(case: Case) -> dict:
    """Keras inputs for the case, of unknown time."""
    return {
        name: keras.Input(
            (None, *value.shape[2:]) if name in case.padded else value.shape[1:],
            dtype=value.dtype.name,
            name=name,
        )
        for name, value in case.inputs.items()
    }


class Built:
    """One layer that checks share: they call it outside training and leave it as it is."""

    def __init__(self, case: Case):
        keras.utils.set_random_seed(0)
        self.case = case
        self.layer = case.make()
        self.inputs = symbolic(case)
        self.specs = call(self.layer, case, self.inputs)
        self.outputs = call(self.layer, case)

    @functools.cached_property
    def function(self) -> tf.types.experimental.ConcreteFunction:
        """The layer's graph outside training, for any batch and any time."""
        case = self.case
        shapes = {
            name: (None, *value.shape[2:]) if case.padded and value.ndim > 1 else value.shape[1:]
            for name, value in case.inputs.items()
        }
        signature = {n: tf.TensorSpec((None, *shapes[n]), v.dtype) for n, v in case.inputs.items()}
        traced = tf.function(lambda inputs: call(self.layer, case, inputs, training=False))
        return traced.get_concrete_function(signature)

    def graph(self, inputs: dict) -> list[tf.Tensor]:
        return self.function({name: tf.constant(value) for name, value in inputs.items()})


@pytest.fixture(scope="module", params=EVERY_CASE)
def case(request):
    return request.param


@pytest.fixture(scope="module")
def built(case):
    return Built(case)


def assert_same(got, expected, **tolerance):
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(np.array(a), np.array(b), **{"atol": 1e-5, **tolerance})


def test_every_public_layer_has_a_case_and_every_case_a_layer():
    assert set(CASES) == set(LAYERS), "tests/conformance/layer_cases.py needs exactly these"
    assert all(CASES.values())


def test_cases_name_existing_checks():
    used = {check for cases in CASES.values() for case in cases for check in case.skip}
    assert used <= {name.removeprefix("test_") for name in globals() if name.startswith("test_")}


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - set(LAYERS)))
def test_other_public_names_are_serialisable_settings(name):
    settings = PUBLIC[name]()
    assert settings.__dataclass_params__.frozen
    assert PUBLIC[name](**json.loads(json.dumps(dataclasses.asdict(settings)))) == settings


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_is_registered_and_documented(name):
    assert keras.saving.get_registered_name(LAYERS[name]) == f"seqsuite>{name}"
    for heading in ("Call arguments:", "Returns:", "Example:"):
        assert heading in LAYERS[name].__doc__


def test_config(case):
    layer = case.make()
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))
    assert type(again) is type(layer)
    assert json.dumps(again.get_config()) == json.dumps(layer.get_config())


def test_save(case, built, tmp_path):
    unless_skipped(case, "save")
    model = keras.Model(built.inputs, built.specs)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert_same(keras.tree.flatten(again(case.inputs)), built.outputs, atol=0)
    assert [w.path.split("/")[-1] for w in again.weights] == [
        w.path.split("/")[-1] for w in model.weights
    ]


@pytest.mark.full
def test_modes(case, built):
    unless_skipped(case, "modes")
    assert len(built.specs) == len(built.outputs)
    for spec, value in zip(built.specs, built.outputs, strict=True):
        assert keras.backend.standardize_dtype(value.dtype) == spec.dtype
        assert len(spec.shape) == len(value.shape)
        for declared, actual in zip(spec.shape, value.shape, strict=True):
            assert declared in (None, actual)
    assert_same(built.graph(case.inputs), built.outputs)


@pytest.mark.full
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(case, built, policy):
    unless_skipped(case, "mixed_precision")
    keras.config.set_dtype_policy(policy)
    try:
        layer = case.make()
        call(layer, case, symbolic(case))
    finally:
        keras.config.set_dtype_policy("float32")
    layer.set_weights(built.layer.get_weights())
    got = call(layer, case)
    for value in got:
        if np.issubdtype(built.outputs[0].numpy().dtype, np.floating):
            assert keras.backend.standardize_dtype(value.dtype) == policy.removeprefix("mixed_")
    assert all(w.dtype == "float32" for w in layer.trainable_weights)
    # bfloat16 keeps 8 bits; errors add up over the steps.
    assert_same([tf.cast(v, tf.float32) for v in got], built.outputs, atol=0.08)


def test_padding(case, built):
    unless_skipped(case, "padding")
    longer = {
        n: np.pad(v, [(0, 0), (0, v.shape[1])] + [(0, 0)] * (v.ndim - 2)) if n in case.padded else v
        for n, v in case.inputs.items()
    }
    first, *rest = built.graph(longer)
    if case.time_outputs:
        first = first[:, : built.outputs[0].shape[1]]
    assert_same([first, *rest], built.outputs, atol=1e-6)


def test_row_alone(case, built):
    unless_skipped(case, "row_alone")
    for row in range(len(LENGTHS)):
        alone = built.graph({n: v[row : row + 1] for n, v in case.inputs.items()})
        assert_same(alone, [value[row : row + 1] for value in built.outputs], atol=1e-6)


@pytest.mark.full
@pytest.mark.parametrize("training", [False, True])
def test_gradients(case, training):
    if not training:
        unless_skipped(case, "gradients")
    layer = case.make()
    with tf.GradientTape() as tape:
        outputs = call(layer, case, training=training)
        squares = [tf.reduce_sum(tf.cast(o, tf.float32) ** 2) for o in outputs]
        loss = tf.add_n([*squares, *layer.losses])
    weights = layer.trainable_weights
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        assert gradient is not None, f"no gradient reaches {weight.path}"
        assert np.isfinite(tf.convert_to_tensor(gradient)).all(), weight.path


def test_no_random_op(case, built):
    unless_skipped(case, "no_random_op")
    graph = built.function.graph.as_graph_def()
    nodes = list(graph.node) + [n for f in graph.library.function for n in f.node_def]
    assert not {n.op for n in nodes if "Random" in n.op or "Assign" in n.op}
