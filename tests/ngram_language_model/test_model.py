import itertools

import numpy as np
import pytest

from seqsuite.ngram_language_model import NgramLanguageModel, mixed, mixing_weight, model
from tests.reference import ngram as reference


def text(length, num_symbols, seed=0):
    """A text in which the two symbols before say much about the next."""
    generator = np.random.default_rng(seed)
    table = np.random.default_rng(99).dirichlet(np.full(num_symbols, 0.2), (num_symbols,) * 2)
    ids = [0, 1]
    while len(ids) < length:
        ids.append(generator.choice(num_symbols, p=table[ids[-2], ids[-1]]))
    return np.array(ids[:length])


@pytest.fixture(scope="module")
def fitted():
    return NgramLanguageModel(num_symbols=4, max_order=3).fit(text(2000, 4))


def slow_log_probabilities(fitted, training, ids, window=None, online=False):
    """The same mixture, symbol by symbol, from dictionaries; only the weights are taken over."""
    counts = reference.count(training, fitted.max_order)
    recent = reference.SlowCounts(fitted.max_order)
    result = []
    for place, symbol in enumerate(ids):
        reach = place if window is None else place % window
        context = tuple(ids[place - min(reach, fitted.max_order) : place])
        estimates = reference.witten_bell(counts, context, fitted.num_symbols, model._ESCAPE)
        estimates.append(
            reference.kneser_ney(counts, context, fitted.num_symbols, fitted._discounts)
        )
        if online:
            estimates += reference.witten_bell(recent, context, fitted.num_symbols, model._ESCAPE)
        longest = max(
            k for k in range(len(context) + 1) if context[len(context) - k :] in counts.counts
        )
        at_end = longest == reach < fitted.max_order
        kind = longest + at_end * (fitted.max_order + 1)
        scores = fitted._weights[online][kind] @ np.log(estimates)
        result.append(scores[symbol] - np.log(np.exp(scores).sum()))
        if online:
            counts.add(context, symbol)
            recent.add(context, symbol)
    return np.array(result)


@pytest.mark.parametrize("online", [False, True])
@pytest.mark.parametrize("window", [None, 1, 7])
@pytest.mark.parametrize("chunk", [5, 64, 10_000])
def test_it_equals_the_reference(fitted, monkeypatch, window, online, chunk):
    monkeypatch.setattr(model, "_CHUNK", chunk)
    # Seen and unseen contexts: the second half is of another kind.
    ids = np.concatenate([text(60, 4, seed=1), np.random.default_rng(2).integers(0, 4, 60)])
    np.testing.assert_allclose(
        fitted.log_probabilities(ids, window, online),
        slow_log_probabilities(fitted, text(2000, 4), ids, window, online),
        atol=1e-5,
    )


def test_every_distribution_sums_to_one_and_has_no_zero():
    # Symbol 4 is never seen, nor are most contexts.
    fitted = NgramLanguageModel(num_symbols=5, max_order=3).fit(text(300, 4))
    for length in range(5):
        for context in itertools.product(range(5), repeat=length):
            found = fitted.distribution(np.array(context, int))
            assert found.shape == (5,)
            assert found.min() > 0
            np.testing.assert_allclose(found.sum(), 1, atol=1e-12)


@pytest.mark.parametrize("online", [False, True])
def test_the_probabilities_of_all_texts_of_a_length_sum_to_one(online):
    fitted = NgramLanguageModel(num_symbols=3, max_order=2).fit(text(200, 3))
    texts = itertools.product(range(3), repeat=5)
    total = sum(
        np.exp(fitted.log_probabilities(np.array(ids), None, online).sum()) for ids in texts
    )
    np.testing.assert_allclose(total, 1, atol=1e-9)


def test_a_distribution_agrees_with_the_log_probabilities(fitted):
    ids = text(50, 4, seed=3)
    found = [np.log(fitted.distribution(ids[:place])[ids[place]]) for place in range(50)]
    np.testing.assert_allclose(found, fitted.log_probabilities(ids), atol=1e-5)


@pytest.mark.parametrize("online", [False, True])
def test_a_probability_does_not_depend_on_what_comes_later(fitted, online):
    ids = text(80, 4, seed=4)
    other = ids.copy()
    other[40:] = (other[40:] + 1) % 4
    first, second = (fitted.log_probabilities(x, online=online)[:40] for x in (ids, other))
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_rows_are_windows_that_do_not_see_each_other(fitted):
    ids = text(60, 4, seed=5)
    rows = fitted.log_probabilities(ids.reshape(6, 10))
    assert rows.shape == (6, 10)
    np.testing.assert_array_equal(rows.ravel(), fitted.log_probabilities(ids, window=10))
    np.testing.assert_allclose(rows[3], fitted.log_probabilities(ids[30:40]), atol=1e-6)


def test_learning_while_reading_leaves_the_model_as_it_was(fitted):
    ids = text(100, 4, seed=6)
    before = fitted.log_probabilities(ids)
    first, second = (fitted.log_probabilities(ids, online=True) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(before, fitted.log_probabilities(ids))


def test_learning_while_reading_pays_where_a_text_repeats_itself():
    fitted = NgramLanguageModel(num_symbols=6, max_order=4).fit(text(3000, 6))
    ids = np.tile(np.random.default_rng(7).integers(0, 6, 40), 20)
    static, online = (fitted.log_probabilities(ids, online=flag).mean() for flag in (False, True))
    assert online > static + 0.5


def test_it_comes_near_the_entropy_of_its_source():
    fitted = NgramLanguageModel(num_symbols=4, max_order=6).fit(text(20_000, 4))
    ids = text(4000, 4, seed=8)
    table = np.random.default_rng(99).dirichlet(np.full(4, 0.2), (4, 4))
    ideal = np.log(table[ids[:-2], ids[1:-1], ids[2:]]).mean()
    assert fitted.log_probabilities(ids)[2:].mean() > ideal - 0.02


@pytest.mark.parametrize("max_order", [0, 1, 30])
@pytest.mark.parametrize("length", [1, 2, 70])
def test_small_texts_and_all_orders_work(max_order, length):
    fitted = NgramLanguageModel(3, max_order).fit(np.zeros(length, int))
    for online in (False, True):
        found = fitted.log_probabilities(np.array([0, 0, 1, 2, 0] * 10), online=online)
        assert np.isfinite(found).all()
        assert fitted.log_probabilities(np.zeros(0, int), online=online).shape == (0,)


def test_one_symbol_is_certain():
    fitted = NgramLanguageModel(1, 2).fit(np.zeros(100, int))
    np.testing.assert_allclose(fitted.log_probabilities(np.zeros(9, int)), 0, atol=1e-6)


@pytest.mark.parametrize("ids", [[0, 4], [-1, 0], [0.5, 1.0], 3, [[[0]]]])
def test_wrong_symbols_are_refused(fitted, ids):
    with pytest.raises(ValueError, match="Argument `ids` must"):
        fitted.log_probabilities(np.array(ids))


def test_wrong_arguments_are_refused(fitted):
    with pytest.raises(ValueError, match="Argument `ids` must"):
        NgramLanguageModel(3).fit(np.zeros(0, int))
    with pytest.raises(ValueError, match="Argument `num_symbols` must"):
        NgramLanguageModel(0)
    with pytest.raises(ValueError, match="Argument `max_order` must"):
        NgramLanguageModel(3, -1)
    with pytest.raises(ValueError, match="Argument `window` must"):
        fitted.log_probabilities(np.array([0]), window=0)


def test_the_mixing_weight_is_the_best_of_a_grid():
    generator = np.random.default_rng(0)
    log_p, log_q = np.log(generator.uniform(0.05, 0.9, (2, 500)))
    log_q += 0.1
    weight = mixing_weight(log_p, log_q)
    grid = np.linspace(0, 1, 1001)
    best = grid[np.argmax([mixed(log_p, log_q, w).mean() for w in grid])]
    assert 0 < weight < 1
    assert abs(weight - best) < 1e-3
    np.testing.assert_allclose(mixing_weight(log_q, log_p), 1 - weight, atol=1e-9)


def test_the_mixing_weight_of_a_better_model_is_one_also_at_extremes():
    worse = np.array([-800.0, -2.0, -1000.0])
    assert mixing_weight(worse + 1, worse) == pytest.approx(1)
    assert mixing_weight(worse, worse + 900) == pytest.approx(0)


def test_a_mixture_by_hand():
    log_p, log_q = np.log([0.9, 0.1]), np.log([0.5, 0.5])
    np.testing.assert_allclose(np.exp(mixed(log_p, log_q, 0.25)), [0.6, 0.4])
    np.testing.assert_allclose(mixed(log_p, log_q, 1.0), log_p)
    np.testing.assert_allclose(mixed(log_p, log_q, 0.0), log_q)
    with pytest.raises(ValueError, match="Argument `weight` must"):
        mixed(log_p, log_q, 1.5)
    with pytest.raises(ValueError, match="must have one shape"):
        mixing_weight(log_p, log_q[:1])
