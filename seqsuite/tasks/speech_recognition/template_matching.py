"""Nearest neighbours of sequences by dynamic time warping: how isolated words were recognised."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Templates compared at once, so that a diagonal of all of them stays in the cache.
_BATCH = 256


def nearest_templates(
    queries: Sequence[np.ndarray], templates: Sequence[np.ndarray], window_share: float = 0.25
) -> np.ndarray:
    """Return the template that each query is most like.

    Args:
        queries: float ``(frames, features)`` each, at least one frame.
        templates: The same; lengths differ freely.
        window_share: As for :func:`warped_distances`.

    Returns:
        int ``(queries,)``: indices of templates, the first of equals.

    Raises:
        ValueError: There are no templates, or a sequence has no frames or another number of
            features.

    Example:
        >>> templates = [np.array([[0.0], [5.0]]), np.array([[5.0], [0.0]])]
        >>> nearest_templates([np.array([[5.0], [5.0], [1.0]])], templates).tolist()
        [1]

    Reference:
        Sakoe and Chiba, "Dynamic programming algorithm optimization for spoken word recognition",
        1978, https://doi.org/10.1109/TASSP.1978.1163055
    """
    if not len(templates):
        raise ValueError("Argument `templates` must hold at least one. Received: none")
    # Of like lengths together: what a batch is padded by is computed in vain.
    order = np.argsort([len(template) for template in templates], kind="stable")
    batches = [
        _Templates([np.asarray(templates[i], np.float32) for i in order[start : start + _BATCH]])
        for start in range(0, len(order), _BATCH)
    ]
    nearest = np.zeros(len(queries), int)
    for index, query in enumerate(queries):
        distances = np.empty(len(templates), np.float32)
        distances[order] = np.concatenate([b.distances(query, window_share) for b in batches])
        nearest[index] = distances.argmin()
    return nearest


def warped_distances(
    query: np.ndarray, templates: Sequence[np.ndarray], window_share: float = 0.25
) -> np.ndarray:
    """Return the distance of a query to each template, both stretched in time to fit.

    A path through pairs of frames begins at the first frames of both, ends at the last, and goes on
    in either sequence or in both by one frame a step. A step in both weighs twice what the others
    do, so that all paths have one weight, the sum of the lengths, by which the sum is divided:
    Sakoe and Chiba's symmetric form. Frames differ by their Euclidean distance.

    Args:
        query: float ``(frames, features)``.
        templates: float ``(frames, features)`` each.
        window_share: How far from each other the two frames of a pair may lie, each position being
            a share of its sequence; one frame of the shorter sequence at least (1: anywhere).

    Returns:
        float32 ``(templates,)``.

    Example:
        >>> slow, fast = np.array([[0.0], [0.0], [9.0]]), np.array([[0.0], [9.0]])
        >>> warped_distances(slow, [fast, fast + 1.0]).tolist()
        [0.0, 1.0]
    """
    return _Templates([np.asarray(t, np.float32) for t in templates]).distances(query, window_share)


class _Templates:
    """Templates padded to one length, each with what its distances need of it alone."""

    def __init__(self, templates: Sequence[np.ndarray]):
        self._lengths = np.array([len(template) for template in templates])
        self._num_features = templates[0].shape[-1]
        for template in templates:
            _check(template, self._num_features, "templates")
        shape = (len(templates), self._lengths.max(), self._num_features)
        padded = np.zeros(shape, np.float32)
        for row, template in zip(padded, templates, strict=True):
            row[: len(template)] = template
        self._flat = padded.reshape(-1, self._num_features)
        self._squares = (self._flat**2).sum(axis=1)

    def distances(self, query: np.ndarray, window_share: float) -> np.ndarray:
        query = np.asarray(query, np.float32)
        _check(query, self._num_features, "queries")
        local = self._local_distances(query, window_share)
        rows, columns, count = local.shape
        # Sums along anti-diagonals, by row: all pairs of one depend only on the two before, so that
        # one operation serves all of them, of all templates.
        before, last = (np.full((rows + 1, count), np.inf, np.float32) for _ in range(2))
        # Paths enter the first pair from nowhere, at twice its distance.
        before[0] = 0.0
        result = np.empty(count, np.float32)
        ends = rows - 1 + self._lengths - 1
        for diagonal in range(rows + columns - 1):
            first, stop = max(0, diagonal - columns + 1), min(rows, diagonal + 1)
            index = np.arange(first, stop)
            cost = local[index, diagonal - index]
            current = np.full((rows + 1, count), np.inf, np.float32)
            # Row r of the table is at r + 1: at r lies the row before it.
            step = np.minimum(last[first:stop], last[first + 1 : stop + 1])
            current[first + 1 : stop + 1] = np.minimum(step + cost, before[first:stop] + 2 * cost)
            ended = ends == diagonal
            result[ended] = current[rows, ended]
            before, last = last, current
        return result / (rows + self._lengths)

    def _local_distances(self, query: np.ndarray, window_share: float) -> np.ndarray:
        """Return ``(query frames, template frames, templates)``, infinite outside the window."""
        squares = (query**2).sum(axis=1)[:, None] + self._squares - 2 * (query @ self._flat.T)
        # Rounding may leave a little less than nothing.
        local = np.sqrt(np.maximum(squares, 0.0)).reshape(len(query), len(self._lengths), -1)
        local = np.ascontiguousarray(local.transpose(0, 2, 1))
        rows = np.arange(len(query)) / max(1, len(query) - 1)
        columns = np.arange(local.shape[1])[:, None] / np.maximum(1, self._lengths - 1)
        # A narrower window than one frame has gaps where no path passes. (One frame has no window.)
        steps = np.minimum(len(query), self._lengths) - 1
        width = np.where(steps > 0, np.maximum(window_share, 1.0 / np.maximum(steps, 1)), np.inf)
        outside = np.abs(rows[:, None, None] - columns) > width + 1e-9
        local[outside] = np.inf
        return local


def _check(sequence: np.ndarray, num_features: int, name: str) -> None:
    if sequence.ndim != 2 or not len(sequence) or sequence.shape[1] != num_features:
        raise ValueError(
            f"Argument `{name}` must hold sequences (frames, {num_features}) of at least one "
            f"frame. Received: one of shape {sequence.shape}"
        )
