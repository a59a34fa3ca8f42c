"""Generation at once and step by step, the network's causality, and limits of the served model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.config import build_config
from seqsuite.data.examples import Examples
from seqsuite.tasks.music import TASK, MusicConfig
from seqsuite.tasks.music.notes import roll_of_text

TEXTS = ["60,64,67 - 62", "50 52", ""]


@pytest.fixture(scope="module", params=["autoregressive", "independent"])
def served(request):
    shape = {"units": 8, "output": request.param}
    if request.param == "autoregressive":
        shape |= {"nade_units": 4, "cell": "gru"}
    config = build_config(MusicConfig, {"model": shape, "serving": {"max_generated": 40}})
    task = TASK(config)
    preprocessor = task.build_preprocessor(Examples({"notes": TEXTS}))
    keras.utils.set_random_seed(0)
    model = task.build_model(preprocessor)
    serving = task.serving(preprocessor, model)
    functions = {
        name: tf.function(serving.function, input_signature=[inputs], autograph=False)
        for name, inputs in serving.signatures.items()
    }

    def call(**features):
        rows = len(features["notes"])
        settings = {"seed": np.arange(rows, dtype="int32"), "temperature": np.ones(rows, "float32")}
        function = functions["step" if "position" in features else "serving_default"]
        return {k: v.numpy() for k, v in function({**settings, **features}).items()}

    return call, preprocessor, model, serving


def go_on(call, texts, steps, **settings):
    notes = np.array(texts, object)
    return call(notes=notes, steps=np.full(len(texts), steps, "int32"), **settings)


def test_the_network_does_not_read_ahead(served):
    _, preprocessor, model, _ = served
    encoded = preprocessor.encode(Examples({"notes": TEXTS[:1]})).batch(np.array([0]))
    before = np.array(model(encoded)["logits"])
    for step in range(3):
        changed = dict(encoded, roll=encoded["roll"].copy())
        changed["roll"][0, step, 30] ^= 1
        after = np.array(model(changed)["logits"])
        np.testing.assert_array_equal(after[0, :step], before[0, :step])
        # Of its own step a note is read by the higher keys alone.
        np.testing.assert_array_equal(after[0, step, :31], before[0, step, :31])
        if step < 2:
            assert (after[0, step + 1] != before[0, step + 1]).any()


def test_a_piece_made_step_by_step_is_the_one_made_at_once(served):
    call, _, _, serving = served
    whole = go_on(call, TEXTS, 12)["notes"]
    names = [name for name in serving.signatures["step"] if name.startswith("state_")]
    states = {name: np.zeros((len(TEXTS), 8), "float32") for name in names}
    notes, position = np.array(TEXTS, object), np.zeros(len(TEXTS), "int32")
    steps = []
    for _ in range(12):
        found = call(notes=notes, position=position, **states)
        states = {name: found[name] for name in names}
        position = position + [len(str(text, "utf-8").split()) if isinstance(text, bytes)
                               else len(text.split()) for text in notes]  # fmt: skip
        position = position.astype("int32")
        notes = found["next"]
        steps.append(notes)
        if not position.all():  # a row that began from nothing has read no step yet
            break
    rows = range(len(TEXTS)) if len(steps) == 12 else range(0)
    for row in rows:
        assert b" ".join(step[row] for step in steps) == whole[row]
    assert len(steps) in (1, 12)


def test_the_limits_hold(served):
    call, *_ = served
    found = go_on(call, [*TEXTS, "60,x nonsense"], 5)
    assert [len(text.split()) for text in found["notes"]] == [5] * 4
    for text in found["notes"]:
        roll_of_text(text.decode())
    assert found["unknown_notes"].tolist() == [0, 0, 0, 2]
    assert not found["truncated"].any()
    assert go_on(call, [""], 41)["truncated"].tolist() == [True]
    assert go_on(call, ["60"], -1)["notes"].tolist() == [b""]
    assert go_on(call, [], 5)["notes"].tolist() == []


def test_seeds_and_rows_are_independent(served):
    call, *_ = served
    seeds = np.array([3, 4, 3], "int32")
    first, second, third = go_on(call, [""] * 3, 8, seed=seeds)["notes"]
    assert first == third != second
    assert go_on(call, [""], 8, seed=seeds[1:2])["notes"].tolist() == [second]


def test_without_temperature_the_seed_does_not_count(served):
    call, *_ = served
    cold = np.zeros(2, "float32")
    first, second = go_on(call, ["60", "60"], 6, temperature=cold)["notes"]
    assert first == second
