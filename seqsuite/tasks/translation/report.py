"""What is shown of translations: scores, those of the baselines, attention, the worst sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.font_manager import FontProperties, findfont, get_font
from sacrebleu.metrics import CHRF

from seqsuite.plotting import blank_figure, save_figure
from seqsuite.tasks.translation.baselines import translation_baselines
from seqsuite.tasks.translation.scores import (
    Reference,
    corpus_bleu,
    references_of,
    translation_scores,
)

# exp overflows beyond; a model that is this unsure knows nothing.
_MOST_NATS = 700.0


def scores(
    predictions: dict[str, Any], references: Sequence[Sequence[str]], language: str
) -> dict[str, float]:
    """Score translations, and how likely the references are.

    Args:
        predictions: From ``TranslationPredictor``.
        references: Of every example.
        language: Of the target.

    Returns:
        All of ``translation_scores`` when the model ran free too, else ``bleu`` alone; and
        perplexities per token.
    """
    known = [tuple(references[index]) for index in predictions["chosen"]]
    translations = list(predictions["translations"])
    final = "log_probabilities_free_running" in predictions
    if final:
        found = translation_scores(translations, known, language)
    else:
        found = {"bleu": corpus_bleu(translations, known, language)}
    found["perplexity"] = _perplexity(predictions, "log_probabilities")
    if final:
        name = "log_probabilities_free_running"
        found["perplexity_free_running"] = _perplexity(predictions, name)
    return found


def baselines(
    sources: Sequence[str],
    translations: Sequence[Reference],
    test_sources: Sequence[str],
    references: Sequence[Reference],
    language: str,
) -> dict[str, dict[str, float]]:
    """Fit the classical translators and score them.

    Args:
        sources: Training sentences.
        translations: A translation of each.
        test_sources: What is to be translated.
        references: Its translations.
        language: Of the target.

    Returns:
        The metrics of each, by its name.
    """
    found = {}
    for model in translation_baselines():
        model.fit(sources, [references_of(label)[0] for label in translations])
        found[model.name] = translation_scores(model.predict(test_sources), references, language)
    return found


def mistakes(
    sources: Sequence[str], translations: Sequence[str], references: Sequence[Reference]
) -> list[dict[str, Any]]:
    """Return translations that are none of the references, the worst by chrF first.

    Args:
        sources: Sentences.
        translations: What the model made of them.
        references: What is right.
    """
    metric, records = CHRF(), []
    for source, text, label in zip(sources, translations, references, strict=True):
        known = references_of(label)
        if text not in known:
            score = metric.sentence_score(text, list(known)).score
            records.append(
                {
                    "chrf": round(score, 2),
                    "source": source,
                    "translation": text,
                    "reference": known[0],
                }
            )
    return sorted(records, key=lambda record: record["chrf"])


def attention_map(
    weights: np.ndarray, pieces: Sequence[str], source_pieces: Sequence[str], path: str | Path
) -> Path:
    """Draw what each piece of a translation was read from.

    Args:
        weights: ``(pieces, source pieces)``.
        pieces: Of the translation.
        source_pieces: Of the source, its end among them.
        path: PNG file to write.

    Returns:
        ``path``.
    """
    width, height = 2.2 + 0.34 * len(source_pieces), 1.6 + 0.28 * max(1, len(pieces))
    figure = blank_figure((width, height))
    axis = figure.subplots()
    # A translation without any piece has nothing to draw.
    shown = weights if len(pieces) else np.zeros((1, len(source_pieces)))
    axis.imshow(shown, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    axis.set_xticks(range(len(source_pieces)), _drawable(source_pieces), rotation=60, ha="right")
    axis.set_yticks(range(len(pieces)), _drawable(pieces))
    axis.set(title="attention", xlabel="source", ylabel="translation")
    return save_figure(figure, path)


def _perplexity(predictions: dict[str, Any], name: str) -> float:
    tokens = max(1, int(predictions["num_tokens"].sum()))
    return math.exp(min(_MOST_NATS, -float(predictions[name].sum()) / tokens))


def _drawable(labels: Sequence[str]) -> list[str]:
    """Return labels without what the font lacks, and with dollars that begin no formula."""
    known = get_font(findfont(FontProperties())).get_charmap()
    return [
        "".join(c if ord(c) in known else "?" for c in label).replace("$", r"\$")
        for label in labels
    ]
