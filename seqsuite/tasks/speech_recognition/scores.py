"""Error rates of transcripts, by jiwer, and which characters are taken for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import jiwer
import numpy as np


def error_rates(references: Sequence[str], hypotheses: Sequence[str]) -> dict[str, float]:
    """Score transcripts against what was said; case and punctuation count.

    Errors are those of the alignments with the fewest, and are summed over all utterances before
    they are divided by the length of all references. Spaces separate words, however many there are.

    Args:
        references: What was said.
        hypotheses: What was heard.

    Returns:
        ``wer`` and ``cer``, errors a reference word and a reference character (spaces between words
        are characters too), which exceed 1 when more is inserted than was said; where nothing at
        all was said, they are the number of insertions. ``word_accuracy``, the share of reference
        words that were heard, which unlike ``1 - wer`` is never negative, since insertions do not
        count (where nothing was said, 1 if nothing was heard and else 0). ``insertions``,
        ``deletions`` and ``substitutions`` of words, and ``words`` in the references.

    Raises:
        ValueError: There are not as many hypotheses as references.

    Example:
        >>> scores = error_rates(["one two", "three"], ["one to", "three four"])
        >>> round(scores["wer"], 3), round(scores["word_accuracy"], 3), scores["insertions"]
        (0.667, 0.667, 1)

    Reference:
        Morris et al., "From WER and RIL to MER and WIL: improved evaluation measures for connected
        speech recognition", 2004, https://doi.org/10.21437/Interspeech.2004-668
    """
    said, heard = _normalized(references, hypotheses)
    words = jiwer.process_words(said, heard)
    characters = jiwer.process_characters(said, heard)
    num_words = words.hits + words.substitutions + words.deletions
    return {
        "wer": float(words.wer),
        "cer": float(characters.cer),
        "word_accuracy": words.hits / num_words if num_words else float(not words.insertions),
        "insertions": words.insertions,
        "deletions": words.deletions,
        "substitutions": words.substitutions,
        "words": num_words,
    }


def utterance_errors(references: Sequence[str], hypotheses: Sequence[str]) -> np.ndarray:
    """Count the word errors of each utterance, for intervals and for finding the worst.

    Args:
        references: What was said.
        hypotheses: What was heard.

    Returns:
        int ``(utterances, 2)``: errors, and words of the reference.

    Raises:
        ValueError: There are not as many hypotheses as references.

    Example:
        >>> utterance_errors(["one two", "three"], ["one to", "three"]).tolist()
        [[1, 2], [0, 1]]
    """
    said, heard = _normalized(references, hypotheses)
    aligned = jiwer.process_words(said, heard).alignments if said else []
    errors = [
        sum(_length(chunk) for chunk in chunks if chunk.type != "equal") for chunks in aligned
    ]
    return np.array([errors, [len(text.split()) for text in said]], int).T


def character_confusions(
    references: Sequence[str], hypotheses: Sequence[str]
) -> Counter[tuple[str, str]]:
    """Count what each character was heard as, in alignments with the fewest errors.

    Args:
        references: What was said.
        hypotheses: What was heard.

    Returns:
        (said, heard) -> how often. What was heard right is counted too; ``""`` stands for nothing:
        said ``""`` is an insertion, heard ``""`` a deletion.

    Raises:
        ValueError: There are not as many hypotheses as references.

    Example:
        >>> sorted(character_confusions(["one"], ["on"]).items())
        [(('e', ''), 1), (('n', 'n'), 1), (('o', 'o'), 1)]
    """
    said, heard = _normalized(references, hypotheses)
    counts: Counter[tuple[str, str]] = Counter()
    if not said:
        return counts
    aligned = jiwer.process_characters(said, heard).alignments
    for reference, hypothesis, chunks in zip(said, heard, aligned, strict=True):
        for chunk in chunks:
            before = reference[chunk.ref_start_idx : chunk.ref_end_idx]
            after = hypothesis[chunk.hyp_start_idx : chunk.hyp_end_idx]
            # One of them is empty, or both are of one length.
            missing = [""] * _length(chunk)
            counts.update(zip(before or missing, after or missing, strict=True))
    return counts


def _length(chunk: jiwer.AlignmentChunk) -> int:
    return max(chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx)


def _normalized(
    references: Sequence[str], hypotheses: Sequence[str]
) -> tuple[list[str], list[str]]:
    if len(references) != len(hypotheses):
        raise ValueError(
            "Arguments `references` and `hypotheses` must be of one length. Received: "
            f"{len(references)} and {len(hypotheses)}"
        )
    said, heard = ([" ".join(text.split()) for text in part] for part in (references, hypotheses))
    return said, heard
