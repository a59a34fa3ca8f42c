"""Running texts of TensorFlow Datasets, such as ``tiny_shakespeare``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from seqsuite.data.examples import Examples
from seqsuite.data.tfds_builders import prepared_builder, tfds_module
from seqsuite.errors import UserError
from seqsuite.tasks.char_lm.config import CharLmDataConfig
from seqsuite.tasks.char_lm.data.text import contiguous_split, text_of_bytes

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


NAME = "tfds"
DESCRIPTION = "tfds:<builder[/config]>: any builder of TensorFlow Datasets that fits the task"


def load(split: str, options: CharLmDataConfig) -> Examples | None:
    """Read a split of the builder named in ``options.source``.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section.

    Returns:
        What :func:`read` returns.

    Raises:
        UserError: Unknown builder, no usable features, or not prepared and not asked to download.
    """
    return read(*prepared_builder(options), split, options)


def read(
    name: str, builder: tfds.core.DatasetBuilder, split: str, options: CharLmDataConfig
) -> Examples | None:
    """Read a split of a prepared builder; one that it lacks is cut from its training split.

    The splits of ``tiny_shakespeare`` are not the usual ones: TensorFlow Datasets calls the first
    half of the last tenth validation and the second half test.

    Args:
        name: The builder's name, for errors.
        builder: One of its features is text.
        split: ``train``, ``validation`` or ``test``.
        options: ``validation_fraction``, ``unit``, and ``text_column`` where a task has that.

    Returns:
        ``text``: one string per example; None when there is nothing to cut the split from.

    Raises:
        UserError: The builder has no text, or too little.
    """
    feature = _text_feature(name, builder.info.features, getattr(options, "text_column", "text"))
    present = set(builder.info.splits)
    if not present & {split, "train"}:
        return None
    unit = getattr(options, "unit", "character")

    def documents(which: str) -> list[str]:
        rows = builder.as_dataset(split=which, shuffle_files=False)
        return [text_of_bytes(r[feature], unit) for r in tfds_module().as_numpy(rows)]

    return contiguous_split(split, options, documents, present, f"tfds:{name}")


def _text_feature(name: str, features: tfds.features.FeaturesDict, wanted: str) -> str:
    text = tfds_module().features.Text
    found = sorted(feature for feature in features if isinstance(features[feature], text))
    if wanted in found:
        return wanted
    if not found:
        raise UserError(
            f"tfds:{name} has no text feature, only {', '.join(list(features)[:12])}. Choose a "
            "builder of texts, such as tfds:tiny_shakespeare."
        )
    if len(found) > 1:
        print(
            f"note: tfds:{name} has text features {', '.join(found)}; {found[0]} is used",
            file=sys.stderr,
        )
    return found[0]
