"""`predict` of the pos_tagging task: sentences, CoNLL-U or column files in, tags out."""

from __future__ import annotations

import itertools

from seqsuite.client import Client, Item
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
        if inputs.is_file_alone:
            found = files.format_to_tag(inputs.first_line, name, data)
        if not found:
            yield from super().read(inputs)
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
