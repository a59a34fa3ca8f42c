"""How many recordings of a speaker blind equalisation wants, of a run with ``data.equalize``.

    python benchmarks/equalization.py --run_dir runs/speech_recognition/fsdd_new_speaker

Test recordings of each speaker are heard in groups of so many, as a served model hears those of one
request; each group has a filter of its own. The recordings are the same in every row, so only the
filters differ. Prints a Markdown table of word accuracies, of the search and of the best path.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import random
from collections import defaultdict
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from seqsuite.cli.parsing import read_run_config
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.task import SpeechRecognition
from seqsuite.training import runs


def grouped(examples: Examples, size: int, seed: int = 0) -> Examples:
    """Return utterances whose speakers are groups of one speaker's recordings, drawn at random.

    Args:
        examples: Utterances with named speakers.
        size: Recordings of a group at most; 0: all of a speaker.
        seed: Of the draw.
    """
    audio = list(examples.features["audio"])
    places = defaultdict(list)
    for index, waveform in enumerate(audio):
        places[waveform.speaker].append(index)
    generator = random.Random(seed)
    for speaker, indices in places.items():
        generator.shuffle(indices)
        for place, index in enumerate(indices):
            group = f"{speaker} {place // size}" if size else speaker
            audio[index] = dataclasses.replace(audio[index], speaker=group)
    return dataclasses.replace(examples, features={**examples.features, "audio": audio})


def main() -> None:
    """Evaluate the run with groups of every size and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run_dir", type=Path, required=True, help="a finished run")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 3, 10, 30, 100, 0])
    options = parser.parse_args()
    try:
        task = SpeechRecognition(read_run_config(SpeechRecognition, options.run_dir))
        run = runs.load(task, options.run_dir)
    except UserError as error:
        parser.error(str(error))
    if not task.config.data.equalize:
        parser.error(f"{options.run_dir} was trained without data.equalize.")
    test = task.load_examples("test")
    predict = task.build_predictor(run.preprocessor, run.model, final=True)
    print(
        "| recordings heard together | word accuracy | of the best path |\n| ---: | ---: | ---: |"
    )
    for size in options.sizes:
        encoded = run.preprocessor.encode(grouped(test, size))
        scores = task.score(predict(encoded), encoded.targets, run.preprocessor)
        best = scores.get("word_accuracy_best_path", scores["word_accuracy"])
        print(f"| {size or 'all'} | {100 * scores['word_accuracy']:.2f} | {100 * best:.2f} |")


if __name__ == "__main__":
    main()
