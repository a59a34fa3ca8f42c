import numpy as np
import pytest
from scipy.special import expit, log_softmax

from seqsuite.losses import LabelCrossentropy

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
