import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import ActivationRegularization
from seqsuite.models import TruncatedBackpropagation

VOCABULARY, UNITS, ROWS = 6, 3, 2
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
RESET, GO_ON = tf.constant([True, True]), tf.constant([False, False])


def inner(size=0.0):
    keras.utils.set_random_seed(0)
    ids = keras.Input((None,), dtype="int32", name="token_ids")
    states = [keras.Input((UNITS,), name=f"state_{i}") for i in range(2)]
    x = keras.layers.Embedding(VOCABULARY, 4, embeddings_initializer="glorot_normal")(ids)
    x, *finals = keras.layers.LSTM(UNITS, return_sequences=True, return_state=True)(
        x, initial_state=states
    )
    x = ActivationRegularization(size, size)(x)
    outputs = {"logits": keras.layers.Dense(VOCABULARY)(x)}
    outputs |= {f"state_{i}": final for i, final in enumerate(finals)}
    return keras.Model({"token_ids": ids, "state_0": states[0], "state_1": states[1]}, outputs)


def make(rate=0.0, **arguments):
    model = TruncatedBackpropagation(inner(**arguments), ROWS)
    model.compile(keras.optimizers.SGD(rate), LOSS)
    return model


def ids_of(steps, seed=0, rows=ROWS):
    ids = np.random.default_rng(seed).integers(0, VOCABULARY, (rows, steps + 1)).astype("int32")
    return tf.constant(ids[:, :-1]), tf.constant(ids[:, 1:])


def feed(model, ids, targets, reset):
    return model.train_step(({"token_ids": ids, "reset": reset}, targets))


def carried(model):
    return [state.numpy() for state in model._carried]


@pytest.mark.parametrize("cuts", [[12], [1, 11], [5, 2, 5], [1] * 12])
def test_the_carried_state_is_that_of_one_long_pass(cuts):
    model = make()
    ids, targets = ids_of(12)
    whole = model({"token_ids": ids})
    start = 0
    for number, steps in enumerate(cuts):
        part = slice(start, start + steps)
        feed(model, ids[:, part], targets[:, part], GO_ON if number else RESET)
        start += steps
    for index, state in enumerate(carried(model)):
        np.testing.assert_allclose(state, whole[f"state_{index}"], atol=1e-6)


def test_rows_that_are_reset_start_from_zeros_and_others_go_on():
    model = make()
    first, second = ids_of(4), ids_of(3, seed=1)
    feed(model, *first, RESET)
    feed(model, *second, tf.constant([True, False]))
    found = carried(model)
    alone = model({"token_ids": second[0][:1]})
    together = model({"token_ids": tf.concat([first[0], second[0]], axis=1)[1:]})
    for index in range(2):
        np.testing.assert_allclose(found[index][:1], alone[f"state_{index}"], atol=1e-6)
        np.testing.assert_allclose(found[index][1:], together[f"state_{index}"], atol=1e-6)


def by_hand(model, segments):
    """Weights after SGD over the segments, the state going on as a number that has no gradient."""
    rate = float(model.optimizer.learning_rate)
    states = {f"state_{i}": tf.zeros((ROWS, UNITS)) for i in range(2)}
    losses = []
    for ids, targets in segments:
        with tf.GradientTape() as tape:
            kept = {name: tf.stop_gradient(state) for name, state in states.items()}
            outputs = model.model({"token_ids": ids, **kept}, training=True)
            likelihoods = tf.nn.log_softmax(outputs["logits"])
            loss = -tf.reduce_mean(tf.gather(likelihoods, targets, batch_dims=2))
            loss += sum(model.model.losses)
        states = {name: outputs[name] for name in states}
        gradients = tape.gradient(loss, model.model.trainable_weights)
        for weight, gradient in zip(model.model.trainable_weights, gradients, strict=True):
            weight.assign(weight - rate * tf.convert_to_tensor(gradient))
        losses.append(float(loss))
    return [weight.numpy() for weight in model.model.trainable_weights], losses


@pytest.mark.parametrize("size", [0.0, 2.0])
def test_steps_are_those_of_truncated_gradients_by_hand(size):
    segments = [ids_of(5), ids_of(3, seed=1), ids_of(1, seed=2)]
    expected, losses = by_hand(make(0.5, size=size), segments)
    model = make(0.5, size=size)
    for number, segment in enumerate(segments):
        model.reset_metrics()
        found = feed(model, *segment, GO_ON if number else RESET)
        # The additional losses of one step do not pile up over the next ones.
        assert float(found["loss"]) == pytest.approx(losses[number], abs=1e-5)
    for weight, value in zip(model.trainable_weights, expected, strict=True):
        np.testing.assert_allclose(weight.numpy(), value, atol=1e-5)


def test_the_gradient_does_not_cross_segments():
    """Full back-propagation over both segments gives other weights."""
    (first, first_targets), (second, second_targets) = ids_of(5), ids_of(3, seed=1)
    model = make(0.0)
    with tf.GradientTape() as tape:
        outputs = model({"token_ids": tf.concat([first, second], axis=1)})
        loss = LOSS(second_targets, outputs["logits"][:, 5:])
    full = tape.gradient(loss, model.trainable_weights)
    truncated = make(1.0)
    truncated.optimizer.learning_rate.assign(0.0)
    feed(truncated, first, first_targets, RESET)
    before = [weight.numpy() for weight in truncated.trainable_weights]
    truncated.optimizer.learning_rate.assign(1.0)
    feed(truncated, second, second_targets, GO_ON)
    differs = [
        not np.allclose(old - new.numpy(), tf.convert_to_tensor(gradient), atol=1e-6)
        for old, new, gradient in zip(before, truncated.trainable_weights, full, strict=True)
    ]
    assert any(differs)


def test_states_are_no_trainable_weights_and_come_back_from_a_file(tmp_path):
    model = make(0.1)
    assert len(model.trainable_weights) == len(model.model.trainable_weights)
    feed(model, *ids_of(4), RESET)
    model.save_weights(tmp_path / "model.weights.h5")
    other = make(0.1)
    other.load_weights(tmp_path / "model.weights.h5")
    for ours, theirs in zip(carried(model), carried(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert np.abs(ours).max() > 0


def test_the_whole_wrapper_comes_back_from_a_file(tmp_path):
    model = make()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    ids, _ = ids_of(4)
    np.testing.assert_allclose(
        again({"token_ids": ids})["logits"], model({"token_ids": ids})["logits"], atol=1e-6
    )


def test_a_call_takes_states_and_any_number_of_rows():
    model = make()
    ids, _ = ids_of(6, rows=5)
    whole = model({"token_ids": ids})
    first = model({"token_ids": ids[:, :2]})
    states = {name: first[name] for name in ("state_0", "state_1")}
    rest = model({"token_ids": ids[:, 2:], **states})
    np.testing.assert_allclose(rest["logits"], whole["logits"][:, 2:], atol=1e-6)
    # Neither touches what training carries.
    assert not np.any(carried(model))


def test_states_are_in_the_order_of_their_numbers():
    ids = keras.Input((None,), dtype="int32", name="token_ids")
    x, outputs, inputs = keras.layers.Embedding(5, 2)(ids), {}, {"token_ids": ids}
    for index in range(11):
        state = inputs[f"state_{index}"] = keras.Input((index + 1,), name=f"state_{index}")
        x, outputs[f"state_{index}"] = keras.layers.GRU(
            index + 1, return_sequences=True, return_state=True
        )(x, initial_state=state)
    outputs["logits"] = keras.layers.Dense(5)(x)
    model = TruncatedBackpropagation(keras.Model(inputs, outputs), rows=1)
    assert [tuple(state.shape) for state in model._carried] == [(1, n) for n in range(1, 12)]


def test_fit_learns():
    model = make(0.5)
    ids = np.tile(np.arange(4, dtype="int32"), (ROWS, 3))
    batch = ({"token_ids": ids[:, :-1], "reset": np.array([True, True])}, ids[:, 1:])
    data = tf.data.Dataset.from_tensors(batch).repeat(60)
    history = model.fit(data, epochs=2, shuffle=False, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_misuse_is_explained():
    with pytest.raises(ValueError, match="rows=0"):
        TruncatedBackpropagation(inner(), 0)
    ids = keras.Input((None,), dtype="int32", name="token_ids")
    plain = keras.Model({"token_ids": ids}, {"logits": keras.layers.Embedding(3, 2)(ids)})
    with pytest.raises(ValueError, match=r"inputs token_ids, state_0.*Received"):
        TruncatedBackpropagation(plain, 2)
    ids = keras.Input((None,), dtype="int32")
    with pytest.raises(ValueError, match="Argument `model`"):
        TruncatedBackpropagation(keras.Model(ids, keras.layers.Embedding(3, 2)(ids)), 2)
