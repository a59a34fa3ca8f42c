"""The loss of a CRF is the negative log-likelihood of its tags."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from seqsuite.layers import CRF
from seqsuite.losses import CRFLoss, TagCrossentropy, TowerLoss
from tests.layers.training_steps import build_for_training
from tests.losses.test_labels import TAG_IDS
from tests.reference.crf import Chain

CRF_LENGTHS = np.array([3, 1, 0, 2])
CRF_TAGS = np.array([[0, 1, 1], [1, -1, -1], [-1, -1, -1], [0, 0, -1]])
CRF_LOGITS = np.random.default_rng(0).normal(size=(4, 3, 2)).astype(np.float32)


def crf_and_rows():
    """A CRF, and the negative log-likelihood of each row by enumeration."""
    crf = CRF(2)
    weights = [np.random.default_rng(1).normal(size=w.shape) for w in crf.weights]
    crf.set_weights(weights)
    transitions, start, end = weights
    chain = Chain(start, transitions, end)
    rows = zip(CRF_LOGITS, CRF_TAGS, CRF_LENGTHS, strict=True)
    return crf, -np.array([chain.log_likelihood(x[:n], tuple(tags[:n])) for x, tags, n in rows])


def test_the_crf_loss_is_the_mean_over_tokens():
    crf, rows = crf_and_rows()
    assert float(CRFLoss(crf)(CRF_TAGS, CRF_LOGITS)) == pytest.approx(rows.sum() / 6, abs=1e-5)
    # As many tokens as rows without any: the same, though the rows are twice as many.
    empty = np.full_like(CRF_TAGS, -1), np.zeros_like(CRF_LOGITS)
    tags, logits = np.concatenate([CRF_TAGS, empty[0]]), np.concatenate([CRF_LOGITS, empty[1]])
    assert float(CRFLoss(crf)(tags, logits)) == pytest.approx(rows.sum() / 6, abs=1e-5)
    assert float(CRFLoss(crf)(*empty)) == 0.0


def test_padding_does_not_change_the_crf_loss():
    crf, rows = crf_and_rows()
    tags = np.pad(CRF_TAGS, [(0, 0), (0, 3)], constant_values=-1)
    logits = np.pad(CRF_LOGITS, [(0, 0), (0, 3), (0, 0)], constant_values=5.0)
    assert float(CRFLoss(crf)(tags, logits)) == pytest.approx(rows.sum() / 6, abs=1e-5)


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_weights_of_rows_weigh_their_tokens(shape):
    crf, rows = crf_and_rows()
    weights = np.array([2.0, 0.0, 3.0, 0.5])
    expected = (weights * rows).sum() / (weights * CRF_LENGTHS).sum()
    got = CRFLoss(crf)(CRF_TAGS, CRF_LOGITS, weights.reshape(shape))
    assert float(got) == pytest.approx(expected, abs=1e-5)


def test_other_reductions_of_the_crf_loss():
    crf, rows = crf_and_rows()
    total = CRFLoss(crf, reduction="sum")(CRF_TAGS, CRF_LOGITS)
    assert float(total) == pytest.approx(rows.sum(), abs=1e-5)
    each = CRFLoss(crf, reduction=None)(CRF_TAGS, CRF_LOGITS)
    np.testing.assert_allclose(each, rows, atol=1e-5)


def test_another_tag_can_stand_for_padding():
    crf, rows = crf_and_rows()
    tags = np.where(CRF_TAGS < 0, 7, CRF_TAGS)
    got = float(CRFLoss(crf, padding_tag=7)(tags, CRF_LOGITS))
    assert got == pytest.approx(rows.sum() / 6, abs=1e-5)


def test_the_crf_loss_refuses_what_it_cannot_use():
    with pytest.raises(ValueError, match="crf=3"):
        CRFLoss(3)
    with pytest.raises(ValueError, match="one weight per row"):
        CRFLoss(CRF(2))(CRF_TAGS, CRF_LOGITS, np.ones((4, 3)))


def test_fit_weighs_rows_and_a_loaded_model_trains_its_own_crf(tmp_path):
    crf, rows = crf_and_rows()
    inputs = keras.Input((None, 2))
    model = keras.Model(inputs, crf(inputs))
    model.compile(keras.optimizers.SGD(0.1), loss=CRFLoss(crf))
    build_for_training(model)
    weights = np.array([1.0, 0.0, 1.0, 2.0])
    history = model.fit(CRF_LOGITS, CRF_TAGS, sample_weight=weights, batch_size=4, verbose=0)
    expected = (weights * rows).sum() / (weights * CRF_LENGTHS).sum()
    assert history.history["loss"][0] == pytest.approx(expected, abs=1e-5)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.loss.crf is again.layers[-1]
    for trained in (model, again):
        trained.fit(CRF_LOGITS, CRF_TAGS, batch_size=4, verbose=0)
    for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    loaded = keras.models.load_model(tmp_path / "model.keras").get_weights()
    assert all(np.abs(a - b).max() > 1e-3 for a, b in zip(again.get_weights(), loaded, strict=True))


def test_a_recall_cost_is_a_margin_on_the_outside_tag_where_it_is_wrong():
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(2, 4, 3)).astype("float32")
    tags = np.array([[1, 0, 2, 1], [0, 2, -1, -1]])
    margin = np.zeros_like(logits)
    margin[(tags > 0), 0] = 1.5
    expected = float(TagCrossentropy()(tags, logits + margin))
    loss = TagCrossentropy(outside_tag=0, recall_cost=1.5)
    assert float(loss(tags, logits)) == pytest.approx(expected, rel=1e-6)
    assert TagCrossentropy.from_config(loss.get_config()).recall_cost == 1.5

    crf = CRF(3)
    potentials = crf(logits)
    expected = float(CRFLoss(crf)(tags, potentials + margin))
    costly = CRFLoss(crf, outside_tag=0, recall_cost=1.5)
    assert float(costly(tags, potentials)) == pytest.approx(expected, rel=1e-6)
    assert float(costly(tags, potentials)) > float(CRFLoss(crf)(tags, potentials))


@pytest.mark.parametrize("weights", [None, np.array([1.0, 0.5, 1.0, 2.0])])
def test_the_loss_of_towers_is_the_mean_of_theirs(weights):
    crf, _ = crf_and_rows()
    for loss, tags, size in ((TagCrossentropy(0.1), TAG_IDS, 3), (CRFLoss(crf), CRF_TAGS, 2)):
        towers = np.random.default_rng(5).normal(size=(3, 4, 3, size)).astype(np.float32)
        expected = np.mean([float(loss(tags, tower, weights)) for tower in towers])
        stacked = np.stack(towers, axis=2)
        assert float(TowerLoss(loss)(tags, stacked, weights)) == pytest.approx(expected, abs=1e-6)
