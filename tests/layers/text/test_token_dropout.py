import keras
import numpy as np
import pytest

from seqsuite.layers import TokenDropout

IDS = np.tile(np.array([0, 1, 2, 3, 4], "int32"), (400, 1))


def dropped_share(layer):
    """Of each id, how much became the unknown one."""
    found = np.array(layer(IDS, training=True))
    return [(found[:, column] != IDS[:, column]).mean() for column in range(IDS.shape[1])], found


def test_one_rate_holds_for_all_but_padding():
    shares, found = dropped_share(TokenDropout(0.3, seed=1))
    assert shares[0] == 0
    np.testing.assert_allclose(shares[2:], 0.3, atol=0.08)
    assert set(found[:, 2]) == {1, 2}
    assert set(found[:, 1]) == {1}  # the unknown token stays what it is


def test_each_id_has_its_own_rate():
    rates = [0.9, 0.9, 0.0, 0.2, 0.7]
    shares, found = dropped_share(TokenDropout(rates, seed=1))
    assert shares[0] == 0  # padding stays whatever its rate is
    assert shares[2] == 0
    np.testing.assert_allclose(shares[3:], rates[3:], atol=0.08)
    assert set(found[:, 4]) == {1, 4}


def test_equal_rates_are_one_rate():
    expected = TokenDropout(0.4, seed=3)(IDS, training=True)
    np.testing.assert_array_equal(TokenDropout([0.4] * 5, seed=3)(IDS, training=True), expected)


def test_another_unknown_id():
    _, found = dropped_share(TokenDropout([0.0, 0.5, 0.5, 0.5, 0.5], unknown_id=4, seed=1))
    assert set(found[:, 2]) == {2, 4}


@pytest.mark.parametrize("rate", [0.0, 0.5, [0.0, 0.5, 0.5, 0.5, 0.5], [0.0] * 5])
def test_outside_training_nothing_changes(rate):
    np.testing.assert_array_equal(TokenDropout(rate)(IDS), IDS)
    if not np.any(rate):
        np.testing.assert_array_equal(TokenDropout(rate)(IDS, training=True), IDS)


@pytest.mark.parametrize("rate", [0.25, [0.0, 0.5, 0.25]])
def test_the_configuration_and_the_dtype_come_back(rate):
    layer = TokenDropout(rate, unknown_id=2, seed=5)
    config = layer.get_config()
    again = TokenDropout.from_config(config)
    assert again.get_config() == config
    assert again.rate == rate
    ids = keras.Input((None,), dtype="int32")
    assert layer(ids).dtype == "int32"


def test_numbers_of_numpy_are_numbers():
    assert TokenDropout(np.float32(0.25)).rate == 0.25
    assert TokenDropout(np.array([0.0, 0.5])).rate == [0.0, 0.5]


@pytest.mark.parametrize("rate", [1.0, -0.1, [0.0, 1.0], [0.0, -0.5]])
def test_a_rate_out_of_range_is_refused(rate):
    with pytest.raises(ValueError, match="Argument `rate` must be in"):
        TokenDropout(rate)
