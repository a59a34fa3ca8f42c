"""What every task must do, found by discovery: a new task file is held to all of it."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.data.batching import RaggedColumn, batch_dataset
from seqsuite.metrics.metric import Metrics
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks import task_names
from seqsuite.tasks.char_lm.batches import EncodedStream
from seqsuite.tasks.forecasting.batches import EncodedSeries
from seqsuite.training import runs
from seqsuite.training.model_runner import Predictor
from tests.layers.training_steps import build_for_training

# Of the batch that is learned; recordings take longer than all other tasks together.
ROWS = {"speech_recognition": 8}


@pytest.fixture(scope="module")
def losses(prepared):
    """The losses of 40 steps on one batch, and those of 3 steps again from a model built again."""
    task, _, preprocessor, encoded = prepared
    features, targets = one_batch(task, encoded, ROWS.get(task.spec.name, 32))
    models = []
    for _ in range(2):
        runs.set_seeds(3)
        model = task.build_model(preprocessor)
        keyed = with_loss_keys(model, targets)
        several = isinstance(keyed, dict) and len(keyed) > 1
        build_for_training(model, features, keyed if several else None)
        models.append(model)
    # To trace a step takes seconds: that of the first goes on with all that the second starts from.
    model, other = models
    start = [variable.numpy() for variable in (*other.variables, *other.optimizer.variables)]
    falling = [total(model.train_on_batch(features, keyed)) for _ in range(40)]
    model.reset_metrics()
    for variable, value in zip((*model.variables, *model.optimizer.variables), start, strict=True):
        variable.assign(value)
    return falling, [total(model.train_on_batch(features, keyed)) for _ in range(3)]


def one_batch(task, encoded, size=8):
    # Streams have as many rows as the model that carries their states.
    training = task.config.training
    sizes = {} if is_stream(encoded) else {"max_batch_size": size}
    if hasattr(training, "batch_tokens"):
        sizes["batch_tokens"] = 10**6
    plan = encoded.plan(dataclasses.replace(training, **sizes))
    features, targets, _ = next(iter(batch_dataset(encoded, plan[:1])))
    return features, targets


def is_stream(encoded):
    return isinstance(encoded, EncodedStream)


def with_loss_keys(model, targets):
    if isinstance(targets, dict):
        return {name: targets[name] for name in model.loss}
    return dict.fromkeys(model.loss, targets) if isinstance(model.loss, dict) else targets


def total(losses):
    """The loss itself, which stands before those of single outputs."""
    return float(np.ravel(losses)[0])


def twice_as_long(tensor, padding):
    width = [[0, 0], [0, tensor.shape[1]], *[[0, 0]] * (tensor.shape.rank - 2)]
    return tf.pad(tensor, width, constant_values=padding)


def values_of(column):
    return column.values if isinstance(column, RaggedColumn) else column


def raw_inputs(inputs, value):
    """One example of each input of a signature; text that the task must answer."""
    fillings = {"string": value, "int32": 1, "int64": 1, "float32": 1.0, "float64": 1.0}
    return {
        name: tf.fill([size or 1 for size in s.shape], tf.constant(fillings[s.dtype.name], s.dtype))
        for name, s in inputs.items()
    }


def test_the_contract_is_filled_in(prepared, untrained):
    task, _, preprocessor, _ = prepared
    assert task.spec.name in task_names()
    assert task.spec.summary
    assert Metrics(task.metrics).selecting.headline
    sections = [field.name for field in dataclasses.fields(task.spec.config_class)]
    assert sections[:3] == ["data", "model", "training"]
    assert type(task.config).__dataclass_params__.frozen
    serving = task.serving(preprocessor, untrained)
    assert serving.requests.keys() == serving.signatures.keys()
    assert task.spec.client_class.input_name in serving.signatures["serving_default"]


def test_splits_share_no_example(prepared):
    _, splits, *_ = prepared

    def rows(examples):
        return set(zip(*map(list, examples.features.values()), strict=True))

    test = splits.test
    assert not rows(splits.train) & rows(splits.validation)
    assert not rows(splits.train) & rows(test)
    assert not rows(splits.validation) & rows(test)


@pytest.mark.full(default=("sentiment", "char_lm", "forecasting"))
def test_the_loss_falls_on_the_sample(losses):
    falling, _ = losses
    assert np.isfinite(falling).all()
    assert np.mean(falling[-5:]) < 0.9 * np.mean(falling[:5])


@pytest.mark.full(default=("sentiment", "char_lm", "forecasting"))
def test_the_same_seed_gives_the_same_numbers(losses):
    once, again = losses
    assert once[: len(again)] == again


def test_padding_changes_neither_outputs_nor_loss(prepared, untrained):
    task, _, preprocessor, encoded = prepared
    if is_stream(encoded):
        pytest.skip("streams have no padding")
    model = untrained
    features, targets = one_batch(task, encoded)
    padded = dict(features)
    for name in preprocessor.ragged_features:
        padded[name] = twice_as_long(features[name], 0)
    outputs = model(features, training=False)
    padded_outputs = model(padded, training=False)
    lengths = features[preprocessor.length_feature]
    for ours, theirs in zip(*map(tf.nest.flatten, (outputs, padded_outputs)), strict=True):
        if ours.shape != theirs.shape:  # it has a time axis: its real steps must agree
            real = tf.sequence_mask(lengths, ours.shape[1])
            theirs = theirs[:, : ours.shape[1]]
            ours, theirs = tf.boolean_mask(ours, real), tf.boolean_mask(theirs, real)
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    padded_targets = with_loss_keys(model, targets)
    if isinstance(targets, dict):
        for name in padded_targets:
            column = encoded.targets[name]
            padded_targets[name] = twice_as_long(targets[name], column.padding)
    first = model.compute_loss(features, with_loss_keys(model, targets), outputs)
    second = model.compute_loss(padded, padded_targets, padded_outputs)
    assert float(second) == pytest.approx(float(first), abs=1e-5)


@pytest.mark.full(default=("sentiment", "pos_tagging"))
def test_a_row_alone_is_the_row_in_a_batch(prepared, untrained):
    *_, encoded = prepared
    if is_stream(encoded):
        pytest.skip("a stream is one row; tests/tasks/char_lm/test_predictor.py")
    if isinstance(encoded, EncodedSeries):
        pytest.skip("windows are rows of one series; tests/tasks/forecasting/test_task.py")
    predict = Predictor(untrained)
    together = predict(encoded)
    predict.batch_tokens = 1
    alone = predict(encoded)
    for name in together:
        np.testing.assert_allclose(values_of(together[name]), values_of(alone[name]), atol=1e-5)


def test_every_weight_gets_a_finite_gradient(prepared, untrained):
    task, *_, encoded = prepared
    model = untrained
    features, targets = one_batch(task, encoded)
    with tf.GradientTape() as tape:
        outputs = model(features, training=False)
        loss = model.compute_loss(features, with_loss_keys(model, targets), outputs)
    gradients = tape.gradient(loss, model.trainable_weights)
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        assert np.isfinite(tf.convert_to_tensor(gradient)).all(), weight.path


def test_the_config_of_a_preprocessor_holds_settings_and_nothing_learned(prepared):
    _, _, preprocessor, _ = prepared
    fresh = type(preprocessor).from_config(preprocessor.get_config())
    assert fresh.get_config() == preprocessor.get_config()
    if preprocessor.get_state():
        assert fresh.get_state() != preprocessor.get_state()
    fresh.set_state(preprocessor.get_state())
    assert fresh.get_state() == preprocessor.get_state()


def test_the_preprocessor_survives_being_saved(prepared, tmp_path):
    _, splits, preprocessor, encoded = prepared
    preprocessor.save_to(tmp_path)
    loaded = Preprocessor.load_from(tmp_path)
    again = loaded.encode(splits.train, training=True)
    if is_stream(encoded):
        np.testing.assert_array_equal(encoded.ids, again.ids)
        return
    every = np.arange(len(encoded))
    for name, value in encoded.batch(every).items():
        np.testing.assert_array_equal(value, again.batch(every)[name])
    for ours, theirs in zip(
        tf.nest.flatten(encoded.target_batch(every)),
        tf.nest.flatten(again.target_batch(every)),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_empty_and_one_token_inputs_get_a_finite_answer(prepared, untrained):
    task, _, preprocessor, _ = prepared
    serving = task.serving(preprocessor, untrained)
    for inputs in serving.signatures.values():
        for value in ("", " ", "a", "\n"):
            for output in serving.function(raw_inputs(inputs, value)).values():
                assert output.shape[0] == 1
                if output.dtype.is_floating:
                    assert np.isfinite(output).all()
