"""Every option of a task's model and training changes a model or its batches, or is refused.

The options of training that all tasks have are in tests/training/test_options.py.
"""

import dataclasses
import itertools
import json

import keras
import pytest
import tensorflow as tf

from seqsuite.config import BucketTrainingConfig, build_config, fields_of
from seqsuite.configuration.conditions import check_conditions, is_read
from seqsuite.data.discovery import reader
from seqsuite.errors import UserError
from seqsuite.tasks import find_task, task_names
from seqsuite.training import runs
from seqsuite.training.splits import encode_training, load_splits
from tests.conformance.test_options import candidates, changed, needed, value_of
from tests.small import small

SHARED = {field.name for field in dataclasses.fields(BucketTrainingConfig)}
CASES = [
    (task, f"{section}.{option}")
    for task in task_names()
    for section in ("model", "training")
    for option in fields_of(find_task(task).config_class)[section]
    if section != "training" or option not in SHARED
]
# What is drawn or decoded, not built; a size that binds with many tokens only.
LATER = {
    "forecasting": {"model.num_paths"},
    "sentiment": {"model.num_sampled"},
}
SMALL = {"model.units": 4, "model.embedding_size": 4, "model.num_layers": 1}
SOURCES = ("sample", "associative_recall")
NUMBERS = {int: [1, 2, 3, 5, 6], float: [0.02, 0.25, 0.5, 2.0]}
# Settings that checks of a section ask for.
NEEDED = {
    ("speech_recognition", "model.look_ahead"): {"bidirectional": False},
    ("pos_tagging", "training.label_smoothing"): {"head": "softmax"},
}


@pytest.fixture(scope="module")
def built():
    """Return a function of a configuration: what it builds, in JSON types; each built once."""
    done = {}

    def outcome(task, config):
        key = (task.name, repr(config))
        if key not in done:
            done[key] = build(task, config)
        return done[key]

    def build(task, config):
        sample = reader("sample", task.package)
        with pytest.MonkeyPatch.context() as patch:
            load = sample.load
            patch.setattr(
                sample,
                "load",
                lambda *given: (found := load(*given)).select(range(min(60, len(found)))),
            )
            one = task(config)
            runs.set_seeds(0)
            splits = load_splits(one)
            train = splits.train
            preprocessor = one.build_preprocessor(splits.all_train, train)
            encoded, _ = encode_training(preprocessor, splits)
            plan = encoded.plan(config.training)
            batches = [
                tf.nest.map_structure(shown, (encoded.batch(rows), encoded.target_batch(rows)))
                for rows in plan[:3]
            ]
            model = one.build_model(preprocessor)
            phases = one.phases(preprocessor, model, train)
        inner = getattr(model, "model", model)
        states = [weight.numpy().round(5).tolist() for weight in inner.non_trainable_weights]
        embedding = [w.numpy().round(5).tolist() for w in inner.weights if "embedding" in w.path]
        losses = model.loss if isinstance(model.loss, dict) else {"": model.loss}
        parts = [
            type(model).__name__,
            getattr(model, "get_config", dict)() if inner is not model else {},
            inner.get_config(),
            {name: loss.get_config() for name, loss in losses.items()},
            str(model._compile_config.config.get("loss_weights")),
            preprocessor.get_config(),
            [str(rows) for rows in plan],
            batches,
            states,
            embedding,
            [
                [phase.name, phase.epochs, phase.learning_rate, *map(settings_of, phase.callbacks)]
                for phase in phases
            ],
        ]
        keras.backend.clear_session()
        return json.dumps(parts, default=repr, sort_keys=True)

    return outcome


def settings_of(callback):
    return {k: v for k, v in vars(callback).items() if isinstance(v, str | int | float)}


def shown(value):
    return repr(value.tolist() if hasattr(value, "tolist") else value)


def pair(task, name):
    """Return two configurations that differ in an option alone, where it is read."""
    config_class = task.config_class
    settings = small(task, 60)
    for full, value in SMALL.items():
        section, option = full.split(".")
        if option in fields_of(config_class)["model"]:
            settings.setdefault(section, {})[option] = value
    settings.setdefault("model", {}).update(NEEDED.get((task.name, name), {}))
    start = build_config(config_class, settings)
    others = list(needed(config_class, name))
    for values in itertools.product(*(candidates(config_class, other) for other in others)):
        base = changed(start, dict(zip(others, values, strict=True)))
        if base is None or base.data.source not in SOURCES or not is_read(base, name):
            continue
        present = value_of(base, name)
        choices = candidates(config_class, name)
        choices = [*choices, *NUMBERS.get(type(present), [])]
        if isinstance(present, tuple):
            choices = [(*present[:-1], 3), (*present[:-1], 4)]
        elif name == "model.pooling":
            choices = ["mean"]
        for value in choices:
            other = changed(base, {name: value})
            if value == present or other is None:
                continue
            try:
                check_conditions(base)
                check_conditions(other)
            except UserError:
                continue
            yield base, other


@pytest.mark.full
@pytest.mark.parametrize(("task", "name"), CASES)
def test_an_option_changes_what_is_built(task, name, built):
    if name in LATER.get(task, ()):
        pytest.skip("not built")
    spec, tried, refusal = find_task(task), 0, ""
    for base, other in pair(spec, name):
        try:
            same = built(spec, base) == built(spec, other)
        except UserError as error:
            refusal = str(error)
            continue
        except ValueError:  # a layer refuses the value: another one
            continue
        tried += 1
        if not same:
            return
        assert tried < 4, f"{name} changes nothing"
    assert name in refusal, f"no value of {name} was tried"
    assert "\n" not in refusal


def test_each_task_has_a_section_of_options():
    assert {task for task, _ in CASES} == set(task_names())
    assert all(dataclasses.is_dataclass(find_task(task).config_class) for task in task_names())
