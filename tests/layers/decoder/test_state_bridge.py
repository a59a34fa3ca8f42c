"""StateBridge: which states go where, and what is refused."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from seqsuite.layers import RecurrentStack, StateBridge


def states(count, units=2, batch=3):
    """States that can be told apart: the i-th is full of i + 1."""
    return [np.full((batch, units), i + 1.0, "float32") for i in range(count)]


def firsts(bridged):
    return [np.array(state)[0].tolist() for state in bridged]


def test_copy_joins_the_directions_kind_by_kind():
    # Per level: forward h, forward c, backward h, backward c.
    bridged = StateBridge(4, num_layers=2, mode="copy", bidirectional=True)(states(8))
    expected = [[1, 1, 3, 3], [2, 2, 4, 4], [5, 5, 7, 7], [6, 6, 8, 8]]
    assert firsts(bridged) == expected


@pytest.mark.parametrize(
    ("cell", "encoder_cell", "count", "expected"),
    [
        ("lstm", "lstm", 2, [[1, 1], [2, 2]]),
        ("gru", "gru", 1, [[1, 1]]),
        ("lstm", "gru", 1, [[1, 1], [1, 1]]),
        ("gru", "lstm", 2, [[1, 1]]),
    ],
)
def test_cells_of_another_kind(cell, encoder_cell, count, expected):
    bridge = StateBridge(2, cell, mode="copy", encoder_cell=encoder_cell)
    assert firsts(bridge(states(count))) == expected


def test_levels_are_matched_from_the_top():
    shallow = StateBridge(2, "gru", num_layers=1, mode="copy")
    assert firsts(shallow(states(3))) == [[3, 3]]
    deep = StateBridge(2, "gru", num_layers=3, mode="copy")
    assert firsts(deep(states(2))) == [[1, 1], [2, 2], [2, 2]]


def test_dense_is_a_layer_for_each_state():
    bridge = StateBridge(5, "lstm", bidirectional=True)
    bridged = bridge(states(4))
    h_kernel, h_bias, c_kernel, c_bias = bridge.get_weights()
    h, c = np.array([[1, 1, 3, 3]] * 3), np.array([[2, 2, 4, 4]] * 3)
    np.testing.assert_allclose(bridged[0], np.tanh(h @ h_kernel + h_bias), atol=1e-6)
    np.testing.assert_allclose(bridged[1], np.tanh(c @ c_kernel + c_bias), atol=1e-6)


def test_zero_is_zero_whatever_comes():
    bridged = StateBridge(5, "lstm", num_layers=2, mode="zero")(states(3))
    assert [tuple(state.shape) for state in bridged] == [(3, 5)] * 4
    assert not np.any(bridged)


@pytest.mark.parametrize("mode", ["copy", "dense", "zero"])
def test_it_goes_between_two_stacks_and_into_a_file(mode, tmp_path):
    source, target = keras.Input((None, 3)), keras.Input((None, 3))
    encoder = RecurrentStack(2, num_layers=2, bidirectional=True, return_state=True)
    _, *final = encoder(source)
    bridge = StateBridge(4, "gru", 2, mode, encoder_cell="lstm", bidirectional=True)
    outputs = RecurrentStack(4, "gru", 2)(target, initial_state=bridge(final))
    model = keras.Model([source, target], outputs)
    x = [np.ones((2, 5, 3), "float32"), np.ones((2, 4, 3), "float32")]
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x), model(x))


def test_wrong_arguments_are_refused():
    for arguments, message in (
        ({"cell": "qrnn"}, "cell='qrnn'"),
        ({"mode": "linear"}, "mode='linear'"),
        ({"encoder_cell": "qrnn"}, "encoder_cell='qrnn'"),
        ({"units": 0}, "units=0"),
        ({"num_layers": 0}, "num_layers=0"),
    ):
        with pytest.raises(ValueError, match=message):
            StateBridge(**{"units": 2, **arguments})
    with pytest.raises(ValueError, match="4 units of both directions together, and 2 units"):
        StateBridge(2, "gru", mode="copy", bidirectional=True)(states(2))
    with pytest.raises(ValueError, match="4 tensors for each level"):
        StateBridge(2, bidirectional=True)(states(3))
