"""Part-of-speech tags and named entities: a sentence in, a tag for each of its words out.

Each word is its embedding, its characters (Ma and Hovy 2016), its prefixes, suffixes and shape; a
bidirectional recurrent stack reads the sentence (Plank et al. 2016), and a softmax or a
linear-chain CRF (Lample et al. 2016) tags it. Further columns of tags (language-specific tags,
morphology) are learned along as auxiliary targets. Named entities are the same task with
``data.scheme`` set.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from typing import Any, Literal

from seqsuite import datasets, explanation
from seqsuite.config import DataConfig, TrainingConfig, check_ranges
from seqsuite.errors import UserError
from seqsuite.task import Item, Task


@dataclass(frozen=True)
class PosTaggingDataConfig(DataConfig):
    """Where tagged sentences come from, and how words become ids.

    Args:
        tag_column: Which tags of CoNLL-U files are learned (auto: upos).
        token_column: Column of the word in other column files, counted from 0.
        label_column: Column of the tag there; -1 is the last.
        scheme: none for tags that stand alone; bio or bioes for named entities.
        language: Rules by which raw sentences are split into words when served.
        max_vocabulary: Known words at most.
        min_count: Rarer words become the unknown word and are known by their looks.
        max_word_length: Characters read of a word.
        affix_length: Longest prefix and suffix.
        word_vectors: A file of word vectors (word2vec or GloVe text format) to start from.
    """

    tag_column: Literal["auto", "upos", "xpos", "ner"] = "auto"
    token_column: int = 0
    label_column: int = -1
    scheme: Literal["none", "bio", "bioes"] = "none"
    language: Literal["english", "french", "none"] = "english"
    max_vocabulary: int = 100_000
    min_count: int = 2
    max_word_length: int = 20
    affix_length: int = 4
    word_vectors: str | None = None

    def __post_init__(self):
        super().__post_init__()
        counts = ("min_count", "max_word_length", "affix_length")
        check_ranges(self, dict.fromkeys(counts, (1, math.inf)))
        check_ranges(self, {"max_vocabulary": (3, math.inf)})


@dataclass(frozen=True)
class PosTaggingModelConfig:
    """Shape and regularisation of the tagger.

    Args:
        cell: Recurrent cell.
        units: Units per direction.
        num_layers: Depth of the stack.
        connection: Skip connections between layers of the stack.
        embedding_size: Features per word.
        character_encoder: How the characters of a word are read.
        character_units: Features of a word from its characters.
        affix_size: Features from prefixes and suffixes (0: none).
        shape_size: Features from the shape (0: none).
        word_dropout: Share of words replaced by the unknown word.
        variational_dropout: Dropout of what each recurrent layer reads, the same at every word.
        recurrent_weight_drop: DropConnect on recurrent kernels.
        dropout: Dropout before the tags.
        head: Tags one by one (softmax), or sequences of tags (crf).
        auxiliary_weight: Weight of the auxiliary targets in the loss (0: none).
        adversarial: Perturb word embeddings while training.
        epsilon: Size of that perturbation.
    """

    cell: Literal["simple_rnn", "gru", "lstm"] = "lstm"
    units: int = 64
    num_layers: int = 1
    connection: Literal["none", "residual", "highway"] = "none"
    embedding_size: int = 64
    character_encoder: Literal["none", "cnn", "bilstm"] = "cnn"
    character_units: int = 48
    affix_size: int = 32
    shape_size: int = 8
    word_dropout: float = 0.1
    variational_dropout: float = 0.3
    recurrent_weight_drop: float = 0.0
    dropout: float = 0.3
    head: Literal["softmax", "crf"] = "crf"
    auxiliary_weight: float = 0.3
    adversarial: Literal["none", "adversarial"] = "none"
    epsilon: float = 1.0

    def __post_init__(self):
        rates = ("word_dropout", "variational_dropout", "recurrent_weight_drop", "dropout")
        counts = ("units", "num_layers", "embedding_size", "character_units")
        not_negative = ("affix_size", "shape_size", "auxiliary_weight", "epsilon")
        check_ranges(self, dict.fromkeys(rates, (0, 0.99)))
        check_ranges(self, dict.fromkeys(counts, (1, math.inf)))
        check_ranges(self, dict.fromkeys(not_negative, (0, math.inf)))


@dataclass(frozen=True)
class PosTaggingConfig:
    """All sections of the task."""

    data: PosTaggingDataConfig = field(default_factory=PosTaggingDataConfig)
    model: PosTaggingModelConfig = field(default_factory=PosTaggingModelConfig)
    training: TrainingConfig = field(
        default_factory=lambda: TrainingConfig(batch_tokens=1024, learning_rate=5e-3)
    )


class PosTagging(Task):
    """Aligned many-to-many labelling of words."""

    name = "pos_tagging"
    summary = "tag words (parts of speech, named entities)"
    config_class = PosTaggingConfig
    serving_signature = {"sentence": "string[batch]"}  # noqa: RUF012
    output_formats = ("text", "json", "conllu")
    further_signatures = {  # noqa: RUF012
        "tokens": {"tokens": "string[batch,time]", "length": "int32[batch]"}
    }

    @property
    def monitor(self) -> str:  # type: ignore[override]
        """Entities are what counts where there are any; else every tag counts alike."""
        return "entity_f1" if self.entities else "accuracy"

    @property
    def entities(self) -> bool:
        """Whether tags are spans."""
        return self.config.data.scheme != "none"

    def load_examples(self, split):
        return datasets.load_examples(self.config.data.source, split, self.config.data, self.name)

    def build_preprocessor(self, examples, fitted=None):
        from seqsuite.preprocessing import WordPreprocessor
        from seqsuite.word_vectors import read_word_vectors

        data = self.config.data
        preprocessor = WordPreprocessor(
            max_vocabulary=data.max_vocabulary,
            min_count=data.min_count,
            max_word_length=data.max_word_length,
            affix_length=data.affix_length,
            language=data.language,
            scheme=data.scheme,
        )
        # Words of validation alone would be known by name, with an embedding that nothing trains.
        examples = examples if fitted is None else fitted
        if data.word_vectors is None:
            preprocessor.adapt(examples)
        else:
            size = self.config.model.embedding_size
            vectors = read_word_vectors(data.word_vectors, size, data.max_vocabulary)
            preprocessor.adapt(examples, list(vectors))
            preprocessor.set_word_vectors(vectors)
        if len(preprocessor.labels) < 2:
            raise UserError(
                f"Training needs at least two tags. Found only {preprocessor.labels}: check "
                "--data.tag_column and --data.label_column."
            )
        if not self.entities and all(
            name == "O" or name[:2] in ("B-", "I-", "E-", "S-") for name in preprocessor.labels
        ):
            print(
                "note: the tags look like spans (B-name, I-name): add --data.scheme bio or bioes "
                "to have entities scored, and only legal ones answered",
                file=sys.stderr,
            )
        return preprocessor

    def build_model(self, preprocessor):
        import keras

        from seqsuite.layers import CRF, AdversarialModel, CRFDecoder
        from seqsuite.losses import CRFLoss, TagCrossentropy
        from seqsuite.optimizers import build_optimizer
        from seqsuite.spans import span_constraints

        config, training = self.config.model, self.config.training
        inputs, states = self._build_encoder(preprocessor)
        lengths = inputs["length"]
        logits = keras.layers.Dense(len(preprocessor.labels), name="tag_logits")(states)
        loss: Any = TagCrossentropy(training.label_smoothing)
        if config.head == "crf":
            forbidden = span_constraints(preprocessor.labels) if self.entities else ((), (), ())
            crf = CRF(len(preprocessor.labels), *forbidden, name="crf")
            logits = crf(logits, lengths=lengths)
            outputs = {"logits": logits, **CRFDecoder(crf)(logits, lengths=lengths)}
            loss = CRFLoss(crf)
        else:
            probabilities = keras.layers.Softmax(dtype="float32")(logits)
            outputs = {
                "logits": logits,
                "tags": keras.ops.cast(keras.ops.argmax(logits, axis=-1), "int32"),
                "confidence": keras.ops.max(probabilities, axis=-1),
            }
        losses, weights = {"logits": loss}, {"logits": 1.0}
        auxiliary = preprocessor.auxiliary_labels if config.auxiliary_weight else {}
        for name, values in auxiliary.items():
            outputs[name] = keras.layers.Dense(len(values), name=name)(states)
            losses[name], weights[name] = TagCrossentropy(), config.auxiliary_weight
        model = keras.Model(inputs, outputs, name=self.name)
        if config.adversarial != "none":
            model = AdversarialModel(model, config.adversarial, config.epsilon)
        model.compile(optimizer=build_optimizer(training), loss=losses, loss_weights=weights)
        return model

    def build_server(self, preprocessor, model):
        import tensorflow as tf

        def serve(features):
            tokens, length = preprocessor.split(features)
            outputs = model(preprocessor.represent(tokens, length), training=False)
            real = tf.sequence_mask(length, tf.shape(tokens)[1])
            tags = preprocessor.decode(outputs["tags"])["tags"]
            return {
                "tokens": tf.where(real, tokens, ""),
                "tags": tf.where(real, tags, ""),
                "confidence": tf.where(real, outputs["confidence"], 0.0),
                "length": length,
            }

        return serve

    def score(self, predictions, references, preprocessor):
        from seqsuite import scoring
        from seqsuite.tag_scores import tag_scores

        answers = preprocessor.names(predictions["tags"])
        truth = preprocessor.names(references["logits"])
        scores = tag_scores(answers, truth, references["known"].rows(), self.entities)
        right = predictions["tags"].values == references["logits"].values
        confidence = predictions["confidence"].values
        scores["calibration_error"] = scoring.expected_calibration_error(confidence, right)
        return scores

    def baseline(self, train, test, preprocessor):
        from seqsuite.tag_baselines import tag_baselines
        from seqsuite.tag_scores import tag_scores

        references = preprocessor.encode_targets(test)
        truth, known = preprocessor.names(references["logits"]), references["known"].rows()
        learned = preprocessor.names(preprocessor.encode_labels(train.labels))
        results = {}
        for model in tag_baselines():
            model.fit(train.features["tokens"], learned)
            answers = model.predict(test.features["tokens"])
            results[model.name] = tag_scores(answers, truth, known, self.entities)
        return results

    def plots(self, directory, examples, predictions, references, preprocessor):
        from seqsuite import tagging_report

        answers, confidence = predictions["tags"], predictions["confidence"]
        names = preprocessor.labels
        return tagging_report.plots(directory, answers, references["logits"], confidence, names)

    def mistakes(self, examples, predictions, references, preprocessor):
        from seqsuite import tagging_report

        return tagging_report.mistakes(
            examples.features["tokens"],
            preprocessor.names(predictions["tags"]),
            preprocessor.names(references["logits"]),
            predictions["confidence"],
        )

    def unpad(self, outputs):
        length = outputs["length"]
        return {k: v if k == "length" else v[:length] for k, v in outputs.items()}

    def show(self, outputs, item, color=False):
        return explanation.tagged(outputs["tokens"], outputs["tags"], color)

    def reads(self, first_line, name):
        ending = name.lower().removesuffix(".gz").endswith((".conllu", ".conllup"))
        return ending or (first_line.count(b"\t") >= 9 and first_line[:1].isdigit())

    def read_items(self, lines, name):
        from seqsuite.datasets import conllu_files

        for sentence in conllu_files.sentences(lines, None if name == "-" else name):
            tokens = list(sentence.tokens)
            yield Item(" ".join(tokens), {"tokens": tokens, "length": len(tokens)}, sentence)

    def format_item(self, item, outputs, output_format):
        from seqsuite.datasets import conllu_files

        column = self.config.data.tag_column
        kind = "ner" if self.entities else "upos" if column == "auto" else column
        if item.origin is not None:
            return item.origin.with_tags(outputs["tags"], kind)
        return conllu_files.written(item.text, outputs["tokens"], outputs["tags"], kind)

    def sample_requests(self):
        return {"sentence": ["I can see the can that she saw.", ""]}

    def _build_encoder(self, preprocessor) -> tuple[dict[str, Any], Any]:
        import keras

        from seqsuite.layers import (
            CharacterEncoder,
            PerturbableEmbedding,
            RecurrentStack,
            TokenDropout,
        )

        config, data = self.config.model, self.config.data
        widths = {"character_ids": data.max_word_length, "affix_ids": 2 * data.affix_length}
        inputs = {
            name: keras.Input((None, *filter(None, [widths.get(name)])), dtype="int32", name=name)
            for name in preprocessor.ragged_features
        }
        inputs["length"] = keras.Input((), dtype="int32", name="length")
        ids = TokenDropout(config.word_dropout)(inputs["word_ids"])
        embedding = PerturbableEmbedding(
            preprocessor.vocabulary_size, config.embedding_size, name="embedding"
        )
        parts = [embedding(ids)]
        if preprocessor.initial_embeddings is not None:
            embedding.embeddings.assign(preprocessor.initial_embeddings)
        if config.character_encoder != "none":
            encoder = CharacterEncoder(
                len(preprocessor.characters) + 2, config.character_units,
                kind=config.character_encoder, name="characters",
            )  # fmt: skip
            parts.append(encoder(inputs["character_ids"]))
        if config.affix_size:
            table = keras.layers.Embedding(
                len(preprocessor.affixes) + 2, config.affix_size, name="affixes"
            )
            parts.append(keras.ops.mean(table(inputs["affix_ids"]), axis=2))
        if config.shape_size:
            table = keras.layers.Embedding(
                len(preprocessor.shapes) + 2, config.shape_size, name="shapes"
            )
            parts.append(table(inputs["shape_ids"]))
        x = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
        stack = RecurrentStack(
            config.units,
            cell=config.cell,
            num_layers=config.num_layers,
            bidirectional=True,
            connection=config.connection,
            regularization={
                "dropout": config.variational_dropout,
                "variational": True,
                "weight_drop": config.recurrent_weight_drop,
            },
            name="stack",
        )
        states = stack(x, lengths=inputs["length"])
        return inputs, keras.layers.Dropout(config.dropout)(states)


TASK = PosTagging

if __name__ == "__main__":
    from seqsuite.cli import main

    raise SystemExit(main(TASK))
