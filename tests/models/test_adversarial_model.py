import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import PerturbableEmbedding
from seqsuite.models import AdversarialModel
from tests.layers.training_steps import build_for_training


def make(kind="adversarial", epsilon=2.0, weight=1.0):
    keras.utils.set_random_seed(0)
    ids = keras.Input((None,), dtype="int32")
    x = PerturbableEmbedding(7, 4, name="embedding")(ids)
    x = keras.layers.GlobalAveragePooling1D()(x)
    inner = keras.Model(ids, keras.layers.Dense(2, kernel_initializer="glorot_normal")(x))
    model = AdversarialModel(inner, kind, epsilon, weight)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1.0), loss)
    return model, loss


IDS = tf.constant([[1, 2, 3], [4, 5, 6]])
LABELS = tf.constant([0, 1])


def test_a_step_is_the_gradient_of_both_losses_by_hand():
    model, loss = make()
    inner, embedding = model.model, model.model.get_layer("embedding")
    dense = inner.layers[-1]
    before = [w.numpy() for w in model.trainable_weights]
    with tf.GradientTape(persistent=True) as tape:
        embedded = tf.gather(embedding.embeddings.value, IDS)
        tape.watch(embedded)
        clean = loss(LABELS, dense(tf.reduce_mean(embedded, axis=1)))
    direction = tape.gradient(clean, embedded).numpy()
    norm = np.sqrt((direction**2).sum(axis=(1, 2), keepdims=True))
    noise = 2.0 * embedding.embeddings.numpy().std() * direction / norm
    with tf.GradientTape() as tape:
        embedded = tf.gather(embedding.embeddings.value, IDS)
        both = loss(LABELS, dense(tf.reduce_mean(embedded, axis=1)))
        both += loss(LABELS, dense(tf.reduce_mean(embedded + noise, axis=1)))
    gradients = tape.gradient(both, model.trainable_weights)
    model.train_step((IDS, LABELS))
    for weight, start, gradient in zip(model.trainable_weights, before, gradients, strict=True):
        expected = start - tf.convert_to_tensor(gradient).numpy()
        np.testing.assert_allclose(weight.numpy(), expected, atol=1e-5)


def test_the_moved_embeddings_are_worse():
    model, loss = make(epsilon=3.0)
    embedding = model.model.get_layer("embedding")
    with tf.GradientTape() as tape:
        clean = loss(LABELS, model(IDS))
        embedded = embedding.recorded
        direction = tape.gradient(clean, embedded)
    with embedding.perturbed(*model._noise([direction])):
        assert float(loss(LABELS, model(IDS))) > float(clean)
    assert float(loss(LABELS, model(IDS))) == pytest.approx(float(clean))


@pytest.mark.parametrize("kind", ["adversarial", "virtual"])
def test_fit_learns_and_the_state_stays_finite(kind):
    model, _ = make(kind)
    model.compile(keras.optimizers.Adam(0.05), model.loss)
    build_for_training(model)
    history = model.fit(tf.tile(IDS, [8, 1]), tf.tile(LABELS, [8]), epochs=20, verbose=0)
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_virtual_noise_changes_the_prediction_more_than_random_noise():
    model, _ = make("virtual", epsilon=3.0)
    keras.utils.set_random_seed(1)
    embedding = model.model.get_layer("embedding")
    target = model(IDS)
    from seqsuite.models.adversarial_model import _divergence

    def moved_by(direction):
        with embedding.perturbed(*model._noise([direction])):
            return float(_divergence(target, model(IDS)))

    found = moved_by(*model._divergence_directions(IDS, target, [(2, 3, 4)]))
    drawn = [moved_by(tf.random.normal((2, 3, 4), seed=i)) for i in range(20)]
    assert found > np.mean(drawn)


def test_several_embeddings_are_moved_each_as_if_it_were_alone():
    alone, loss = make()
    other, _ = make()
    parts = [alone.model, other.model]
    for index, part in enumerate(parts):
        for layer in part.layers:
            layer.name = f"{layer.name}_of_{index}"
    answers = {"first": parts[0].layers[-1].output, "second": parts[1].layers[-1].output}
    joint = keras.Model([part.input for part in parts], answers)
    joint = AdversarialModel(joint, "adversarial", 2.0)
    joint.compile(keras.optimizers.SGD(1.0), {"first": loss, "second": loss})
    reference = make()[0]
    reference.train_step((IDS, LABELS))
    joint.train_step(([IDS, IDS], {"first": LABELS, "second": LABELS}))
    for part in parts:
        for weight, expected in zip(part.weights, reference.model.weights, strict=True):
            np.testing.assert_allclose(weight.numpy(), expected.numpy(), atol=1e-6)


def test_misuse_is_explained():
    ids = keras.Input((None,), dtype="int32")
    plain = keras.Model(ids, keras.layers.Embedding(3, 2)(ids))
    with pytest.raises(ValueError, match="must contain a PerturbableEmbedding"):
        AdversarialModel(plain)
    with pytest.raises(ValueError, match="kind=both"):
        AdversarialModel(make()[0].model, kind="both")
