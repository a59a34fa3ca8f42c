"""A trained translator that several modules look at: to train and to export it takes long."""

from __future__ import annotations

from pathlib import Path

from seqsuite.cli.main import main
from seqsuite.tasks import find_task

TRANSLATION = find_task("translation")
SOURCES = ["a red house", "the dog", "no", "a dog sees the red dog", "a house"]
TARGETS = ["ein rotes Haus", "der Hund", "nein", "ein Hund sieht den roten Hund", "ein Haus"]


def write_pairs(base: Path) -> list[str]:
    """Write files of pairs below a folder, and return the flags of small runs on them."""
    for split, count in (("train", 12), ("test", 3)):
        for side, texts in (("en", SOURCES), ("de", TARGETS)):
            lines = [f"{texts[i % 5]} {i}" for i in range(count)]
            (base / f"{split}.{side}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    test = f"{base}/test.en,{base}/test.de"
    return ["--data.source=files", f"--data.train={base}/train.en,{base}/train.de",
            f"--data.validation={test}", f"--data.test={test}", "--data.vocabulary_size=50",
            "--model.embedding_size=6", "--training.epochs=1", "--decoding.max_length=6",
            "--decoding.beam_width=2"]  # fmt: skip


def train_and_export(base: Path) -> list[str]:
    """Train in `base`/run, sampled from itself, export to `base`/served; return flags of all."""
    flags = write_pairs(base)
    own = ["--model.units=6", "--model.attention=location", "--training.sampling_schedule=linear",
           f"--run_dir={base}/run", f"--export_dir={base}/served"]  # fmt: skip
    assert main(TRANSLATION, ["train", *flags, *own]) == 0
    return flags
