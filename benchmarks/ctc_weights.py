"""Which weight, bonus and beam the search of a finished recogniser wants, on its validation split.

    python benchmarks/ctc_weights.py --run_dir runs/speech_recognition/an4 \
        --weights 0.3 0.6 1.0 1.5 --bonuses 0 1 2 --beam_widths 16 64

The network runs once over the validation utterances, and each setting searches its outputs with the
run's own language model, lexicon and hot words. Prints a Markdown table of word error rates for
each width of the beam, what the network alone is worth, and the flags of the best setting: of equal
ones the narrowest beam, then the least weight and bonus. Test utterances are not looked at.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from seqsuite.cli.parsing import read_run_config
from seqsuite.decoding.ctc import ctc_greedy_search
from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.decoding import build_decoder, language_model
from seqsuite.tasks.speech_recognition.preprocessor import BLANK
from seqsuite.tasks.speech_recognition.scores import error_rates
from seqsuite.tasks.speech_recognition.task import SpeechRecognition
from seqsuite.training import model_runner, runs, splits


def validation_logits(run: runs.Run, limit: int) -> tuple[list[np.ndarray], list[str]]:
    """Return the outputs ``(steps, symbols)`` of validation utterances, and what was said."""
    examples = splits.load_splits(run.task).validation
    if limit:
        # Neighbours may be of one speaker.
        examples = examples.select(range(0, len(examples), -(-len(examples) // limit)))
    encoded = splits.encode(run.preprocessor, examples)
    logits: Any = model_runner.Predictor(run.model)(encoded)["logits"]
    assert isinstance(encoded.targets, dict)
    return list(logits.rows()), list(encoded.targets["references"])


def best_path(row: np.ndarray, preprocessor: Any) -> str:
    """Return what the network alone says in outputs ``(steps, symbols)``."""
    found = ctc_greedy_search(row[None], blank=BLANK)
    return preprocessor.decode(found.ids).numpy()[0].decode("utf-8")


def word_error_rate(decoder: Any, rows: Sequence[np.ndarray], said: Sequence[str]) -> float:
    """Return the word error rate of what a search finds."""
    return error_rates(said, [decoder(row[None])[0][0].text for row in rows])["wer"]


def table(found: dict[tuple, float], width: int, weights: Sequence, bonuses: Sequence) -> str:
    r"""Return the word error rates of one beam width.

    Example:
        >>> print(table({(8, 0.5, 1.0): 0.25}, 8, [0.5], [1.0]))
        | weight \ bonus | 1 |
        | ---: | ---: |
        | 0.5 | 25.00 |
    """
    lines = [
        "| weight \\ bonus | " + " | ".join(f"{bonus:g}" for bonus in bonuses) + " |",
        "| ---: |" + " ---: |" * len(bonuses),
    ]
    for weight in weights:
        cells = [f"{100 * found[width, weight, bonus]:.2f}" for bonus in bonuses]
        lines.append(f"| {weight:g} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Search with every setting and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run_dir", type=Path, required=True, help="a finished run")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.25, 0.5, 1.0, 1.5])
    parser.add_argument("--bonuses", type=float, nargs="+", default=[0.0, 1.0, 2.0])
    parser.add_argument("--beam_widths", type=int, nargs="+", default=[16])
    parser.add_argument("--limit", type=int, default=0, help="utterances at most (0: all)")
    options = parser.parse_args()
    try:
        run = runs.load(
            SpeechRecognition(read_run_config(SpeechRecognition, options.run_dir)), options.run_dir
        )
        settings, preprocessor = run.task.config.decoding, run.preprocessor
        model = language_model(settings, preprocessor.transcripts)
        if model is None:
            raise UserError(f"{options.run_dir} was trained without decoding.language_model.")
        rows, said = validation_logits(run, options.limit)
    except UserError as error:
        raise SystemExit(f"error: {error}") from error
    alone = error_rates(said, [best_path(row, preprocessor) for row in rows])["wer"]
    print(f"{len(said):,} validation utterances; best path: WER {100 * alone:.2f} %")
    found: dict[tuple, float] = {}
    for width in sorted(options.beam_widths):
        started = time.monotonic()
        for weight, bonus in itertools.product(sorted(options.weights), sorted(options.bonuses)):
            changed = dataclasses.replace(settings, weight=weight, bonus=bonus, beam_width=width)
            known = preprocessor.symbols, preprocessor.transcripts, model, preprocessor.spelling
            decoder = build_decoder(changed, *known)
            found[width, weight, bonus] = word_error_rate(decoder, rows, said)
        seconds = (time.monotonic() - started) / len(options.weights) / len(options.bonuses)
        print(f"\nWER in %, beam of {width}, {seconds:.1f} s a search\n")
        print(table(found, width, sorted(options.weights), sorted(options.bonuses)))
    width, weight, bonus = min(found, key=lambda setting: (found[setting], setting))
    print(
        f"\nbest: {100 * found[width, weight, bonus]:.2f} % with --decoding.beam_width {width} "
        f"--decoding.weight {weight:g} --decoding.bonus {bonus:g}"
    )


if __name__ == "__main__":
    main()
