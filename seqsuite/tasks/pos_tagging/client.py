"""`predict` of the pos_tagging task: sentences, CoNLL-U or column files in, tags out."""

from __future__ import annotations

import itertools

from seqsuite.client import Client, Item
from seqsuite.errors import UserError
from seqsuite.tasks.pos_tagging.data import files
from seqsuite.text.terminal import tagged


class PosTaggingClient(Client):
    """Tags sentences, and the words of files, which it writes back."""

    input_name = "sentence"
    formats = (*Client.formats, "conllu", "columns")

    def __init__(self, model, config, options):
        super().__init__(model, config, options)
        self.sentence_ids = itertools.count(1)

    def read(self, inputs):
        data, name, found = self.config.data, inputs.name, ""
        if inputs.input_format in ("conllu", "columns"):
            if inputs.words:
                raise UserError(
                    "Sentences beside a file of columns cannot be tagged: leave one out."
                )
            found = inputs.input_format
        elif inputs.is_file_alone:
            lines = [] if inputs.is_pipe else list(itertools.islice(inputs.lines(), 200))
            found = files.format_to_tag(inputs.first_line, name, data, lines)
        if not found:
            for row in inputs.rows(self.input_name, lists=True):
                features = {self.input_name: row.text}
                if not isinstance(row.text, str):
                    features = {"tokens": row.text, "length": len(row.text)}
                text = row.text if isinstance(row.text, str) else " ".join(row.text)
                yield Item(text, features, record=row.record)
            return
        where = None if inputs.is_pipe else name
        sentences = inputs.parsed(lambda lines: files.sentences_to_tag(lines, where, found, data))
        for sentence in sentences:
            tokens = list(sentence.tokens)
            features = {"tokens": tokens, "length": len(tokens)}
            yield Item(" ".join(tokens), features, sentence, found)

    def format(self, item, answer, output_format):
        if output_format not in ("conllu", "columns"):
            return super().format(item, answer, output_format)
        tokens, tags, data = answer["tokens"], answer["tags"], self.config.data
        number = next(self.sentence_ids)
        return files.written(item.text, tokens, tags, output_format, data, item.origin, number)

    def _unpadded(self, row):
        length = row["length"]
        return {k: v[:length] if isinstance(v, list) else v for k, v in row.items()}

    def _line(self, answer, text):
        return tagged(answer["tokens"], answer["tags"], self._color)
