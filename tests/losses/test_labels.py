import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, log_softmax

from seqsuite.losses import LabelCrossentropy, TagCrossentropy

LOGITS = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
IDS = np.array([0, 2, 1, 1, 0])


def by_hand(logits, targets):
    return -(targets * log_softmax(logits, axis=1)).sum(axis=1)


def test_it_is_the_mean_negative_log_likelihood():
    expected = by_hand(LOGITS, np.eye(3)[IDS]).mean()
    assert float(LabelCrossentropy()(IDS, LOGITS)) == pytest.approx(expected, abs=1e-6)


def test_smoothing_spreads_the_target():
    targets = 0.7 * np.eye(3)[IDS] + 0.3 / 3
    expected = by_hand(LOGITS, targets).mean()
    loss = LabelCrossentropy(label_smoothing=0.3)
    assert float(loss(IDS, LOGITS)) == pytest.approx(expected, abs=1e-6)


def test_class_weights_weigh_the_mean():
    weights = np.array([1.0, 2.0, 0.5])
    expected = np.average(by_hand(LOGITS, np.eye(3)[IDS]), weights=weights[IDS])
    loss = LabelCrossentropy(class_weights=weights)
    assert float(loss(IDS, LOGITS)) == pytest.approx(expected, abs=1e-6)


def test_several_labels_are_decided_one_by_one():
    truth = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0], [1, 0, 0]], np.float32)
    likelihood = truth * np.log(expit(LOGITS)) + (1 - truth) * np.log(expit(-LOGITS))
    loss = LabelCrossentropy(multi_label=True)
    assert float(loss(truth, LOGITS)) == pytest.approx(-likelihood.mean(), abs=1e-6)


def test_rows_of_weight_0_change_nothing():
    longer_ids = np.concatenate([IDS, [0, 0]])
    longer = np.concatenate([LOGITS, np.full((2, 3), 9.0, np.float32)])
    weights = np.array([1.0] * 5 + [0.0] * 2, np.float32)
    plain = float(LabelCrossentropy()(IDS, LOGITS))
    assert float(LabelCrossentropy()(longer_ids, longer, weights)) == pytest.approx(plain, abs=1e-6)


def test_a_share_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="label_smoothing=1"):
        LabelCrossentropy(label_smoothing=1.0)


TAG_IDS = np.array([[0, 2, 1], [1, -1, -1], [-1, -1, -1], [-1, 2, -1]])
TAG_LOGITS = np.random.default_rng(3).normal(size=(4, 3, 3)).astype(np.float32)


def tags_by_hand(weights=None, smoothing=0.0):
    """The weighted mean over steps that have a tag, one step at a time."""
    weights = np.ones(TAG_IDS.shape) if weights is None else weights
    total = count = 0.0
    for place in zip(*np.nonzero(TAG_IDS >= 0), strict=True):
        target = (1 - smoothing) * np.eye(3)[TAG_IDS[place]] + smoothing / 3
        total -= weights[place] * (target * log_softmax(TAG_LOGITS[place])).sum()
        count += weights[place]
    return total / count


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_the_tag_loss_is_the_mean_over_steps_that_have_a_tag(smoothing):
    loss = TagCrossentropy(smoothing)
    expected = tags_by_hand(smoothing=smoothing)
    assert float(loss(TAG_IDS, TAG_LOGITS)) == pytest.approx(expected, abs=1e-6)
    again = TagCrossentropy.from_config(loss.get_config())
    assert again.get_config() == loss.get_config()
    assert float(again(TAG_IDS, TAG_LOGITS)) == float(loss(TAG_IDS, TAG_LOGITS))


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_padding_does_not_change_the_tag_loss(smoothing):
    loss = TagCrossentropy(smoothing)
    tags = np.pad(TAG_IDS, [(0, 2), (0, 5)], constant_values=-1)
    logits = np.pad(TAG_LOGITS, [(0, 2), (0, 5), (0, 0)], constant_values=9.0)
    expected = float(loss(TAG_IDS, TAG_LOGITS))
    assert float(loss(tags, logits)) == pytest.approx(expected, abs=1e-6)
    other = TagCrossentropy(smoothing, padding_tag=7)
    marked = np.where(TAG_IDS < 0, 7, TAG_IDS)
    assert float(other(marked, TAG_LOGITS)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 3)])
def test_the_tag_loss_takes_weights_of_rows_or_of_steps(shape):
    weights = np.random.default_rng(4).uniform(0, 2, shape)
    rows = weights[:, None] if len(shape) == 1 else weights
    expected = tags_by_hand(np.broadcast_to(rows, TAG_IDS.shape))
    got = TagCrossentropy()(TAG_IDS, TAG_LOGITS, weights)
    assert float(got) == pytest.approx(expected, abs=1e-6)


def test_without_a_tag_the_tag_loss_is_0():
    nothing = np.full_like(TAG_IDS, -1)
    logits = keras.ops.convert_to_tensor(TAG_LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = TagCrossentropy(0.1)(nothing, logits)
    assert float(loss) == 0.0
    assert not tape.gradient(loss, logits).numpy().any()


def test_steps_without_a_tag_get_no_gradient():
    logits = keras.ops.convert_to_tensor(TAG_LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = TagCrossentropy(0.1)(TAG_IDS, logits)
    moved = np.abs(tape.gradient(loss, logits).numpy()).max(axis=-1) > 0
    np.testing.assert_array_equal(moved, TAG_IDS >= 0)
