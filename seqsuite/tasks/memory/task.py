"""Memory: a sequence in, what must be remembered of it out.

Synthetic problems that say how far back a recurrent network remembers: copying and adding
(Hochreiter and Schmidhuber 1997, as posed by Arjovsky et al. 2016), delayed recall, and associative
recall (Ba et al. 2016). Cells, where their weights start, clipping and attention are options, so
that what each changes can be measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from seqsuite.config import DataConfig, TextServingConfig, TrainingConfig, check_ranges
from seqsuite.data import discovery
from seqsuite.errors import UserError
from seqsuite.task import Task

_MAX_BASELINE_EXAMPLES = 5000


@dataclass(frozen=True)
class MemoryDataConfig(DataConfig):
    """Which problem, and how hard. The sample has a length and sizes of its own.

    Args:
        length: Steps over which something is remembered (T).
        min_length: Training examples are of all lengths from this one on (0: of ``length`` alone).
        load: Pairs of associative recall.
        num_examples: Training examples.
        num_held_out: Examples of validation, and as many of test.
        seed: Another one, other examples in all splits.
    """

    length: int = 100
    min_length: int = 0
    load: int = 4
    num_examples: int = 20_000
    num_held_out: int = 1000
    seed: int = 0

    def __post_init__(self):
        super().__post_init__()
        counts = ("length", "load", "num_examples", "num_held_out")
        check_ranges(self, dict.fromkeys(counts, (1, math.inf)))
        check_ranges(self, {"seed": (0, math.inf), "min_length": (0, self.length)})


@dataclass(frozen=True)
class MemoryModelConfig:
    """Shape of the network, and where it starts.

    Args:
        cell: Recurrent cell.
        units: Units of each layer.
        embedding_units: Width of a learned vector for each symbol (numbers have none); 0: symbols
            are read as they are, one-hot. Attention that must match symbols learns it far sooner
            with one.
        num_layers: Depth of the stack.
        initialization: Where recurrent kernels start: glorot, orthogonal or identity (that makes a
            simple_rnn the IRNN, with ReLU); chrono is orthogonal with biases of the gates by which
            units remember for up to the length of the sequences (lstm and gru).
        attention: Whether the steps that answer look back on all earlier states, and how these are
            scored.
        attention_units: Width of additive attention's hidden layer.
    """

    cell: Literal["simple_rnn", "gru", "lstm"] = "gru"
    units: int = 64
    embedding_units: int = 0
    num_layers: int = 1
    initialization: Literal["glorot", "orthogonal", "identity", "chrono"] = "orthogonal"
    attention: Literal["none", "additive", "multiplicative"] = "none"
    attention_units: int = 32

    def __post_init__(self):
        counts = ("units", "num_layers", "attention_units")
        check_ranges(self, dict.fromkeys(counts, (1, math.inf)))
        check_ranges(self, {"embedding_units": (0, math.inf)})
        if self.cell == "simple_rnn" and self.initialization == "chrono":
            raise UserError(
                "model.initialization chrono sets the biases of gates, which simple_rnn has none "
                "of: choose glorot, orthogonal or identity, or another model.cell."
            )


@dataclass(frozen=True)
class MemoryConfig:
    """All sections of the task."""

    data: MemoryDataConfig = field(default_factory=MemoryDataConfig)
    model: MemoryModelConfig = field(default_factory=MemoryModelConfig)
    training: TrainingConfig = field(
        default_factory=lambda: TrainingConfig(
            epochs=5, batch_tokens=65_536, max_batch_size=64, learning_rate=5e-3
        )
    )
    serving: TextServingConfig = field(
        default_factory=lambda: TextServingConfig(max_length=50_000, max_request=200_000)
    )


class Memory(Task):
    """Recall of what a sequence said some time ago."""

    name = "memory"
    summary = "remember over time: copy, add, recall (generated problems)"
    config_class = MemoryConfig
    serving_signature = {"sequence": "string[batch]"}  # noqa: RUF012
    free_labels = True

    @property
    def monitor(self) -> str:  # type: ignore[override]
        """The error of numbers, or the share of symbols that are right."""
        return "mse" if self.problem.numeric else "accuracy"

    @property
    def problem(self):
        """The problem that the source poses."""
        return discovery.reader(self.config.data.source, self.name).PROBLEM

    def load_examples(self, split):
        return discovery.load_examples(self.config.data.source, split, self.config.data, self.name)

    def build_preprocessor(self, examples, fitted=None):
        from seqsuite.tasks.memory.preprocessor import MemoryPreprocessor

        preprocessor = MemoryPreprocessor(self.problem.name)
        preprocessor.adapt(examples)
        return preprocessor

    def build_model(self, preprocessor):
        import keras

        from seqsuite.layers import (
            AnswerAttention,
            BahdanauAttention,
            LuongAttention,
            MaskedPooling,
            RecurrentStack,
        )
        from seqsuite.losses import TagCrossentropy
        from seqsuite.training.optimizers import build_optimizer

        config, problem = self.config.model, preprocessor.problem
        if problem.numeric and config.embedding_units:
            raise UserError(
                f"model.embedding_units is for symbols, and {problem.name} has numbers: leave it "
                "at 0."
            )
        length = keras.Input((), dtype="int32", name="length")
        if problem.numeric:
            steps = x = keras.Input((None, 2), name="numbers")
        else:
            steps = keras.Input((None,), dtype="int32", name="token_ids")
            symbols, width = preprocessor.num_symbols, config.embedding_units
            embed = keras.layers.Embedding(symbols, width, name="embedding") if width else None
            x = embed(steps) if embed else keras.ops.one_hot(steps, symbols)
        chrono = config.initialization == "chrono"
        stack = RecurrentStack(
            config.units,
            cell=config.cell,
            num_layers=config.num_layers,
            initialization={
                "recurrent": "orthogonal" if chrono else config.initialization,
                "longest_delay": max(3, preprocessor.longest) if chrono else 0,
            },
            name="stack",
        )
        x = stack(x, lengths=length)
        if config.attention != "none":
            if config.attention == "additive":
                attention = BahdanauAttention(config.attention_units)
            else:
                attention = LuongAttention("normalized")
            looks_back = AnswerAttention(attention, problem.num_recalled, name="answer_attention")
            x = keras.layers.Concatenate()([x, looks_back(x, lengths=length)])
        if problem.numeric:
            last = MaskedPooling("last", name="last")(x, lengths=length)
            outputs = {"value": keras.layers.Dense(1, name="value")(last)}
            losses = {"value": keras.losses.MeanSquaredError()}
        else:
            outputs = {"logits": keras.layers.Dense(len(problem.answers), name="logits")(x)}
            losses = {"logits": TagCrossentropy()}
        model = keras.Model({steps.name: steps, "length": length}, outputs, name=self.name)
        model.compile(optimizer=build_optimizer(self.config.training), loss=losses)
        return model

    def build_server(self, preprocessor, model):
        from seqsuite.serving.limits import limited_texts

        def serve(features):
            sequence, truncated = limited_texts(features, "sequence", self.config.serving)
            encoded = preprocessor({"sequence": sequence})
            outputs = model(encoded, training=False)
            answer = preprocessor.decode({**outputs, "length": encoded["length"]})
            return {**answer, "truncated": truncated}

        return serve

    def score(self, predictions, references, preprocessor):
        from seqsuite.tasks.memory.scores import memory_scores

        return memory_scores(preprocessor.problem, predictions, references)

    def baseline(self, train, test, preprocessor):
        from seqsuite.tasks.memory import baselines

        few = train.select(range(min(_MAX_BASELINE_EXAMPLES, len(train))))
        known, asked = preprocessor.encode(few), preprocessor.encode(test)
        problem = preprocessor.problem
        found = {
            "memoryless": baselines.memoryless(problem, known, asked),
            f"last {baselines.WINDOW} steps": baselines.window_model(problem, known, asked),
        }
        return {
            name: self.score(predictions, asked.targets, preprocessor)
            for name, predictions in found.items()
        }

    def protocol(self, test):
        from seqsuite.tasks.memory.scores import SOLVED_ACCURACY, SOLVED_MSE

        problem = self.problem
        if problem.numeric:
            return {
                "solved": f"mse below {SOLVED_MSE}; the best constant has {problem.memoryless:.3f}"
            }
        told = {"solved": f"accuracy, of recalled symbols alone, of {SOLVED_ACCURACY} or more"}
        if problem.blanks_count:
            steps = len(test.features["sequence"][0].split())
            loss = problem.num_recalled * math.log(8) / steps
            told["log_loss"] = f"mean over all {steps} steps; without memory {loss:.4f}"
        return told

    def plots(self, directory, examples, predictions, references, preprocessor):
        from seqsuite.tasks.memory import report

        path = directory / "by_distance.png"
        return [report.by_distance(preprocessor.problem, predictions, references, path)]

    def mistakes(self, examples, predictions, references, preprocessor):
        from seqsuite.tasks.memory import report

        return report.mistakes(preprocessor.problem, examples, predictions, references)

    def show(self, outputs, item, color=False):
        sure = f"\t{outputs['probability']:.4f}" if "probability" in outputs else ""
        return f"{outputs['answer'] or '(none)'}{sure}\t{' '.join(item.split())}"

    def sample_requests(self):
        import numpy as np

        sequences, _ = self.problem.generate(1, 8, 2, np.random.default_rng(0))
        return {"sequence": [*sequences, ""]}


TASK = Memory
