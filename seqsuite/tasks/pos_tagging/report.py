"""What is shown of a tagger's answers beside its scores: plots, and the worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqsuite import plotting
from seqsuite.data.batching import RaggedColumn
from seqsuite.tasks.pos_tagging.baselines import tag_baselines
from seqsuite.tasks.pos_tagging.scores import tag_scores

Sentences = Sequence[Sequence[str]]


def plots(
    directory: Path,
    answers: Sentences,
    references: Sentences,
    confidence: RaggedColumn,
    names: Sequence[str],
) -> list[Path]:
    """Draw confusions, reliability, and accuracy by length of the sentence.

    Args:
        directory: Where the files go.
        answers: Answered tags of each sentence.
        references: True tags.
        confidence: Probability of each answer.
        names: What can be answered, and may repeat; other true tags stand after it.

    Returns:
        The files.
    """
    true, answered = ([tag for row in tags for tag in row] for tags in (references, answers))
    ids = {tag: index for index, tag in enumerate(dict.fromkeys([*names, *sorted(set(true))]))}
    truth, answer = (np.array([ids[tag] for tag in tags], int) for tags in (true, answered))
    right = answer == truth
    lengths = [len(row) for row in references for _ in row]
    return [
        plotting.confusion_matrix(truth, answer, list(ids), directory / "confusion_matrix.png"),
        plotting.reliability_diagram(
            {"tags": confidence.values}, right, directory / "reliability_diagram.png"
        ),
        plotting.length_accuracy(lengths, right, directory / "length_accuracy.png"),
    ]


def baselines(
    sentences: Sentences,
    test_sentences: Sentences,
    tags: Sentences,
    references: Sentences,
    known: Sequence[np.ndarray],
    entities: bool,
) -> dict[str, dict[str, float]]:
    """Train classical taggers and score them.

    Args:
        sentences: Words of each training sentence.
        test_sentences: Words of each sentence to be tagged.
        tags: Tags of the training sentences.
        references: True tags of the others.
        known: Whether training held each of their words, as for :func:`tag_scores`.
        entities: Tags are spans (BIO).

    Returns:
        The metrics of each, by its name.
    """
    results = {}
    for model in tag_baselines():
        model.fit(sentences, tags)
        answers = model.predict(test_sentences)
        results[model.name] = tag_scores(answers, references, known, entities)
    return results


def mistakes(
    sentences: Sentences,
    answers: Sentences,
    references: Sentences,
    confidence: RaggedColumn,
) -> list[dict[str, Any]]:
    """Return sentences with wrong tags as JSON records, most confident errors first.

    Args:
        sentences: Words of each sentence.
        answers: Answered tags.
        references: True tags.
        confidence: Probability of each answer.
    """
    records = []
    for index, words in enumerate(sentences):
        triples = zip(words, answers[index], references[index], strict=True)
        found = [(i, *triple) for i, triple in enumerate(triples) if triple[1] != triple[2]]
        if found:
            surest = max(confidence.row(index)[i] for i, *_ in found)
            records.append(
                {
                    "probability": round(float(surest), 4),
                    "wrong": [f"{word}: {tag}, not {true}" for _, word, tag, true in found],
                    "sentence": " ".join(words),
                }
            )
    return sorted(records, key=lambda record: -record["probability"])
