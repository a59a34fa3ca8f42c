"""`predict` of the char_lm task: a prompt in, the text that follows out."""

from __future__ import annotations

import math
from dataclasses import replace

from seqsuite.client import Client
from seqsuite.config import MAX_INT
from seqsuite.errors import UserError


class CharLmClient(Client):
    """Continues prompts; as text, character by character."""

    input_name = "prompt"

    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument("--length", type=int, default=500, help="characters to generate")
        parser.add_argument(
            "--temperature", type=float, default=0.8, help="0: always the most likely character"
        )
        parser.add_argument(
            "--top_k", type=int, default=0, help="sample from the k most likely (0: no limit)"
        )
        parser.add_argument(
            "--top_p", type=float, default=1.0, help="sample from the most likely of this total"
        )
        parser.add_argument("--seed", type=int, default=0, help="random seed")

    def read(self, inputs):
        names = ("length", "temperature", "top_k", "top_p", "seed")
        settings = {name: getattr(self.options, name) for name in names}
        _check(settings)
        for item in super().read(inputs):
            yield replace(item, features=item.features | settings)

    def stream(self, item):
        from seqsuite.tasks.char_lm.character_stream import written

        yield item.text
        signature, longest = self.model.signatures["step"], self.config.serving.max_length
        yield from written(self.model, self.model.extra, item.features, signature, longest)

    def _size(self, features):
        return max(super()._size(features), features["length"])

    def _line(self, answer, text):
        return f"{text}{answer['text']}"


def _check(settings):
    ranges = {
        "length": (0, MAX_INT),
        "temperature": (0, math.inf),
        "top_k": (0, MAX_INT),
        "seed": (-MAX_INT - 1, MAX_INT),
    }
    for name, (low, high) in ranges.items():
        value = settings[name]
        if not low <= value <= high:
            bound = f"at least {low}" if math.isinf(high) else f"between {low} and {high}"
            raise UserError(f"--{name} must be {bound}. Received: {value}.")
    drawn = {"top_k": 0, "top_p": 1.0, "seed": 0}
    if settings["temperature"] == 0 and any(settings[name] != drawn[name] for name in drawn):
        raise UserError(
            "--top_k, --top_p and --seed are of drawing, and --temperature 0 always takes the most "
            "likely character: leave them out, or raise --temperature."
        )
    if not 0 < settings["top_p"] <= 1:
        raise UserError(f"--top_p must be in (0, 1]. Received: {settings['top_p']}.")
