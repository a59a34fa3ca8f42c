"""Dynamic evaluation learns from what it has read, never from what it is about to predict."""

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.tasks.char_lm.batches import EncodedStream
from seqsuite.tasks.char_lm.dynamic_evaluation import adaptive_log_probabilities
from seqsuite.tasks.char_lm.predictor import StreamPredictor
from tests.tasks.char_lm.character_models import make, stream_of, whole_pass

pytestmark = pytest.mark.full

STEPS = 16


@pytest.fixture(scope="module")
def made():
    return make(cell="gru")


def adapt(model, encoded, rate=1e-2, decay=0.0, steps=STEPS):
    return adaptive_log_probabilities(model.model, encoded, rate, decay, steps)


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_a_learning_rate_of_zero_is_the_static_stream(made, decay):
    _, preprocessor, model = made
    encoded = stream_of(preprocessor, 101)
    static = StreamPredictor(model.model)(encoded)["stream"]
    np.testing.assert_allclose(adapt(model, encoded, 0.0, decay), static, atol=1e-5)


def test_the_first_segment_is_scored_by_the_trained_weights_and_later_ones_by_others(made):
    _, preprocessor, model = made
    encoded = stream_of(preprocessor, 101)
    static = StreamPredictor(model.model)(encoded)["stream"]
    adapted = adapt(model, encoded)
    np.testing.assert_allclose(adapted[:STEPS], static[:STEPS], atol=1e-5)
    assert np.abs(adapted[STEPS:] - static[STEPS:]).max() > 1e-3


@pytest.fixture(scope="module")
def before(made):
    _, preprocessor, model = made
    return adapt(model, stream_of(preprocessor, 70))


@pytest.mark.full(default=1)
@pytest.mark.parametrize("changed", [STEPS - 1, STEPS, STEPS + 1, 40])
def test_a_later_character_changes_no_earlier_score(made, before, changed):
    _, preprocessor, model = made
    ids = stream_of(preprocessor, 70).ids.copy()
    ids[changed] = ids[changed] % (preprocessor.num_symbols - 1) + 1
    after = adapt(model, EncodedStream(ids))
    # Score i is that of id i + 1.
    np.testing.assert_array_equal(before[: changed - 1], after[: changed - 1])
    assert before[changed - 1] != after[changed - 1]
    assert not np.allclose(before[changed:], after[changed:])


def test_the_weights_are_restored(made):
    _, preprocessor, model = made
    before = [weight.numpy() for weight in model.weights]
    encoded = stream_of(preprocessor, 60)
    first = adapt(model, encoded)
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)
    np.testing.assert_array_equal(adapt(model, encoded), first)


def test_the_weights_are_restored_after_an_interrupt(made, monkeypatch):
    _, preprocessor, model = made
    before = [weight.numpy() for weight in model.weights]
    encoded = stream_of(preprocessor, 60)
    calls = []

    def interrupt(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return _Adapting.__call__(*arguments)

    from seqsuite.tasks.char_lm import dynamic_evaluation

    _Adapting = dynamic_evaluation._Adapting

    class Interrupted(_Adapting):
        __call__ = interrupt

    monkeypatch.setattr(dynamic_evaluation, "_Adapting", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        adapt(model, encoded)
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


def test_two_segments_by_hand():
    _, preprocessor, model = make(cell="simple_rnn", tie_weights=True, embedding_size=5)
    ids = tf.constant(stream_of(preprocessor, 2 * STEPS + 1).ids[None])
    rate, decay = 0.01, 0.25
    expected = [whole_pass(model, ids.numpy())[0, :STEPS]]
    trained = [weight.numpy() for weight in model.trainable_weights]

    def read(ids, states):
        outputs = model.model({"token_ids": ids[:, :-1], **states}, training=False)
        scores = tf.nn.log_softmax(outputs["logits"])
        return tf.gather(scores, ids[:, 1:], batch_dims=2)[0], outputs

    with tf.GradientTape() as tape:
        scores, outputs = read(ids[:, : STEPS + 1], {"state_0": tf.zeros((1, 5))})
        loss = -tf.reduce_mean(scores)
    gradients = tape.gradient(loss, model.trainable_weights)
    gradients = [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    gradients = [g / max(1.0, norm) for g in gradients]
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        # The mean of one square is that square, so the first step is its sign.
        weight.assign_sub(rate * gradient / (np.abs(gradient) + 1e-8))
    expected.append(read(ids[:, STEPS:], {"state_0": outputs["state_0"]})[0].numpy())
    for weight, value in zip(model.trainable_weights, trained, strict=True):
        weight.assign(value)
    found = adapt(model, EncodedStream(ids[0].numpy()), rate, decay)
    np.testing.assert_allclose(found, np.concatenate(expected), atol=1e-4)


def test_a_repetitive_text_is_learned(made):
    _, preprocessor, model = made
    ids = np.tile(preprocessor.ids_of("the door was the sea\n"), 40)
    static = StreamPredictor(model.model)(EncodedStream(ids))["stream"]
    assert adapt(model, EncodedStream(ids)).mean() > static.mean() + 0.5


def test_full_decay_forgets_each_step(made):
    """With decay 1 the weights of a segment are the trained ones and a single step from them."""
    _, preprocessor, model = made
    encoded = stream_of(preprocessor, 200)
    static = StreamPredictor(model.model)(encoded)["stream"]
    free, held = adapt(model, encoded, 3e-3), adapt(model, encoded, 3e-3, decay=1.0)
    assert np.abs(held - static)[-50:].mean() < np.abs(free - static)[-50:].mean()


@pytest.mark.full(default=2)
@pytest.mark.parametrize("total", [0, 1, 2, STEPS, STEPS + 1, STEPS + 2])
def test_every_id_but_the_first_is_scored_once(made, total):
    _, preprocessor, model = made
    encoded = stream_of(preprocessor, total)
    scores = adapt(model, encoded)
    assert scores.shape == (max(0, total - 1),)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
