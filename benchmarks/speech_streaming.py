"""How fast an exported recogniser answers a stream, how late, and in how much memory.

    python benchmarks/speech_streaming.py --minutes 60 --units 256 --layers 2

A model with fresh weights is exported and loaded as a server loads it: what a step costs does not
depend on what was learned. Synthesised digits are fed to it in chunks, strings in random order. A
step takes numbers from the host and gives text back. Latencies and the real-time factor leave the
first steps out, in which TensorFlow prepares the graph. Where other processes run on the same core,
processor time tells what a step takes, and the clock how long it waits too. Memory is that of the
whole process, which also holds Keras and the model that was exported.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from seqsuite.config import build_config
from seqsuite.data.examples import Examples
from seqsuite.serving import export
from seqsuite.tasks.speech_recognition.batches import FULL_SCALE
from seqsuite.tasks.speech_recognition.data.sample import digits
from seqsuite.tasks.speech_recognition.model import FRAME_SECONDS, convolution_layer
from seqsuite.tasks.speech_recognition.streaming import initial_states, stream_inputs, take_step
from seqsuite.tasks.speech_recognition.task import SpeechRecognition
from seqsuite.training import runs

SAMPLE_RATE = digits.SAMPLE_RATE
WARM_UP_STEPS = 50
EARLY_MINUTES = 5


@dataclass
class Measured:
    """What was measured of a stream.

    Args:
        seconds: Of each step, warm-up left out.
        processor_seconds: Processor time of each of these steps, of all threads.
        resident: Steps taken -> resident memory in megabytes.
        states: State -> the most values that it had after a step.
    """

    seconds: list[float] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)
    resident: dict[int, float] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)


def resident_megabytes() -> float:
    """Return the resident memory of this process, VmRSS."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def exported_recogniser(options: argparse.Namespace, speech: Examples, folder: Path) -> tuple:
    """Export a model with fresh weights and return its task and its loaded folder."""
    settings = {
        "data": {"sample_rate": SAMPLE_RATE},
        "model": {
            "bidirectional": "false",
            "look_ahead": options.look_ahead,
            "normalization": "running",
            "units": options.units,
            "num_layers": options.layers,
            "cell": options.cell,
        },
    }
    task = SpeechRecognition(build_config(SpeechRecognition.spec.config_class, settings))
    runs.set_seeds(0)
    preprocessor = task.build_preprocessor(speech)
    model = task.build_model(preprocessor)
    task.phases(preprocessor, model, speech)
    version = export.export(task, preprocessor, model, folder)
    print(f"{model.count_params():,} weights")
    return task, tf.saved_model.load(str(version))


def chunks(speech: Examples, samples: int) -> Iterator[np.ndarray]:
    """Yield strings of digits one after the other without end, in chunks ``(1, samples)``."""
    generator = np.random.default_rng(0)
    recordings = speech.features["audio"]
    waiting = np.zeros(0, np.float32)
    while True:
        while len(waiting) < samples:
            recording = recordings[generator.integers(len(recordings))].samples
            waiting = np.concatenate([waiting, recording / np.float32(FULL_SCALE)])
        yield waiting[None, :samples]
        waiting = waiting[samples:]


def measure(
    step: Any, states: dict[str, Any], stream: Iterator, count: int, every: int
) -> Measured:
    """Take ``count`` steps; look at memory before the first and after each ``every`` of them."""
    found = Measured(resident={0: resident_megabytes()})
    for number in range(1, count + 1):
        chunk = next(stream)
        started, processor_started = time.perf_counter(), time.process_time()
        _, states = take_step(step, states, chunk)
        if number > WARM_UP_STEPS:
            found.seconds.append(time.perf_counter() - started)
            found.processor_seconds.append(time.process_time() - processor_started)
        for name, value in states.items():
            found.states[name] = max(found.states.get(name, 0), int(tf.size(value)))
        if number % every == 0 or number == count:
            found.resident[number] = resident_megabytes()
    return found


def percentiles(seconds: list[float]) -> str:
    """Return the median, the 99th percentile and the maximum in milliseconds."""
    p50, p99, most = 1000 * np.percentile(seconds, [50, 99, 100])
    return f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, most {most:.2f} ms"


def print_table(found: Measured, chunk_seconds: float, model: Any) -> None:
    """Print what was measured."""
    times = {"": found.seconds, ", processor time": found.processor_seconds}
    audio_seconds = chunk_seconds * len(found.seconds)
    look_ahead = convolution_layer(model).right_padding * model.hop_seconds
    memory = [(steps * chunk_seconds / 60, size) for steps, size in found.resident.items()]
    # At the beginning, when all has been allocated that one step needs, and at the end.
    shown = dict([*memory[:2], memory[-1]])
    values = sum(found.states.values())
    rows = {
        **{
            f"real-time factor{name}": f"{sum(seconds) / audio_seconds:.4f}"
            for name, seconds in times.items()
        },
        **{
            f"latency of a chunk of {1000 * chunk_seconds:g} ms{name}": percentiles(seconds)
            for name, seconds in times.items()
        },
        "algorithmic latency, look-ahead + frame": (
            f"{1000 * look_ahead:.0f} + {1000 * FRAME_SECONDS:.0f} ms"
        ),
        "states, most values": f"{values:,} ({4 * values / 1024:.1f} KB)",
        **{f"resident memory after {m:g} min": f"{size:.1f} MB" for m, size in shown.items()},
        "resident memory, largest of all looks": f"{max(size for _, size in memory):.1f} MB",
        "load of the machine (1 min)": f"{os.getloadavg()[0]:.1f}",
    }
    width = max(map(len, rows))
    for name, text in rows.items():
        print(f"{name:<{width}}  {text}")
    for name, size in sorted(found.states.items()):
        print(f"  {name}: {size:,}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="of audio")
    parser.add_argument("--chunk", type=float, default=0.1, help="seconds of audio in a step")
    parser.add_argument("--cell", default="lstm", choices=["gru", "lstm", "simple_rnn"])
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--look_ahead", type=int, default=4, help="frames")
    options = parser.parse_args()
    speech = digits.generate("validation")
    with tempfile.TemporaryDirectory() as folder:
        task, loaded = exported_recogniser(options, speech, Path(folder))
    model = task.config.model
    states = initial_states(stream_inputs(model), convolution_layer(model).left_padding)
    stream = chunks(speech, round(options.chunk * SAMPLE_RATE))
    steps_a_minute = 60 / options.chunk
    found = measure(
        loaded.signatures["step"],
        states,
        stream,
        max(WARM_UP_STEPS + 1, round(options.minutes * steps_a_minute)),
        round(EARLY_MINUTES * steps_a_minute),
    )
    print_table(found, options.chunk, model)


if __name__ == "__main__":
    main()
