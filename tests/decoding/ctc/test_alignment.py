"""The likeliest alignment beside all alignments."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.special import log_softmax

from seqsuite.decoding import ctc_align
from tests.reference.ctc import collapse


@pytest.mark.parametrize("blank", [0, 2])
@pytest.mark.parametrize("seed", [0, 1])
def test_no_path_of_the_labelling_is_likelier(blank, seed):
    logits = np.random.default_rng(seed).normal(size=(5, 3)) * 2
    log_p = log_softmax(logits, axis=1)
    best = {}
    for path in itertools.product(range(3), repeat=5):
        score = sum(log_p[frame, symbol] for frame, symbol in enumerate(path))
        labelling = collapse(path, blank)
        best[labelling] = max(best.get(labelling, (-np.inf, ())), (score, path))
    for labelling, (score, path) in best.items():
        found = ctc_align(logits, labelling, blank)
        assert found.log_probability == pytest.approx(score)
        rebuilt = np.full(5, blank)
        for place, symbol in enumerate(labelling):
            frames = slice(found.starts[place], found.ends[place])
            rebuilt[frames] = symbol
            mean = np.exp(log_p[frames, symbol]).mean()
            assert found.confidences[place] == pytest.approx(mean)
        assert tuple(rebuilt) == path


@pytest.mark.parametrize("count", [63, 64, 200])
def test_long_labellings_have_their_frames(count):
    ids = [1 + place % 2 for place in range(count)]
    found = ctc_align(9.0 * np.eye(3)[ids], ids)
    assert found.starts.tolist() == list(range(count))
    assert found.ends.tolist() == list(range(1, count + 1))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="2 ids, 2 frames"):
        ctc_align(np.zeros((2, 3)), [1, 1])
    with pytest.raises(ValueError, match="1 ids, 0 frames"):
        ctc_align(np.zeros((0, 3)), [1])
    assert ctc_align(np.zeros((0, 3)), []).log_probability == 0.0
