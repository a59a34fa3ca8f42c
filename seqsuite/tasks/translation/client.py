"""`predict` of the translation task: a sentence in, its translation out."""

from __future__ import annotations

from seqsuite.client import Client


class TranslationClient(Client):
    """Translates sentences."""

    input_name = "source"

    @property
    def column(self):
        return self.config.data.source_column

    def _unpadded(self, row):
        found = row["num_alternatives"]
        said = sum(place >= 0 for place in row["alignment"])
        read = sum(piece != "" for piece in row["source_pieces"])
        sizes = {"alternatives": found, "alternative_scores": found, "source_pieces": read}
        sizes |= {"pieces": said, "alignment": said}
        return {k: v[: sizes[k]] if k in sizes else v for k, v in row.items()}

    def _line(self, answer, text):
        return answer["translation"]
