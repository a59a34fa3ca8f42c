"""Search in one exported graph beside a Python loop that calls `model.predict` for every step.

    python benchmarks/translation_search.py --run_dir runs/translation/sample --num_sentences 1000

Translates test sentences of a finished run, greedily and with a beam, with the same weights: once
with the SavedModel, in a fresh interpreter that imports TensorFlow and TensorFlow Text alone, and
once as examples of Keras do it, with an encoder and a decoder of one step that are asked through
`model.predict`, the search itself being Python. Both follow the same rules, so the last column
tells how many translations are the same; the order of sums may decide between near ties. The time
from strings to strings is measured, without loading and after three batches to warm up; what
`predict` traces anew for other shapes later counts, as it does for whoever calls it.

The loop translates one sentence at a time, as those examples do, and once as many as the graph has
in a batch.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from seqsuite.cli.terminal import quiet_tensorflow

SERVED = """
import json, sys, time
import tensorflow as tf
import tensorflow_text
model, sentences, size = sys.argv[1], json.load(open(sys.argv[2])), int(sys.argv[3])
serve = tf.saved_model.load(model).signatures["serving_default"]
def translate(batch):
    return [text.decode() for text in serve(source=tf.constant(batch))["translation"].numpy()]
for at in range(3):
    translate(sentences[at * size:(at + 1) * size] or sentences[:size])
started = time.perf_counter()
found = [text for at in range(0, len(sentences), size) for text in translate(sentences[at:at+size])]
seconds = time.perf_counter() - started
assert "seqsuite" not in sys.modules
json.dump({"translations": found, "seconds": seconds}, sys.stdout)
"""


class Hypotheses:
    """The beams of one sentence, in plain Python; a width of 1 is greedy.

    Args:
        width: Beams that live on.
        longest: Pieces at most.
        end_id: The id that ends a translation.
        length_penalty: Exponent of the divisor of Wu et al. (2016).
    """

    def __init__(self, width: int, longest: int, end_id: int, length_penalty: float):
        self.width, self.longest, self.end_id = width, longest, end_id
        self.length_penalty = length_penalty
        self.live: list[tuple[float, list[int]]] = [(0.0, [])]
        self.best: tuple[float, list[int]] = (float("-inf"), [])
        self.done = False

    def extend(self, shares) -> list[int]:
        """Take one step.

        Args:
            shares: Log-probabilities ``(live beams, vocabulary)``.

        Returns:
            From which beam each of the new ones comes.
        """
        import numpy as np

        totals = np.array([total for total, _ in self.live])[:, None] + shares
        ends = totals[:, self.end_id].copy()
        totals[:, self.end_id] = -np.inf
        if len(self.live[0][1]) >= self.longest:
            totals[:] = -np.inf
        flat = totals.ravel()
        order = np.argsort(-flat, kind="stable")[: self.width]
        order = order[np.isfinite(flat[order])]
        candidates = np.sort(np.concatenate([ends, flat[order]]))[::-1]
        least = candidates[min(self.width, len(candidates)) - 1]
        for (_, said), total in zip(self.live, ends, strict=True):
            score = total / self._divisor(len(said) + 1)
            if total >= least and score > self.best[0]:
                self.best = (score, said)
        parents, ids = order // totals.shape[1], order % totals.shape[1]
        self.live = [
            (float(flat[place]), [*self.live[parent][1], int(new)])
            for place, parent, new in zip(order, parents, ids, strict=True)
        ]
        bounds = [total / self._divisor(self.longest + 1) for total, _ in self.live]
        self.done = not self.live or self.best[0] >= max(bounds)
        return parents.tolist()

    def _divisor(self, count: int) -> float:
        return ((5 + count) / 6) ** self.length_penalty


class PredictLoop:
    """A translator that asks Keras models through `predict`, step by step.

    Args:
        run: A finished run.
        beam_width: Beams; 1 is greedy.
    """

    def __init__(self, run, beam_width: int):
        import keras

        from seqsuite.tasks.translation.translator import Translator

        self.preprocessor, self.beam_width = run.preprocessor, beam_width
        self.settings = run.task.config.decoding
        self.rules = Translator(run.preprocessor, run.model, self.settings)
        self.encoder = run.model.get_layer("encoder")
        cell = run.model.get_layer("decoder").cell

        class OneStep(keras.Model):
            def call(self, inputs):
                ids, memory, length, *states = inputs
                prepared = cell.prepare_memory(memory, length)
                states = cell.get_initial_state(ids, states, prepared)
                logits, states, *_ = cell(ids, states, memory=prepared, training=False)
                return [keras.ops.log_softmax(logits), *states]

        self.step = OneStep()

    def translate(self, sentences: Sequence[str]) -> list[str]:
        """Translate a batch of sentences."""
        import numpy as np
        import tensorflow as tf

        from seqsuite.text.subwords import BEGIN_ID, END_ID

        encoded = self.preprocessor({"source": tf.constant(sentences)})
        encoded = {name: value.numpy() for name, value in encoded.items()}
        length = encoded["length"]
        found = self.encoder.predict(encoded, verbose=0, batch_size=len(length))
        longest = self.rules.max_lengths(length).numpy()
        alpha = self.settings.length_penalty
        beams = [Hypotheses(self.beam_width, int(most), END_ID, alpha) for most in longest]
        # A row for every live beam of every sentence that is not done.
        rows = np.arange(len(beams))
        ids, states = np.full(len(rows), BEGIN_ID), list(found["states"])
        while len(rows):
            inputs = [ids, found["memory"][rows], length[rows], *states]
            shares, *states = self.step.predict(inputs, verbose=0, batch_size=len(rows))
            shares = shares.astype("float64")
            shares[:, list(self.rules.forbidden_ids)] = -np.inf
            kept, following, new_ids = [], [], []
            for sentence in np.unique(rows):
                (places,) = np.nonzero(rows == sentence)
                one = beams[sentence]
                parents = one.extend(shares[places])
                if not one.done:
                    kept += places[parents].tolist()
                    following += [sentence] * len(parents)
                    new_ids += [said[-1] for _, said in one.live]
            rows, ids = np.array(following, int), np.array(new_ids, int)
            states = [state[kept] for state in states]
        return self._texts([one.best[1] for one in beams])

    def _texts(self, found: list[list[int]]) -> list[str]:
        import numpy as np

        padded = np.zeros((len(found), max(1, *map(len, found), 1)), np.int32)
        for row, said in zip(padded, found, strict=True):
            row[: len(said)] = said
        lengths = np.array([len(said) for said in found])
        return [text.decode() for text in self.preprocessor.decode(padded, lengths).numpy()]


def graph(run, sentences: Sequence[str], batch_size: int) -> tuple[list[str], float]:
    """Return the translations of the exported model and the seconds they took."""
    from seqsuite.training import runs

    with tempfile.TemporaryDirectory() as folder:
        version = runs.export_run(run, Path(folder) / "model")
        (Path(folder) / "sentences.json").write_text(json.dumps(list(sentences)), encoding="utf-8")
        command = [sys.executable, "-c", SERVED, str(version), f"{folder}/sentences.json"]
        command.append(str(batch_size))
        process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode:
        raise SystemExit(process.stderr)
    answer = json.loads(process.stdout)
    return answer["translations"], answer["seconds"]


def loop(translator: PredictLoop, sentences: Sequence[str], size: int) -> tuple[list[str], float]:
    """Return the translations of the Python loop and the seconds they took."""
    import tensorflow as tf

    # That `predict` traces often is known, and said of every call.
    tf.get_logger().setLevel("ERROR")
    for batch in range(3):
        translator.translate(sentences[batch * size : (batch + 1) * size] or sentences[:size])
    started, found = time.perf_counter(), []
    for start in range(0, len(sentences), size):
        found += translator.translate(sentences[start : start + size])
    return found, time.perf_counter() - started


def load(run_dir: Path, beam_width: int):
    """Return a run, to search with a beam and by the rules that the loop knows."""
    from seqsuite.config import parse
    from seqsuite.tasks import find_task
    from seqsuite.training import runs

    task_class = find_task("translation")
    config, _ = parse(task_class.config_class, [f"--config={run_dir / 'config.toml'}"])
    if config.data.pieces == "word":
        raise SystemExit("The loop does not replace unknown words: give a run with subword pieces.")
    plain = {"num_alternatives": 1, "coverage_penalty": 0.0, "no_repeat_ngram": 0}
    decoding = dataclasses.replace(
        config.decoding, beam_width=beam_width, ensemble_runs=None, **plain
    )
    return runs.load(task_class(dataclasses.replace(config, decoding=decoding)), run_dir)


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run_dir", type=Path, required=True, help="a finished run")
    parser.add_argument("--num_sentences", type=int, default=1000, help="test sentences")
    parser.add_argument("--beam_width", type=int, default=5, help="beams, beside greedy search")
    parser.add_argument("--batch_size", type=int, default=64, help="sentences in a batch")
    help_one = "sentences that the loop translates one at a time (0: none)"
    parser.add_argument("--one_by_one", type=int, default=100, help=help_one)
    options = parser.parse_args()
    quiet_tensorflow()
    print("| search | how | sentences | a second | the graph is faster by | same translations |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for width in (1, options.beam_width):
        compare(width, options)


def compare(width: int, options: argparse.Namespace) -> None:
    """Print the rows of one beam width."""
    run = load(options.run_dir, width)
    sentences = run.task.load_examples("test").features["source"][: options.num_sentences]
    name, batch_size = f"beam of {width}" if width > 1 else "greedy", options.batch_size
    served, seconds = graph(run, sentences, batch_size)
    rate = len(sentences) / seconds
    count = f"{len(sentences):,}"
    print(f"| {name} | graph, batches of {batch_size} | {count} | {rate:,.1f} | | |", flush=True)
    translator = PredictLoop(run, width)
    for size, wanted in ((batch_size, len(sentences)), (1, options.one_by_one)):
        if not wanted:
            continue
        found, seconds = loop(translator, sentences[:wanted], size)
        own_rate = len(found) / seconds
        same = sum(a == b for a, b in zip(found, served, strict=False))
        cells = [
            name,
            f"`predict`, batches of {size}" if size > 1 else "`predict`, one at a time",
            f"{len(found):,}",
            f"{own_rate:,.1f}",
            f"{rate / own_rate:,.1f} times",
            f"{same:,}",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
