"""`predict` of the handwriting task: the beginning of a drawing in, the whole drawing out."""

from __future__ import annotations

import math
from pathlib import Path

from seqsuite.client import Client, Item
from seqsuite.config import MAX_INT
from seqsuite.data.inputs import Row
from seqsuite.data.writing import write_text
from seqsuite.errors import UserError
from seqsuite.tasks.handwriting.config import LABELS_FILE
from seqsuite.tasks.handwriting.data.cleaning import examples_of
from seqsuite.tasks.handwriting.data.files import read_lines
from seqsuite.tasks.handwriting.data.ink import points_of_inkml
from seqsuite.tasks.handwriting.pictures import save_png, svg
from seqsuite.tasks.handwriting.strokes import points_of_text

_ENDINGS = (".inkml", ".jsonl", ".ndjson")


class HandwritingClient(Client):
    """Completes drawings: path data, or files of ink; an empty text begins from nothing."""

    input_name = "drawing"

    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument("--points", type=int, default=300, help="points to draw at most")
        parser.add_argument(
            "--bias", type=float, default=0.0, help="0: as varied as the data; larger: neater"
        )
        parser.add_argument("--seed", type=int, default=0, help="random seed")
        parser.add_argument("--drawings", type=int, default=1, help="drawings of each input")
        parser.add_argument("--label", help="label of the drawings (of a model that reads labels)")
        parser.add_argument("--save_to", help="folder for SVG and PNG files of the drawings")

    def read(self, inputs):
        options = self.options
        _check(options)
        settings = {"max_points": options.points, "bias": options.bias}
        if self.config.model.condition_on_label:
            settings["label"] = self._label(options.label)
        elif options.label is not None:
            raise UserError("--label: this model was trained without model.condition_on_label.")
        for row in self._rows(inputs):
            for number in range(options.drawings):
                seed = options.seed + number
                features = {"drawing": row.text, "seed": seed, **settings}
                yield Item(row.text, features, record=row.record)

    def _label(self, label):
        if label is None:
            return ""
        labels = (self.model.extra / LABELS_FILE).read_text(encoding="utf-8").split("\n")
        if label not in labels:
            known = ", ".join(filter(None, labels))
            raise UserError(f"--label {label}: the model has no such label. Labels are {known}.")
        return label

    def _rows(self, inputs):
        is_ink = inputs.name is not None and inputs.name.lower().endswith(_ENDINGS)
        if is_ink:
            inputs.refuse_flags("files of ink")
        words = [Row(word) for word in inputs.words]
        for row in [*words, Row(inputs.name)] if is_ink else inputs.rows(self.column):
            if row.record is None and row.text.lower().endswith(_ENDINGS):
                yield from map(Row, self._read_file(Path(row.text)))
            else:
                points_of_text(row.text)
                yield row

    def _read_file(self, path):
        if not path.is_file():
            raise UserError(f"Input file {path} does not exist.")
        if path.name.lower().endswith(_ENDINGS[0]):
            drawings = [points_of_inkml(path.read_bytes(), str(path))]
        else:
            drawings = [read() for read in read_lines(path)]
        return examples_of(drawings, self.config.data, str(path)).features["drawing"]

    def answer(self, items):
        answers = super().answer(items)
        if self.options.save_to is not None:
            for answer in answers:
                answer["files"] = self._save(answer["completed"])
        return answers

    def _save(self, text):
        folder = Path(self.options.save_to).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        number = 1 + max([int(f.stem) for f in folder.iterdir() if f.stem.isdecimal()], default=0)
        files = [folder / f"{number}{ending}" for ending in (".svg", ".png")]
        write_text(files[0], svg(points_of_text(text)))
        save_png(points_of_text(text), files[1])
        return [str(file) for file in files]

    def _size(self, features):
        return max(super()._size({"drawing": features["drawing"]}), features["max_points"])

    def _line(self, answer, text):
        return answer["completed"] + "".join(f"\t{file}" for file in answer.get("files", ()))


def _check(options):
    ranges = {
        "points": (0, MAX_INT),
        "bias": (0, math.inf),
        "seed": (-MAX_INT - 1, MAX_INT),
        "drawings": (1, 10_000),
    }
    for name, (low, high) in ranges.items():
        value = getattr(options, name)
        if not low <= value <= high:
            bound = f"at least {low}" if math.isinf(high) else f"between {low} and {high}"
            raise UserError(f"--{name} must be {bound}. Received: {value}.")
