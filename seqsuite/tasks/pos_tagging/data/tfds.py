"""Tagged sentences of TensorFlow Datasets: treebanks, ``conll2003``, ``wikiann`` and the like."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from seqsuite.data.examples import Examples
from seqsuite.data.tfds_builders import prepared_builder, tfds_module
from seqsuite.errors import UserError
from seqsuite.tasks.pos_tagging.config import PosTaggingDataConfig
from seqsuite.tasks.pos_tagging.data.sentences import TaggedSentence, build_examples

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


NAME = "tfds"
DESCRIPTION = "tfds:<builder[/config]>: any builder of TensorFlow Datasets that fits the task"

# What builders call the tags of a kind, the most telling name first. The two part-of-speech tag
# sets of conll2003 and its relatives are those that treebanks call XPOS.
_NAMES = {
    "upos": ("upos", "upos_tags"),
    "ner": ("ner", "ner_tags", "tags"),
    "xpos": ("xpos", "pos", "pos_tags"),
}
_SPLITS = {"validation": ("validation", "dev", "valid")}
_EMPTY = "_"


def load(split: str, options: PosTaggingDataConfig) -> Examples | None:
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
    name: str, builder: tfds.core.DatasetBuilder, split: str, options: PosTaggingDataConfig
) -> Examples | None:
    """Read a split of a prepared builder.

    Args:
        name: The builder's name, for errors.
        builder: Its features hold ``tokens`` and a sequence of tags.
        split: ``train``, ``validation`` (which some builders call ``dev``) or ``test``.
        options: ``tag_column``: ``auto`` takes ``upos``, else ``ner``, else ``xpos``, and ``ner``
            first where ``scheme`` says that tags are spans.

    Returns:
        ``tokens``, tags as labels, and ``xpos`` and ``morphology`` when the builder has them; None
        when it has no such split, or hides its tags.

    Raises:
        UserError: The builder has no such features.
    """
    features = builder.info.features
    wanted = getattr(options, "tag_column", "auto")
    spans = getattr(options, "scheme", "none") != "none"
    column = _tag_feature(name, features, wanted, spans)
    found = [s for s in _SPLITS.get(split, (split,)) if s in builder.info.splits]
    if not found:
        return None
    rows = tfds_module().as_numpy(builder.as_dataset(split=found[0], shuffle_files=False))
    names = {"xpos": "xpos", "morphology": "feats"}
    names = {n: c for n, c in names.items() if c in features and c != column}
    sentences = []
    for row in rows:
        words = _words(row)
        tags = _values(features[column], row[column], words)
        if None in tags:
            return None
        columns = {n: _values(features[c], row[c], words) for n, c in names.items()}
        if "morphology" in columns:
            columns["morphology"] = tuple(map(_morphology, columns["morphology"]))
        tokens = tuple(row["tokens"][i].decode("utf-8", "replace") for i in words)
        sentences.append(TaggedSentence(tokens, tags, columns))
    return build_examples(_filled(sentences, list(names)), f"tfds:{name}")


def _tag_feature(name: str, features: tfds.features.FeaturesDict, wanted: str, spans: bool) -> str:
    kinds = list(_NAMES) if wanted == "auto" else [wanted]
    # The sort keeps the order of the others.
    kinds = sorted(kinds, key=lambda kind: spans and kind != "ner")
    candidates = [c for kind in kinds for c in _NAMES[kind]]
    found = [c for c in candidates if c in features and _is_sequence(features[c])]
    if "tokens" not in features or not found:
        raise UserError(
            f"tfds:{name} is no data set of tagged sentences for --data.tag_column {wanted}: it "
            f"has features {', '.join(list(features)[:12])}, expected tokens and one of "
            f"{', '.join(candidates)}."
        )
    return found[0]


def _is_sequence(feature: tfds.features.FeatureConnector) -> bool:
    return hasattr(feature, "feature")


def _words(row: dict[str, Any]) -> list[int]:
    """Return which entries of a row are words.

    Rows of treebanks also hold multiword tokens and empty nodes, which have no head.
    """
    every = range(len(row["tokens"]))
    headed = [i for i in every if "head" in row and row["head"][i] not in (b"None", b"_")]
    return headed or list(every)


def _values(
    feature: tfds.features.FeatureConnector, values: Any, words: list[int]
) -> tuple[Any, ...]:
    """Return the values at the words as text; None stands for a hidden one."""
    names = getattr(feature.feature, "names", None)
    if names:
        return tuple(names[int(values[i])] if values[i] >= 0 else None for i in words)
    texts = (values[i] for i in words)
    texts = (t.decode("utf-8", "replace") if isinstance(t, bytes) else str(t) for t in texts)
    # Builders write Python's None where the treebank has no value.
    return tuple(_EMPTY if text in ("None", "") else text for text in texts)


def _morphology(value: str) -> str:
    """Return features as a treebank writes them; builders hold them as a printed dictionary.

    Example:
        >>> _morphology("{'Number': 'Sing', 'Person': '3'}")
        'Number=Sing|Person=3'
    """
    if not value.startswith("{"):
        return value
    try:
        pairs = ast.literal_eval(value).items()
    except (ValueError, SyntaxError, AttributeError):
        return value
    return "|".join(f"{key}={item}" for key, item in pairs) or _EMPTY


def _filled(sentences: list[TaggedSentence], names: list[str]) -> list[TaggedSentence]:
    """Leave out columns in which no word has a value, as the reader of CoNLL-U does."""
    kept = [n for n in names if any(set(s.columns[n]) - {_EMPTY} for s in sentences)]
    return [TaggedSentence(s.tokens, s.tags, {n: s.columns[n] for n in kept}) for s in sentences]
