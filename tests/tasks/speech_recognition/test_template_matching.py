"""Distances by dynamic time warping equal those of a plain table, and of every path there is."""

from __future__ import annotations

import numpy as np
import pytest

from seqsuite.tasks.speech_recognition.template_matching import nearest_templates, warped_distances


def table_distance(query, template, window_share):
    """The textbook's table, one pair at a time."""
    n, m = len(query), len(template)
    steps = min(n, m) - 1
    width = max(window_share, 1 / steps) if steps else np.inf
    total = np.full((n, m), np.inf)
    for i in range(n):
        for j in range(m):
            if abs(i / max(1, n - 1) - j / max(1, m - 1)) > width + 1e-9:
                continue
            cost = np.linalg.norm(query[i] - template[j])
            options = [2 * cost] if i == j == 0 else []
            if i:
                options.append(total[i - 1, j] + cost)
            if j:
                options.append(total[i, j - 1] + cost)
            if i and j:
                options.append(total[i - 1, j - 1] + 2 * cost)
            total[i, j] = min(options, default=np.inf)
    return total[-1, -1] / (n + m)


def cheapest_path(query, template):
    """The best of all paths, each walked to its end."""

    def walk(i, j):
        cost = np.linalg.norm(query[i] - template[j])
        if i == j == 0:
            return 2 * cost
        ways = []
        if i:
            ways.append(walk(i - 1, j) + cost)
        if j:
            ways.append(walk(i, j - 1) + cost)
        if i and j:
            ways.append(walk(i - 1, j - 1) + 2 * cost)
        return min(ways)

    return walk(len(query) - 1, len(template) - 1) / (len(query) + len(template))


def sequences(count, longest, seed, features=3):
    generator = np.random.default_rng(seed)
    return [
        generator.normal(size=(generator.integers(1, longest + 1), features)) for _ in range(count)
    ]


def test_the_table_is_the_best_of_all_paths():
    for query, template in zip(sequences(12, 5, 0), sequences(12, 5, 1), strict=True):
        assert table_distance(query, template, 1.0) == pytest.approx(cheapest_path(query, template))


@pytest.mark.parametrize("window_share", [0.0, 0.1, 0.25, 1.0])
def test_distances_equal_those_of_the_table(window_share):
    templates = sequences(25, 15, 2)
    for query in sequences(8, 15, 3):
        expected = [table_distance(query, template, window_share) for template in templates]
        found = warped_distances(query, templates, window_share)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
        assert np.isfinite(found).all()


def test_the_nearest_is_found_among_more_than_one_batch():
    templates, queries = sequences(300, 9, 4), sequences(6, 9, 5)
    expected = [
        np.argmin([table_distance(query, template, 0.25) for template in templates])
        for query in queries
    ]
    np.testing.assert_array_equal(nearest_templates(queries, templates), expected)


def test_speed_does_not_matter_but_order_does():
    rising, falling = np.arange(8.0)[:, None], np.arange(8.0)[::-1, None]
    slow = np.repeat(rising, 3, axis=0)
    distances = warped_distances(slow, [falling, rising])
    assert distances[1] == 0 < distances[0]
    assert nearest_templates([slow, falling], [falling, rising]).tolist() == [1, 0]


def test_of_equals_the_first_is_returned():
    twin = np.ones((4, 2))
    assert nearest_templates([twin], [twin + 1, twin, twin]).tolist() == [1]
    assert nearest_templates([], [twin]).shape == (0,)


@pytest.mark.parametrize(
    ("queries", "templates", "message"),
    [
        ([np.ones((2, 3))], [], "`templates` must hold at least one"),
        ([np.ones((0, 3))], [np.ones((2, 3))], r"`queries` .*shape \(0, 3\)"),
        ([np.ones((2, 4))], [np.ones((2, 3))], r"`queries` must hold sequences \(frames, 3\)"),
        ([np.ones((2, 3))], [np.ones((2, 3)), np.ones(3)], r"`templates` .*shape \(3,\)"),
    ],
)
def test_sequences_that_cannot_be_compared_are_refused(queries, templates, message):
    with pytest.raises(ValueError, match=message):
        nearest_templates(queries, templates)
