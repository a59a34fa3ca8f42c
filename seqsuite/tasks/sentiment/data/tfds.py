"""Texts and labels of TensorFlow Datasets, as ``tfds:<builder[/config]>``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from seqsuite.data.examples import Examples
from seqsuite.data.tfds_builders import prepared_builder, tfds_module
from seqsuite.errors import UserError
from seqsuite.tasks.sentiment.config import SentimentDataConfig

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

if TYPE_CHECKING:
    pass

NAME = "tfds"
DESCRIPTION = "tfds:<builder[/config]>: any builder of TensorFlow Datasets that fits the task"


def load(split: str, options: SentimentDataConfig) -> Examples | None:
    """Read a split of the builder named in ``options.source``.

    The features that ``text_column`` and ``label_column`` name are used; where they name none, the
    text feature and the class-label feature (a sequence of class labels when ``label_separator`` is
    set). Of several the first by name is used, which is said on standard error.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section.

    Returns:
        Texts and label names, or None when the builder has no such split.

    Raises:
        UserError: Unknown builder, no usable features, or not prepared and not asked to download.
    """
    name, builder = prepared_builder(options)
    if split not in builder.info.splits:
        return None
    features = builder.info.features
    text = _feature(name, features, options.text_column, _is_text, "text", "text_column")
    is_label = _is_class_label if options.label_separator is None else _has_class_labels
    label = _feature(name, features, options.label_column, is_label, "class-label", "label_column")
    rows = list(tfds_module().as_numpy(builder.as_dataset(split=split, shuffle_files=False)))
    texts = [row[text].decode("utf-8", errors="replace") for row in rows]
    labels = [_label_names(features[label], row[label]) for row in rows]
    if any(None in found for found in labels):
        # Benchmarks such as GLUE hide the labels of their test split behind -1.
        return None
    if options.label_separator is None:
        if any(len(found) != 1 for found in labels):
            raise UserError(
                f"tfds:{name}: feature {label!r} holds several labels a text. "
                "Add --data.label_separator ';' to learn all of them."
            )
        return Examples({"text": texts}, [found[0] for found in labels])
    return Examples({"text": texts}, [tuple(sorted(set(found))) for found in labels])


def _feature(
    name: str,
    features: tfds.features.FeaturesDict,
    wanted: str,
    fits: Callable[[Any], bool],
    what: str,
    flag: str,
) -> str:
    # By name, since features read back from disk come in no fixed order.
    found = sorted(feature for feature in features if fits(features[feature]))
    # A number or a string may serve as label too, when it is asked for by name.
    if wanted in found or (wanted in features and flag == "label_column"):
        return wanted
    if not found:
        raise UserError(
            f"tfds:{name} has no {what} feature, only {', '.join(list(features)[:12])}. "
            f"If one of these can serve, name it with --data.{flag}."
        )
    if len(found) > 1:
        print(
            f"note: tfds:{name} has {what} features {', '.join(found)}; {found[0]} is used "
            f"(--data.{flag} names another)",
            file=sys.stderr,
        )
    return found[0]


def _is_text(feature: tfds.features.FeatureConnector) -> bool:
    return isinstance(feature, tfds_module().features.Text)


def _is_class_label(feature: tfds.features.FeatureConnector) -> bool:
    return isinstance(feature, tfds_module().features.ClassLabel)


def _has_class_labels(feature: tfds.features.FeatureConnector) -> bool:
    return _is_class_label(getattr(feature, "feature", feature))


def _label_names(feature: tfds.features.FeatureConnector, value: Any) -> list[str | None]:
    """Return the names of an example's labels; None stands for a hidden one."""
    names = getattr(getattr(feature, "feature", feature), "names", None)
    values = [value] if getattr(value, "ndim", 0) == 0 else list(value)
    if names:
        return [names[int(v)] if v >= 0 else None for v in values]
    return [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values]
