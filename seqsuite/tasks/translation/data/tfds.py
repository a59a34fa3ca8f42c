"""Sentence pairs of TensorFlow Datasets: ``ted_hrlr_translate``, ``wmt*``, ``para_crawl``, ...

This is ``data.source tfds:<builder>`` for translation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqsuite.data.examples import Examples
from seqsuite.data.tfds_builders import prepared_builder, tfds_module
from seqsuite.errors import UserError
from seqsuite.tasks.translation.config import TranslationDataConfig
from seqsuite.tasks.translation.data.files import examples_of_pairs, language_pair

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


NAME = "tfds"
DESCRIPTION = "tfds:<builder/config>: ted_hrlr_translate/pt_to_en, wmt16_translate/de-en, ..."


def load(split: str, options: TranslationDataConfig) -> Examples | None:
    """Read a split of the builder named in ``options.source``.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section; ``source_language`` and ``target_language`` are features of the
            builder, by default in the direction that it says itself.

    Returns:
        ``source`` and, as labels, translations; None when the builder has no such split.

    Raises:
        UserError: The builder has no features of two languages, or not the wanted ones; it is not
            prepared and not asked to download; or the split is empty.
    """
    name, builder = prepared_builder(options)
    return read(name, builder, split, options)


def read(
    name: str, builder: tfds.core.DatasetBuilder, split: str, options: TranslationDataConfig
) -> Examples | None:
    """Read a split of a prepared builder.

    Args:
        name: The builder's name, for errors.
        builder: Its features are texts named by their languages, or one of its features holds them.
        split: ``train``, ``validation`` or ``test``.
        options: ``source_language`` and ``target_language``.
    """
    where = f"tfds:{name}"
    outer, languages = _languages(where, builder.info.features)
    usual = builder.info.supervised_keys or ()
    default = tuple(key for key in usual if key in languages)[:2]
    if len(default) != 2:
        default = (languages[0], languages[1])
    source, target = language_pair(options, default, languages, where)
    if split not in builder.info.splits:
        return None
    rows = tfds_module().as_numpy(builder.as_dataset(split=split, shuffle_files=False))
    sources, targets = [], []
    for row in rows:
        texts = row if outer is None else row[outer]
        sources.append(texts[source].decode("utf-8", "replace"))
        targets.append(texts[target].decode("utf-8", "replace"))
    return examples_of_pairs(sources, targets, split, where)


def _languages(where: str, features: tfds.features.FeaturesDict) -> tuple[str | None, list[str]]:
    """Return the feature that holds the languages (None: they are features), and the languages."""
    kinds = tfds_module().features

    def texts(feature: tfds.features.FeatureConnector) -> list[str]:
        # By name, since features read back from disk come in no fixed order.
        return sorted(n for n in feature if isinstance(feature[n], kinds.Text) and _is_code(n))

    if len(texts(features)) >= 2:
        return None, texts(features)
    for outer in sorted(features):
        inner = features[outer]
        if isinstance(inner, kinds.FeaturesDict) and len(texts(inner)) >= 2:
            return outer, texts(inner)
    raise UserError(
        f"{where} is no data set of translations: it has features "
        f"{', '.join(list(features)[:12])}, expected a text for each of two languages (en, de). "
        "Choose a builder such as tfds:ted_hrlr_translate/pt_to_en."
    )


def _is_code(name: str) -> bool:
    """Return whether a feature's name is a language's: en, fra, pt_br, zh-cn."""
    language, _, region = name.replace("-", "_").partition("_")
    return len(language) in (2, 3) and language.isalpha() and len(region) <= 4
