"""Dynamic programs over the tag paths of a linear-chain CRF, as pure functions of tensors.

All take float32 potentials ``(batch, time, tags)``, int32 lengths ``(batch,)`` of at most ``time``,
and the float32 `Scores` of the CRF.

Loops are time-major. At padded steps the running scores do not change, so the scores at the last
column are those at the end of each row. The sums over paths run in float64 on
probabilities relative to each step's best tag: a step is then one small matrix product, where the
same recursion on logarithms forms a ``(batch, tags, tags)`` tensor three times.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from seqsuite.layers.masking import last_step, sequence_mask

Tensor = Any

FORBIDDEN = -1e9
"""Score of a forbidden transition; sums of real logits are far above it."""

ILLEGAL = FORBIDDEN / 2
"""A path below this score contains a forbidden transition."""

NO_PATH = -1e30
"""Score of an empty place in a list of best paths."""

FLOOR = -600.0
"""Minimum log-probability of a tag relative to the best of its step; float64 underflows at -745."""


class Scores(NamedTuple):
    """Scores that a CRF adds to the potentials."""

    start: Tensor  # (tags,), for the first tag of a row
    transitions: Tensor  # (tags, tags), from the tag of the row to the tag of the column
    end: Tensor  # (tags,), for the last tag of a row


class _Lattice(NamedTuple):
    """The forward pass: log scores of all path beginnings, time-major."""

    forward: Tensor  # (time, batch, tags)
    real: Tensor  # bool (time, batch, 1)
    factors: Tensor  # (tags, tags), exponentials of the transitions
    end_probabilities: Tensor  # (batch, tags), of each tag at the row's end
    log_partition: Tensor  # (batch,)


def log_partition(potentials: Tensor, lengths: Tensor, scores: Scores) -> Tensor:
    """Return the log-sum-exp of the scores of all tag paths.

    The gradient is explicit, in half the time of differentiating through the loop: the marginals
    for the potentials, and the expected counts of their uses for the scores.

    Returns:
        float32 ``(batch,)``; 0 for a row of length 0.
    """

    @ops.custom_gradient
    def run(potentials, start, transitions, end):
        lattice = _forward(potentials, lengths, Scores(start, transitions, end))

        def gradient(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            expected, counts = _expectations(lattice, ops.cast(upstream, "float64"))
            expected = expected[:, : ops.shape(potentials)[1]]
            return tuple(ops.cast(value, "float32") for value in (expected, *counts))

        return ops.cast(lattice.log_partition, "float32"), gradient

    return run(potentials, *scores)


def marginals(potentials: Tensor, lengths: Tensor, scores: Scores) -> Tensor:
    """Return the probability of each tag at each step, given the whole row.

    Returns:
        float32 ``(batch, time, tags)``, zero at padded steps.
    """
    lattice = _forward(potentials, lengths, scores)
    expected, _ = _expectations(lattice, ops.ones_like(lattice.log_partition))
    return ops.cast(expected[:, : ops.shape(potentials)[1]], "float32")


def path_score(potentials: Tensor, tags: Tensor, lengths: Tensor, scores: Scores) -> Tensor:
    """Return the score of one tag path per row, tags int32 ``(batch, time)``.

    Returns:
        float32 ``(batch,)``; 0 for a row of length 0.
    """
    potentials, tags = _at_least_two_steps(potentials), _at_least_two_steps(tags)
    num_tags = potentials.shape[-1]
    mask = sequence_mask(lengths, ops.shape(potentials)[1])
    tags = ops.where(mask, tags, 0)
    # Selected, not multiplied by 0: a tag may be ruled out by -inf.
    chosen = ops.where(ops.one_hot(tags, num_tags, dtype="bool"), potentials, 0.0)
    emitted = ops.sum(ops.where(mask, ops.sum(chosen, axis=-1), 0.0), axis=1)
    # Looked up, not multiplied: a GPU would round the factors of a float32 matrix product.
    pairs = tags[:, :-1] * num_tags + tags[:, 1:]
    moved = ops.take(ops.reshape(scores.transitions, (-1,)), pairs)
    moved = ops.sum(ops.where(mask[:, 1:], moved, 0.0), axis=1)
    last = ops.take(scores.end, last_step(tags, lengths))
    ends = ops.take(scores.start, tags[:, 0]) + last
    return ops.where(lengths > 0, emitted + moved + ends, 0.0)


def best_path(potentials: Tensor, lengths: Tensor, scores: Scores) -> tuple[Tensor, Tensor]:
    """Find the tag path of the highest score (Viterbi).

    The loop keeps only scores; the backward pass recomputes the predecessors on the best path.

    Returns:
        Tags int32 ``(batch, time)``, zero at padded steps, and scores float32 ``(batch,)``, 0 for
        a row of length 0.
    """
    steps, real = _time_major(potentials, lengths, "float32")
    into = ops.transpose(scores.transitions)  # (to, from): the reduction runs over the last axis

    def forward(score, inputs):
        potential, is_real = inputs
        following = _largest(score[:, None, :] + into) + potential
        following = ops.where(is_real > 0, following, score)
        return following, following

    first = scores.start + steps[0]
    last, rest = _scan(forward, first, [steps[1:], real[1:]])
    before = ops.concatenate([first[None], rest[:-1]])
    final = last + scores.end

    def backward(tag, inputs):
        score, is_real = inputs
        previous = ops.argmax(score + ops.take(into, tag, axis=0), axis=-1)
        tag = ops.where(is_real[:, 0] > 0, ops.cast(previous, "int32"), tag)
        return tag, tag

    last_tag = ops.cast(ops.argmax(final, axis=-1), "int32")
    _, tags = _scan(backward, last_tag, [before, real[1:]], reverse=True)
    tags = ops.transpose(ops.concatenate([tags, last_tag[None]]))[:, : ops.shape(potentials)[1]]
    tags = ops.where(sequence_mask(lengths, ops.shape(tags)[1]), tags, 0)
    return tags, ops.where(lengths > 0, _largest(final), 0.0)


def best_paths(
    potentials: Tensor, lengths: Tensor, scores: Scores, count: int
) -> tuple[Tensor, Tensor]:
    """Find the `count` tag paths of the highest scores (list Viterbi).

    Returns:
        Tags int32 ``(batch, count, time)``, best first, zero at padded steps, and scores float32
        ``(batch, count)``. Missing paths have zeros for tags and the score -inf. A row of length 0
        has one path, of score 0.
    """
    steps, real = _time_major(potentials, lengths, "float32")
    num_tags = potentials.shape[-1]
    width = num_tags * count  # place tag * count + rank: the tag's rank-th best path so far
    into = ops.transpose(scores.transitions)[None, :, :, None]
    stay = ops.zeros_like(lengths)[:, None] + ops.arange(width, dtype="int32")

    def forward(carry, inputs):
        score, _ = carry
        potential, is_real = inputs
        candidates = ops.reshape(score, (-1, 1, num_tags, count)) + into
        largest, origin = ops.top_k(ops.reshape(candidates, (-1, num_tags, width)), count)
        largest = ops.reshape(largest + potential[:, :, None], (-1, width))
        origin = ops.reshape(ops.cast(origin, "int32"), (-1, width))
        following = (ops.where(is_real > 0, largest, score), ops.where(is_real > 0, origin, stay))
        return following, following

    # At the first step every tag has one path; the other places are empty.
    empty = ops.convert_to_tensor(np.where(np.arange(width) % count, NO_PATH, 0.0), "float32")
    first = ops.repeat(scores.start + steps[0], count, axis=-1) + empty
    (last, _), (_, origins) = _scan(forward, (first, stay), [steps[1:], real[1:]])
    final = last + ops.repeat(scores.end, count)
    best, place = ops.top_k(final, count)
    place = ops.cast(place, "int32")

    def backward(place, origin):
        place = ops.take_along_axis(origin, place, axis=1)
        return place, place

    _, places = ops.scan(backward, place, origins, reverse=True)
    tags = ops.concatenate([places, place[None]]) // count
    tags = ops.transpose(tags, (1, 2, 0))[:, :, : ops.shape(potentials)[1]]
    alone = ops.where(ops.arange(count) == 0, 0.0, NO_PATH)
    best = ops.where(lengths[:, None] > 0, best, alone)
    legal = best > ILLEGAL
    keep = sequence_mask(lengths, ops.shape(tags)[2])[:, None, :] & legal[:, :, None]
    return ops.where(keep, tags, 0), ops.where(legal, best, -np.inf)


def _forward(potentials: Tensor, lengths: Tensor, scores: Scores) -> _Lattice:
    """Run the forward pass."""
    steps, real = _time_major(potentials, lengths, "float64")
    start, transitions, end = (ops.cast(score, "float64") for score in scores)
    factors = ops.exp(transitions)

    def step(score, inputs):
        potential, is_real = inputs
        probability, largest = _relative(score)
        total = ops.matmul(probability, factors)
        reached = total > 0
        # The inner `where` keeps the logarithm finite at tags that no path reaches.
        following = largest + ops.log(ops.where(reached, total, 1.0)) + potential
        following = ops.where(reached, following, FORBIDDEN)
        following = ops.where(is_real > 0, following, score)
        return following, following

    first = start + steps[0]
    last, rest = _scan(step, first, [steps[1:], real[1:]])
    final = last + end
    total = ops.logsumexp(final, axis=-1)
    return _Lattice(
        forward=ops.concatenate([first[None], rest]),
        real=real > 0,
        factors=factors,
        end_probabilities=ops.exp(final - total[:, None]),
        log_partition=ops.where(lengths > 0, total, 0.0),
    )


def _expectations(lattice: _Lattice, weight: Tensor) -> tuple[Tensor, Scores]:
    """Return the expected counts of tags and scores, weighted by row.

    The backward pass distributes the probability of a tag over its predecessors, in proportion to
    their contributions to its forward score.
    """
    num_tags = lattice.factors.shape[0]
    real = lattice.real[1:]
    probability, _ = _relative(lattice.forward[:-1])
    total = ops.matmul(ops.reshape(probability, (-1, num_tags)), lattice.factors)
    total = ops.reshape(total, ops.shape(probability))
    reached = total > 0
    inverse = ops.where(reached & real, 1.0 / ops.where(reached, total, 1.0), 0.0)
    out_of = ops.transpose(lattice.factors)

    def step(carry, inputs):
        expected, _ = carry
        share, scale, is_real = inputs
        scaled = expected * scale
        before = share * ops.matmul(scaled, out_of)
        following = (ops.where(is_real > 0, before, expected), scaled)
        return following, following

    at_end = lattice.end_probabilities * ops.where(lattice.real[0], weight[:, None], 0.0)
    inputs = [probability, inverse, ops.cast(real, "float64")]
    (first, _), (_, scaled) = _scan(step, (at_end, ops.zeros_like(at_end)), inputs, reverse=True)
    flat = [ops.reshape(value, (-1, num_tags)) for value in (probability, scaled)]
    pairs = ops.matmul(ops.transpose(flat[0]), flat[1]) * lattice.factors
    expected = ops.transpose(ops.concatenate([first[None], scaled * total]), (1, 0, 2))
    return expected, Scores(ops.sum(first, axis=0), pairs, ops.sum(at_end, axis=0))


def _relative(score: Tensor) -> tuple[Tensor, Tensor]:
    """Return probabilities relative to the best tag, 0 where illegal, and that tag's score."""
    largest = _largest(score, keepdims=True)
    probability = ops.exp(ops.maximum(score - largest, FLOOR))
    return ops.where(score > ILLEGAL, probability, 0.0), largest


def _largest(scores: Tensor, keepdims: bool = False) -> Tensor:
    """Reduce the last axis. Without `initial`, `ops.max` refuses a batch of no rows."""
    return ops.max(scores, axis=-1, keepdims=keepdims, initial=NO_PATH)


def _scan(step, carry, sequences: list[Tensor], reverse: bool = False):
    """Scan over several float sequences at once.

    They are concatenated: with several sequences, `ops.scan` of Keras 3.15 fails on TensorFlow when
    the number of steps is unknown.
    """
    cuts = np.cumsum([sequence.shape[-1] for sequence in sequences])[:-1].tolist()
    joined = ops.concatenate(sequences, axis=-1)

    def joined_step(carry, inputs):
        return step(carry, ops.split(inputs, cuts, axis=-1))

    return ops.scan(joined_step, carry, joined, reverse=reverse)


def _time_major(potentials: Tensor, lengths: Tensor, dtype: str) -> tuple[Tensor, Tensor]:
    """Return potentials ``(time, batch, tags)`` of two steps or more, and their mask."""
    potentials = _at_least_two_steps(ops.cast(potentials, dtype))
    real = sequence_mask(lengths, ops.shape(potentials)[1])
    real = ops.cast(ops.transpose(real), dtype)[:, :, None]
    return ops.transpose(potentials, (1, 0, 2)), real


def _at_least_two_steps(sequence: Tensor) -> Tensor:
    """Append zeros to a sequence of one step or none: a loop over no steps has no shape."""
    static_steps = sequence.shape[1]
    if static_steps is not None and static_steps > 1:
        return sequence
    batch, steps, *rest = ops.shape(sequence)
    missing = 2 - ops.minimum(steps, 2)
    padding = ops.zeros((batch, missing, *rest), dtype=sequence.dtype)
    return ops.concatenate([sequence, padding], axis=1)
