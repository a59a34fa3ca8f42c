"""Raw examples, and cuts of validation sets."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Examples:
    """Raw, unbatched examples of one split.

    Args:
        features: Column name -> one raw value per example. Columns of a data frame become lists.
        labels: One label per example (a tuple of names when multi-label), or None. Arrays become
            lists.
        groups: Group of each example; a group is never split. None: independent examples.
    """

    features: dict[str, Sequence[Any]]
    labels: Sequence[Any] | None = None
    groups: Sequence[int] | None = None

    def __post_init__(self):
        # Rows of a pandas column have names of their own, and neither it nor an array is false.
        features = {name: _plain(column, array=False) for name, column in self.features.items()}
        object.__setattr__(self, "features", features)
        object.__setattr__(self, "labels", _plain(self.labels))
        object.__setattr__(self, "groups", _plain(self.groups))

    def __len__(self) -> int:
        return len(next(iter(self.features.values())))

    def select(self, indices: Sequence[int]) -> Examples:
        """Return the examples at ``indices``, in that order."""

        def pick(column):
            return None if column is None else [column[i] for i in indices]

        features = {name: pick(column) for name, column in self.features.items()}
        return Examples(features, pick(self.labels), pick(self.groups))


def _plain(column: Any, array: bool = True) -> Any:
    """Return a column of pandas (and an array, where these are not kept) as a list."""
    is_array = isinstance(column, np.ndarray)
    return column.tolist() if hasattr(column, "tolist") and (array or not is_array) else column


def concatenate(parts: Sequence[Examples]) -> Examples:
    """Concatenate examples; columns that not all of them have are left out.

    Example:
        >>> two = concatenate([Examples({"text": ["a"]}, ["x"]), Examples({"text": ["b"]}, ["y"])])
        >>> two.features["text"], two.labels
        (['a', 'b'], ['x', 'y'])
    """

    def join(columns):
        if any(column is None for column in columns):
            return None
        return [value for column in columns for value in column]

    names = [n for n in parts[0].features if all(n in part.features for part in parts)]
    features = {name: join([part.features[name] for part in parts]) for name in names}
    return Examples(features, join([p.labels for p in parts]), join([p.groups for p in parts]))


def split_off_groups(
    examples: Examples, fraction: float, seed: int, num_blocks: int = 10
) -> tuple[Examples, Examples]:
    """Hold out blocks of neighbouring groups, spread over the whole range.

    Neighbours in a file are often related (reviews of one film), and a random cut puts relatives on
    both sides, which flatters scores. A cut in blocks does not.

    Args:
        examples: The examples. Without ``groups`` the cut is random, example by example.
        fraction: Share of the examples to hold out, in (0, 1).
        seed: Seed of the positions of blocks.
        num_blocks: Blocks to hold out.

    Returns:
        The rest and the held-out examples, both in the given order.

    Raises:
        ValueError: ``fraction`` is not in (0, 1).

    Example:
        >>> rest, held_out = split_off_groups(Examples({"text": list("abcdefghij")}), 0.2, seed=0)
        >>> len(rest), len(held_out)
        (8, 2)
    """
    if not 0 < fraction < 1:
        raise ValueError(f"Argument `fraction` must be in (0, 1). Received: fraction={fraction}")
    generator = random.Random(seed)
    if examples.groups is None:
        count = max(1, round(fraction * len(examples)))
        held = _sampled(_copies(examples), count, generator)
    else:
        groups = sorted(set(examples.groups))
        num_blocks = max(1, min(num_blocks, int(len(groups) * fraction)))
        held_groups: set[int] = set()
        for block in range(num_blocks):
            first = len(groups) * block // num_blocks
            last = len(groups) * (block + 1) // num_blocks
            size = max(1, round((last - first) * fraction))
            start = generator.randint(first, max(first, last - size))
            held_groups.update(groups[start : start + size])
        held = {i for i, group in enumerate(examples.groups) if group in held_groups}
        wanted = fraction * len(examples)
        if not wanted / 2 <= len(held) <= 2 * wanted:
            # Groups of very different sizes: their number says little.
            held = _sampled(examples.groups, round(wanted), generator)
            if not wanted / 2 <= len(held) <= 2 * wanted:
                print(
                    f"note: groups (speakers, documents) are too large to hold out {fraction:.0%} "
                    "of the examples: they are held out at random, within groups",
                    file=sys.stderr,
                )
                held = set(generator.sample(range(len(examples)), max(1, round(wanted))))
    rest = [i for i in range(len(examples)) if i not in held]
    return examples.select(rest), examples.select(sorted(held))


def _copies(examples: Examples) -> list[int]:
    """Return for each example the index of the first one with the same features."""
    columns = list(examples.features.values())
    first: dict[Any, int] = {}
    try:
        return [first.setdefault(_key(row), i) for i, row in enumerate(zip(*columns, strict=True))]
    except TypeError:  # arrays are not compared
        return list(range(len(examples)))


def _key(value: Any) -> Any:
    return tuple(map(_key, value)) if isinstance(value, list | tuple) else value


def _sampled(groups: Sequence[int], count: int, generator: random.Random) -> set[int]:
    """Return about ``count`` examples, drawn in whole groups, and at least one group."""
    members: dict[int, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    if len(members) == len(groups):
        return set(generator.sample(range(len(groups)), max(1, count)))
    order = generator.sample(sorted(members), len(members))
    held: set[int] = set()
    for group in order:
        # The first that would be too many is passed over, a smaller one may still fit.
        if not held or len(held) + len(members[group]) <= count:
            held.update(members[group])
    return held
