import keras
import numpy as np
import pytest

from seqsuite.layers import ActivationRegularization

INPUTS = np.random.default_rng(0).normal(size=(3, 5, 2)).astype("float32")


def losses(layer, inputs=INPUTS, training=True):
    outputs = layer(inputs, training=training)
    np.testing.assert_array_equal(outputs, inputs)
    return [float(loss) for loss in layer.losses]


def test_size_and_change_are_mean_squares():
    found = losses(ActivationRegularization(activation=2.0, temporal=3.0))
    expected = [2 * (INPUTS**2).mean(), 3 * (np.diff(INPUTS, axis=1) ** 2).mean()]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_constant_sequence_has_no_change():
    assert losses(ActivationRegularization(temporal=3.0), np.ones((2, 4, 3), "float32")) == [0.0]


def test_one_step_has_no_change_and_no_nan():
    assert losses(ActivationRegularization(temporal=3.0), INPUTS[:, :1]) == [0.0]


def test_without_weights_or_training_there_is_no_loss():
    assert losses(ActivationRegularization()) == []
    assert losses(ActivationRegularization(1.0, 1.0), training=False) == []


def test_losses_of_one_call_do_not_pile_up():
    layer = ActivationRegularization(1.0)
    first = losses(layer)
    assert losses(layer) == first


def test_in_a_model_the_loss_is_added_while_fitting_only():
    inputs = keras.Input((None, 2))
    same = keras.layers.Dense(2, kernel_initializer="identity")(inputs)
    outputs = ActivationRegularization(1.0, 0.5)(same)
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse")
    added = (INPUTS**2).mean() + 0.5 * (np.diff(INPUTS, axis=1) ** 2).mean()
    assert model.test_on_batch(INPUTS, INPUTS) == pytest.approx(0.0)
    model.reset_metrics()
    assert model.train_on_batch(INPUTS, INPUTS) == pytest.approx(added, rel=1e-5)


def test_the_configuration_comes_back():
    layer = ActivationRegularization(1.5, 0.5, name="slow")
    assert ActivationRegularization.from_config(layer.get_config()).get_config() == (
        layer.get_config()
    )


@pytest.mark.parametrize("name", ["activation", "temporal"])
def test_a_negative_weight_is_refused(name):
    with pytest.raises(ValueError, match=rf"Argument `{name}` must.*{name}=-1"):
        ActivationRegularization(**{name: -1.0})
