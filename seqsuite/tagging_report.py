"""What is shown of a tagger's answers beside its scores: plots, and the worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqsuite import plotting
from seqsuite.pipeline import RaggedColumn


def plots(
    directory: Path,
    answers: RaggedColumn,
    references: RaggedColumn,
    confidence: RaggedColumn,
    names: Sequence[str],
) -> list[Path]:
    """Draw confusions, reliability, and accuracy by length of the sentence.

    Args:
        directory: Where the files go.
        answers: Tag ids.
        references: True tag ids; one after the last name stands for all that training never saw.
        confidence: Probability of each answer.
        names: Names of the tags.

    Returns:
        The files.
    """
    truth, right = references.values, answers.values == references.values
    shown = [*names, "(unseen)"] if truth.max(initial=0) >= len(names) else list(names)
    lengths = [len(row) for row in references.rows() for _ in row]
    return [
        plotting.confusion_matrix(truth, answers.values, shown, directory / "confusion_matrix.png"),
        plotting.reliability_diagram(
            {"tags": confidence.values}, right, directory / "reliability_diagram.png"
        ),
        plotting.length_accuracy(lengths, right, directory / "length_accuracy.png"),
    ]


def mistakes(
    sentences: Sequence[Sequence[str]],
    answers: Sequence[Sequence[str]],
    references: Sequence[Sequence[str]],
    confidence: RaggedColumn,
) -> list[dict[str, Any]]:
    """Return sentences with wrong tags as JSON records, the surest mistake first.

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
