"""What is said of a recogniser: its errors, and pictures of what it heard when."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqsuite.decoding.ctc import ctc_align
from seqsuite.plotting import blank_figure, save_figure
from seqsuite.tasks.speech_recognition.scores import character_confusions, error_rates

if TYPE_CHECKING:
    from seqsuite.data.examples import Examples
    from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor


_CONFUSIONS = 25
_BLANK = 0


def scores(predictions: dict[str, Any], references: np.ndarray) -> dict[str, float]:
    """Return error rates of the transcripts, and of the best paths where a search found others.

    Args:
        predictions: What a ``SpeechPredictor`` returned.
        references: Transcripts, strings ``(utterances,)``.
    """
    found = error_rates(list(references), list(predictions["transcripts"]))
    if predictions["transcripts"] is not predictions["best_paths"]:
        greedy = error_rates(list(references), list(predictions["best_paths"]))
        found |= {f"{name}_best_path": greedy[name] for name in ("wer", "cer", "word_accuracy")}
    return found


def mistakes(
    predictions: dict[str, Any], references: np.ndarray, examples: Examples
) -> list[dict[str, Any]]:
    """Return what was transcribed wrongly as records, the most probable one first.

    Spaces between words count once, as in the scores.

    Args:
        predictions: What a ``SpeechPredictor`` returned.
        references: Transcripts.
        examples: The raw examples, whose recordings may have names.
    """
    names = [getattr(item, "unique_id", "") for item in next(iter(examples.features.values()))]
    rows = zip(names, references, predictions["transcripts"], predictions["scores"], strict=True)
    wrong = [
        {"utterance": name or number, "said": said, "heard": heard, "score": float(score)}
        for number, (name, said, heard, score) in enumerate(rows)
        if said.split() != heard.split()
    ]
    return sorted(wrong, key=lambda record: -record["score"])


def confusion_plot(references: np.ndarray, transcripts: np.ndarray, path: Path) -> Path:
    """Draw which characters were heard in place of which.

    Args:
        references: Transcripts.
        transcripts: What was heard.
        path: The picture.
    """
    counts = character_confusions(list(references), list(transcripts))
    wrong = {pair: count for pair, count in counts.items() if pair[0] != pair[1]}
    most = sorted(wrong.items(), key=lambda item: -item[1])[:_CONFUSIONS]
    figure = blank_figure((6.0, max(2.5, 0.28 * len(most))))
    axis = figure.subplots()
    labels = [f"{_shown(said)} → {_shown(heard)}" for (said, heard), _ in most]
    axis.barh(range(len(most)), [count for _, count in most])
    axis.set_yticks(range(len(most)), labels)
    axis.invert_yaxis()
    axis.set(title="characters said → heard (∅: nothing)", xlabel="times")
    return save_figure(figure, path)


def _shown(character: str) -> str:
    return {"": "∅", " ": "␣"}.get(character, character)


def alignment_plot(
    outputs: dict[str, Any], said: str, preprocessor: SpeechPreprocessor, path: Path
) -> Path:
    """Draw an utterance's frames, and over them when each symbol and word was heard.

    Args:
        outputs: What a ``SpeechPredictor`` returned of one utterance: ``frames`` and
            ``log_probabilities``.
        said: Its transcript.
        preprocessor: The preprocessor.
        path: The picture.
    """
    spoken = _heard(outputs["log_probabilities"], preprocessor)
    heard = outputs["best_paths"][outputs["shown"]]
    seconds = preprocessor.step_seconds
    frames = outputs["frames"].T
    length = frames.shape[1] * preprocessor.step_seconds / preprocessor.stride
    figure = blank_figure((10.0, 4.5))
    axis = figure.subplots()
    extent = (0, length, 0, len(frames))
    axis.imshow(frames, origin="lower", aspect="auto", cmap="magma", extent=extent)
    # Dollar signs would begin a formula.
    for height, timed in zip((0.92, 0.03), spoken, strict=True):
        for text, start, end in timed:
            start, end = start * seconds, end * seconds
            axis.axvspan(start, end, color="white", alpha=0.12)
            place = (start + end) / 2, height * len(frames)
            axis.text(*place, text, color="white", ha="center", parse_math=False)
    axis.set_title(f"said: {said}\nheard: {heard}", parse_math=False)
    axis.set(xlabel="seconds", ylabel="feature")
    return save_figure(figure, path)


def _heard(
    log_probabilities: np.ndarray, preprocessor: SpeechPreprocessor
) -> tuple[list[tuple], list[tuple]]:
    """Return symbols, and words that are more, each with its first step and that after its last."""
    best = np.argmax(log_probabilities, axis=1)
    before = np.append(_BLANK, best[:-1])
    ids = best[(best != _BLANK) & (best != before)].tolist()
    if not ids:
        return [], []
    found = ctc_align(np.asarray(log_probabilities, np.float64), ids)
    space = preprocessor.symbols.index(" ") if " " in preprocessor.symbols else -1
    words = [
        list(group)
        for is_space, group in itertools.groupby(
            zip(ids, found.starts, found.ends, strict=True), key=lambda one: one[0] == space
        )
        if not is_space
    ]
    symbols = [(preprocessor.symbols[one], *times) for word in words for one, *times in word]
    joined = []
    for word in words:
        spelled = [one for one, *_ in word]
        text = preprocessor.decode(np.array([spelled]))[0].numpy().decode("utf-8")
        if text != preprocessor.symbols[spelled[0]]:
            joined.append((text, word[0][1], word[-1][2]))
    return symbols, joined
