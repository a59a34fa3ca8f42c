"""ScheduledSamplingCallback: the right probability at the right step, in any model."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from seqsuite.callbacks.scheduled_sampling import ScheduledSamplingCallback
from seqsuite.layers import (
    BahdanauAttention,
    DecoderCell,
    RecurrentStack,
    ScheduledSampling,
    StateBridge,
    SymbolEmbedding,
)
from tests.layers.training_steps import build_for_training


@keras.saving.register_keras_serializable(package="tests")
class Translator(keras.Model):
    """A user's own model, the decoder in a part of it."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.table = SymbolEmbedding(8, 4)
        self.encoder = RecurrentStack(3, bidirectional=True, return_state=True)
        self.bridge = StateBridge(5, "lstm", bidirectional=True)
        stack = RecurrentStack(5, return_state=True)
        cell = DecoderCell(SymbolEmbedding(8, 4), stack, BahdanauAttention(4), input_feeding=True)
        self.parts = {"decoder": ScheduledSampling(cell, seed=1)}

    def call(self, inputs, training=False):
        source, target = inputs["source"], inputs["target"]
        memory, *final = self.encoder(self.table(source))
        start = self.bridge(final)
        return self.parts["decoder"](target, memory=memory, initial_state=start, training=training)


def compiled():
    keras.utils.set_random_seed(0)
    model = Translator()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss)
    build_for_training(model, data()[0])
    return model


def data(rows=32):
    source = np.random.default_rng(0).integers(1, 8, (rows, 4)).astype("int32")
    return {"source": source, "target": np.pad(source[:, :-1], [(0, 0), (1, 0)])}, source


class Recorder(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        layer = self.model.parts["decoder"]
        self.seen.append(float(layer.sampling_probability))


def fitted(model, *callbacks, **arguments):
    recorder = Recorder()
    x, y = data()
    settings = {"batch_size": 8, "epochs": 2, "verbose": 0, **arguments}
    history = model.fit(x, y, callbacks=[*callbacks, recorder], **settings)
    return recorder.seen, history.history["loss"]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (("constant", 0.25), [0.25] * 4),
        (("linear", 0.5), [0.0, 0.25, 0.5, 0.5]),
        (("exponential", 1.0), [0.0, 0.1, 0.19, 0.271]),
        (("inverse_sigmoid", 1.0), [1 - 2 / (2 + math.exp(step / 2)) for step in range(4)]),
        ((lambda step: step / 4, 0.5), [0.0, 0.125, 0.25, 0.375]),
    ],
)
def test_probabilities_follow_the_formula(schedule, expected):
    settings = {"linear": {"total_steps": 2}, "exponential": {"decay": 0.9}}
    settings["inverse_sigmoid"] = {"k": 2.0}
    callback = ScheduledSamplingCallback(*schedule, **settings.get(schedule[0], {}))
    found = [callback.probability(step) for step in range(4)]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.full
def test_a_users_model_learns_by_schedule_is_saved_and_loaded(tmp_path):
    model = compiled()
    callback = ScheduledSamplingCallback("linear", maximum=0.5, total_steps=10)
    seen, loss = fitted(model, callback, epochs=5)
    np.testing.assert_allclose(seen, np.minimum(np.arange(20) / 10, 1.0) * 0.5, atol=1e-6)
    assert loss[-1] < loss[0]
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x, _ = data()
    np.testing.assert_array_equal(again(x), model(x))
    assert float(again.parts["decoder"].sampling_probability) == 0.5
    # The schedule goes on where the optimizer stands.
    again.optimizer.iterations.assign(5)
    seen, _ = fitted(again, callback, epochs=1)
    np.testing.assert_allclose(seen, [0.25, 0.3, 0.35, 0.4], atol=1e-6)


@pytest.mark.full
def test_steps_may_be_epochs():
    model = compiled()
    callback = ScheduledSamplingCallback("linear", per="epoch", total_steps=4)
    seen, _ = fitted(model, callback, epochs=2)
    assert seen == [0.0] * 4 + [0.25] * 4
    # A second call of fit counts its epochs from 0 again.
    seen, _ = fitted(model, callback, epochs=1)
    assert seen == [0.5] * 4


@pytest.mark.full
def test_a_schedule_without_settings_spans_the_training():
    seen, _ = fitted(compiled(), ScheduledSamplingCallback("linear", maximum=0.8))
    assert seen == pytest.approx([0.1 * step for step in range(8)])


def test_a_training_of_unknown_length_cannot_be_spanned():
    callback = ScheduledSamplingCallback("linear")
    with pytest.raises(ValueError, match="none has begun"):
        callback.probability(0)
    callback.set_params({"epochs": 10, "steps": None})
    with pytest.raises(ValueError, match="not known before"):
        callback.on_train_begin()
    by_epoch = ScheduledSamplingCallback("linear", per="epoch")
    by_epoch.set_params({"epochs": 10, "steps": None})
    by_epoch.on_train_begin()
    assert by_epoch.probability(5) == 0.5


def test_other_loops_move_the_weights_themselves():
    model = compiled()
    callback = ScheduledSamplingCallback("linear", total_steps=8)
    callback.set_model(model)
    assert callback.update(2) == 0.25
    assert float(model.parts["decoder"].sampling_probability) == 0.25


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="Did you mean 'linear'"):
        ScheduledSamplingCallback("linar", total_steps=3)
    with pytest.raises(ValueError, match="maximum=2"):
        ScheduledSamplingCallback("constant", maximum=2)
    with pytest.raises(ValueError, match="per='step'"):
        ScheduledSamplingCallback("constant", per="step")
    with pytest.raises(ValueError, match="steps"):
        ScheduledSamplingCallback("linear", steps=3)
    model = keras.Sequential([keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="must have a ScheduledSampling or"):
        ScheduledSamplingCallback("constant").set_model(model)
