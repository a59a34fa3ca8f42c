"""`predict` of the music task: the beginning of a piece in, what follows out."""

from __future__ import annotations

import math
from pathlib import Path

from seqsuite.client import Client, Item
from seqsuite.config import MAX_INT
from seqsuite.data.inputs import Row
from seqsuite.errors import UserError
from seqsuite.tasks.music.midi import read_midi
from seqsuite.tasks.music.notes import roll_of_text, text_of_roll
from seqsuite.tasks.music.pictures import save_piece

_ENDINGS = (".mid", ".midi")
_TEMPO = 100.0


class MusicClient(Client):
    """Continues pieces: texts of notes, or MIDI files; an empty text begins from nothing."""

    input_name = "notes"

    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument("--steps", type=int, default=64, help="steps to generate")
        parser.add_argument(
            "--temperature", type=float, default=1.0, help="0: always the likelier value of a key"
        )
        parser.add_argument("--seed", type=int, default=0, help="random seed")
        parser.add_argument(
            "--save_to", help="folder for MIDI files, sound and pictures of the whole pieces"
        )
        parser.add_argument(
            "--tempo", type=float, help="quarter notes a minute, of --save_to (default: 100)"
        )

    def read(self, inputs):
        options = self.options
        _check(options)
        settings = {name: getattr(options, name) for name in ("steps", "temperature", "seed")}
        rows = inputs.rows(self.column)
        if inputs.name is not None and inputs.name.lower().endswith(_ENDINGS):
            inputs.refuse_flags("MIDI files")
            rows = [Row(word) for word in [*inputs.words, inputs.name]]
        for row in rows:
            text = self._text(row.text)
            yield Item(text, {"notes": text, **settings}, record=row.record)

    def _text(self, word):
        if not word.lower().endswith(_ENDINGS):
            return text_of_roll(roll_of_text(word))
        if not Path(word).is_file():
            raise UserError(f"Input file {word} does not exist.")
        steps = self.config.data.steps_per_beat
        return text_of_roll(read_midi(Path(word).read_bytes(), steps, word))

    def answer(self, items):
        answers = super().answer(items)
        if self.options.save_to is not None:
            for item, answer in zip(items, answers, strict=True):
                answer["files"] = self._save(f"{item.text} {answer['notes']}")
        return answers

    def _save(self, text):
        folder = Path(self.options.save_to).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        number = 1 + max([int(f.stem) for f in folder.iterdir() if f.stem.isdecimal()], default=0)
        steps, tempo = self.config.data.steps_per_beat, self.options.tempo or _TEMPO
        return [str(f) for f in save_piece(roll_of_text(text), steps, tempo, folder / str(number))]

    def _size(self, features):
        return max(super()._size(features), features["steps"])

    def _line(self, answer, text):
        files = "".join(f"\t{file}" for file in answer.get("files", ()))
        return f"{text} {answer['notes']}".strip() + files


def _check(options):
    ranges = {
        "steps": (0, MAX_INT),
        "temperature": (0, math.inf),
        "seed": (-MAX_INT - 1, MAX_INT),
    }
    if options.tempo is not None:
        ranges["tempo"] = (1, 1000)
        if options.save_to is None:
            raise UserError("--tempo is of files: add --save_to FOLDER, or leave it out.")
    if options.temperature == 0 and options.seed:
        raise UserError("--seed is of drawing: leave it out with --temperature 0.")
    for name, (low, high) in ranges.items():
        value = getattr(options, name)
        if not low <= value <= high:
            bound = f"at least {low}" if math.isinf(high) else f"between {low} and {high}"
            raise UserError(f"--{name} must be {bound}. Received: {value}.")
