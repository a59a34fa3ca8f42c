"""DistributionHead: parameters that are always allowed."""

from __future__ import annotations

import numpy as np
import pytest

from seqsuite.distributions import PARAMETERS
from seqsuite.layers import DistributionHead


@pytest.mark.parametrize("distribution", PARAMETERS)
def test_any_features_give_allowed_parameters(distribution):
    head = DistributionHead(distribution)
    for size in (0.0, 1.0, 1e4):
        features = np.random.default_rng(0).normal(size=(20, 5, 4)).astype("float32") * size
        found = head(features)
        assert list(found) == list(PARAMETERS[distribution])
        for name, value in found.items():
            assert value.shape == (20, 5)
            assert np.isfinite(value).all()
            least = {"loc": -np.inf, "degrees_of_freedom": 2.0}.get(name, 0.0)
            assert (np.array(value) > least).all()
        assert head.point(found).shape == (20, 5)


def test_without_a_projection_the_features_are_the_raw_parameters():
    head = DistributionHead("normal", project=False)
    found = head(np.array([[[2.0, 0.0]]], "float32"))
    assert not head.weights
    assert float(found["loc"][0, 0]) == 2.0
    assert float(found["scale"][0, 0]) == pytest.approx(np.log(2), abs=2e-4)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="distribution='cauchy'"):
        DistributionHead("cauchy")
    with pytest.raises(ValueError, match="Received: 2 features"):
        DistributionHead("student_t", project=False)(np.zeros((1, 2), "float32"))
