"""A character language model of counts alone: n-grams of every order, mixed log-linearly.

Modified Kneser-Ney is the best single estimate. Witten-Bell estimates of each order, from plain
counts, err elsewhere. The logarithms of all are added with weights that depend on the longest
context that was seen, and normalised over the symbols. A model that learns while it reads has the
same estimates from what it has read so far besides.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.optimize import minimize

from seqsuite.ngram_language_model.counts import Counts
from seqsuite.ngram_language_model.discounts import kneser_ney_discounts

_CHUNK = 16384  # positions whose distributions are held at a time
_HELD_OUT = 0.05  # end of the training text that the weights are fitted on
_FITTED_POSITIONS = 16384  # of those, at most
# Witten and Bell let a symbol seen after a context speak once for the unseen ones. Texts of
# characters want a stronger pull towards the shorter context.
_ESCAPE = 3.0


class NgramLanguageModel:
    """Interpolated character n-grams, in NumPy.

    Args:
        num_symbols: Symbols are the ids 0 to ``num_symbols - 1``.
        max_order: Symbols in the longest context.

    Example:
        >>> model = NgramLanguageModel(num_symbols=3, max_order=2).fit(np.array([0, 1, 2] * 40))
        >>> int(model.distribution(np.array([0, 1])).argmax())
        2
        >>> bool(model.log_probabilities(np.array([0, 1, 2, 0])).mean() > np.log(1 / 3))
        True

    Reference:
        Witten and Bell, "The Zero-Frequency Problem", 1991; Kneser and Ney, "Improved Backing-off
        for M-gram Language Modeling", 1995; Chen and Goodman, "An Empirical Study of Smoothing
        Techniques for Language Modeling", 1999; the mixture: Klakow, "Log-linear Interpolation of
        Language Models", 1998; learning while reading: Cleary and Witten, "Data Compression Using
        Adaptive Coding and Partial String Matching", 1984; Kuhn and De Mori, "A Cache-Based Natural
        Language Model for Speech Recognition", 1990.
    """

    def __init__(self, num_symbols: int, max_order: int = 8):
        if num_symbols < 1:
            raise ValueError(
                f"Argument `num_symbols` must be positive. Received: num_symbols={num_symbols}"
            )
        if max_order < 0:
            raise ValueError(
                f"Argument `max_order` must not be negative. Received: max_order={max_order}"
            )
        self.num_symbols, self.max_order = num_symbols, max_order

    def fit(self, ids: np.ndarray) -> NgramLanguageModel:
        """Fit the weights to the end of a text and what comes before it; then count all of it.

        Args:
            ids: Symbols int ``(n,)``, at least one.

        Returns:
            The model itself.

        Raises:
            ValueError: ``ids`` is empty, of another rank, or holds other symbols.
        """
        ids = self._checked(ids)
        if ids.ndim != 1 or not len(ids):
            raise ValueError(f"Argument `ids` must be (n,), not empty. Received: shape={ids.shape}")
        cut = len(ids) - int(_HELD_OUT * len(ids))
        self._count(ids[:cut])
        self._weights = {online: self._fit_weights(ids[cut:], online) for online in (False, True)}
        self._count(ids)
        return self

    def log_probabilities(
        self, ids: np.ndarray, window: int | None = None, online: bool = False
    ) -> np.ndarray:
        """Return the log-probability of each symbol given those before it.

        Args:
            ids: Symbols int ``(n,)``, one text; or ``(windows, length)``, where no row sees
                another.
            window: Contexts do not reach across multiples of it; ``None`` for no such limit.
            online: Also learn from each symbol once it has been predicted. Rows are read in their
                order. The fitted model stays as it is.

        Returns:
            Natural logarithms float64 of the shape of ``ids``.

        Raises:
            ValueError: ``ids`` is of another rank or holds other symbols, or ``window`` is not
                positive.
        """
        ids = self._checked(ids)
        if window is not None and window < 1:
            raise ValueError(f"Argument `window` must be positive. Received: window={window}")
        reach = np.broadcast_to(np.arange(ids.shape[-1]), ids.shape).ravel()
        reach = reach if window is None else reach % window
        flat = ids.ravel()
        result = np.zeros(len(flat))
        for part, features, kinds in self._read(flat, reach, online):
            distributions = _log_softmax(features, self._weights[online][kinds])
            result[part] = distributions[np.arange(len(kinds)), flat[part]]
        return result.reshape(ids.shape)

    def distribution(self, context: np.ndarray) -> np.ndarray:
        """Return the probability of each symbol after a context, without learning from it.

        Args:
            context: Symbols int ``(n,)``, possibly none: the start of a text.

        Returns:
            float64 ``(num_symbols,)`` with sum 1.
        """
        context = np.asarray(context) if len(context) else np.zeros(0, np.int64)
        ids = np.append(self._checked(context), 0)[-self.max_order - 1 :]
        features, kinds = self._features(ids, np.arange(len(ids)), 0, None)
        return np.exp(_log_softmax(features[-1:], self._weights[False][kinds[-1:]])[0])

    def _checked(self, ids: np.ndarray) -> np.ndarray:
        ids = np.asarray(ids)
        if ids.ndim not in (1, 2):
            raise ValueError(
                f"Argument `ids` must be (n,) or (windows, length). Received: shape={ids.shape}"
            )
        if ids.size and (
            ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= self.num_symbols
        ):
            raise ValueError(
                f"Argument `ids` must hold integers from 0 to {self.num_symbols - 1}. Received: "
                f"dtype={ids.dtype}, from {ids.min()} to {ids.max()}"
            )
        return ids.astype(np.int64)

    def _count(self, ids: np.ndarray) -> None:
        self._counts = Counts(ids, np.arange(len(ids)), self.num_symbols, self.max_order)
        self._discounts = [kneser_ney_discounts(preceded) for preceded in self._counts.preceded]

    def _fit_weights(self, ids: np.ndarray, online: bool) -> np.ndarray:
        """Fit ``(kinds, estimates)``; kinds without an example stay with Kneser-Ney alone."""
        initial = np.zeros((self.max_order + 1) * (1 + online) + 1)
        initial[self.max_order + 1] = 1.0
        weights = np.tile(initial, (2 * self.max_order + 1, 1))
        generator = np.random.default_rng(0)
        # Whole contexts show what to do where the longest is unseen; short windows what to do
        # where a text has just begun. The second is rare, so fewer examples do.
        whole, cut = np.arange(len(ids)), np.arange(len(ids) // 4) % max(self.max_order, 1)
        for reach, fitted in (
            (whole, range(self.max_order + 1)),
            (cut, range(self.max_order + 1, len(weights))),
        ):
            share = min(1.0, _FITTED_POSITIONS / max(len(reach), 1))
            examples = []
            for part, features, kinds in self._read(ids[: len(reach)], reach, online):
                chosen = generator.random(len(kinds)) < share
                examples.append((features[chosen], kinds[chosen], ids[part][chosen]))
            for kind in fitted if examples else ():
                features, targets = (
                    np.concatenate([example[i][example[1] == kind] for example in examples])
                    for i in (0, 2)
                )
                weights[kind] = _fit_log_linear(features, targets, initial)
        return weights

    def _read(
        self, ids: np.ndarray, reach: np.ndarray, online: bool
    ) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Yield places, features and kinds, chunk by chunk; see `_features`."""
        past = None
        for start in range(0, len(ids), _CHUNK):
            begin, stop = max(0, start - self.max_order), min(start + _CHUNK, len(ids))
            known = [self._counts]
            if online:
                past = Counts(ids[:start], reach[:start], self.num_symbols, self.max_order, known)
            near = np.minimum(reach[begin:stop], np.arange(stop - begin))
            features, kinds = self._features(ids[begin:stop], near, start - begin, past)
            yield slice(start, stop), features[start - begin :], kinds[start - begin :]

    def _features(
        self, ids: np.ndarray, reach: np.ndarray, again: int, past: Counts | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the logarithms of all estimates at each position, and its kind.

        Args:
            ids: Symbols int64 ``(n,)``.
            reach: How many symbols before each may be looked at, int ``(n,)``.
            again: So many at the start are in ``past`` already: they are context only.
            past: What was read since training, if it is to be learned from.

        Returns:
            float32 ``(n, estimates, num_symbols)``; and int ``(n,)``: the length of the longest
            context that was seen, or ``max_order + 1`` more where the text has no longer one.
        """
        sources = [self._counts] if past is None else [self._counts, past]
        found = [source.find(ids, reach)[0] for source in sources]
        here = (
            None if past is None else Counts(ids, reach, self.num_symbols, self.max_order, sources)
        )
        plain, recent = [], []
        kneser_ney = witten_bell = latest = np.full(
            (len(ids), self.num_symbols), 1.0 / self.num_symbols
        )
        longest = np.full(len(ids), -1)
        for order in range(self.max_order + 1):
            counts, preceded = self._counts.rows(order, found[0][order])
            if here is not None and past is not None:
                new_counts, new_preceded = past.rows(order, found[1][order])
                learned = np.arange(len(ids)) >= again
                running, running_preceded = here.running(order, learned)
                new_counts += running
                counts += new_counts
                preceded += new_preceded + running_preceded
                latest = _witten_bell(new_counts, latest)
                recent.append(_log(latest))
            longest += counts.any(axis=1)
            witten_bell = _witten_bell(counts, witten_bell)
            kneser_ney = _kneser_ney(preceded, kneser_ney, self._discounts[order])
            plain.append(_log(witten_bell))
        features = np.stack([*plain, _log(kneser_ney), *recent], axis=1)
        ends = (longest == reach) & (longest < self.max_order)
        return features, longest + ends * (self.max_order + 1)


def _kneser_ney(counts: np.ndarray, shorter: np.ndarray, discounts: np.ndarray) -> np.ndarray:
    taken = discounts[np.minimum(counts, 3).astype(np.int8)]
    total = counts.sum(axis=1, keepdims=True)
    shared = taken.sum(axis=1, keepdims=True) * shorter
    return np.where(total > 0, (counts - taken + shared) / np.maximum(total, 1), shorter)


def _witten_bell(counts: np.ndarray, shorter: np.ndarray) -> np.ndarray:
    escape = _ESCAPE * np.count_nonzero(counts, axis=1)[:, None]
    total = counts.sum(axis=1, keepdims=True) + escape
    return np.where(total > 0, (counts + escape * shorter) / np.maximum(total, 1), shorter)


def _log(probabilities: np.ndarray) -> np.ndarray:
    # Rounding may leave nothing of a product of many small shares; the mixture has no zeros.
    return np.log(np.maximum(probabilities, 1e-300)).astype(np.float32)


def _log_softmax(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mix features ``(n, estimates, symbols)`` with weights ``(n, estimates)``."""
    scores = (weights.astype(np.float32)[:, None] @ features)[:, 0].astype(np.float64)
    scores -= scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def _fit_log_linear(features: np.ndarray, targets: np.ndarray, initial: np.ndarray) -> np.ndarray:
    """Return the weights ``(estimates,)`` of most likelihood; the problem is convex."""
    count = len(targets)
    if not count:
        return initial
    chosen = features[np.arange(count), :, targets].sum(axis=0, dtype=np.float64)

    def loss_and_gradient(weights: np.ndarray) -> tuple[float, np.ndarray]:
        log_probabilities = _log_softmax(features, weights[None])
        probabilities = np.exp(log_probabilities).astype(np.float32)
        expected = (features @ probabilities[:, :, None])[:, :, 0].sum(axis=0, dtype=np.float64)
        # A pull towards the start, as strong as one example, for kinds that are rare.
        away = weights - initial
        loss = 0.5 * away @ away - log_probabilities[np.arange(count), targets].sum()
        return loss / count, (away + expected - chosen) / count

    return minimize(
        loss_and_gradient, initial, jac=True, method="L-BFGS-B", options={"maxiter": 60}
    ).x
