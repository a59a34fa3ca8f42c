"""Drawing at once and point by point, the network's causality, and limits of the served model."""

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.config import build_config
from seqsuite.data.examples import Examples
from seqsuite.tasks.handwriting import TASK, HandwritingConfig
from seqsuite.tasks.handwriting.strokes import points_of_text

TEXTS = ["m0,0 1,2 m3,4", "m5,5 -1,-1 0,2", "m1,1"]


@pytest.fixture(scope="module", params=["lstm", "gru"])
def served(request):
    labels = request.param == "gru"
    model = {"units": 8, "num_components": 3, "cell": request.param, "condition_on_label": labels}
    config = build_config(HandwritingConfig, {"model": model, "serving": {"max_generated": 40}})
    task = TASK(config)
    examples = Examples({"drawing": TEXTS, "label": ["a", "b", "a"]})
    preprocessor = task.build_preprocessor(examples)
    tf.keras.utils.set_random_seed(0)
    model = task.build_model(preprocessor)
    serving = task.serving(preprocessor, model)
    functions = {
        name: tf.function(serving.function, input_signature=[inputs], autograph=False)
        for name, inputs in serving.signatures.items()
    }

    def call(**features):
        rows = len(next(iter(features.values())))
        settings = {"bias": np.zeros(rows, "float32"), "seed": np.arange(rows, dtype="int32")}
        if labels:
            settings["label"] = np.array(["b"] * rows)
        function = functions["step" if "points" in features else "serving_default"]
        return {k: v.numpy() for k, v in function({**settings, **features}).items()}

    return call, preprocessor, model, serving


def complete(call, texts, points, **settings):
    wanted = np.full(len(texts), points, "int32")
    return call(drawing=np.array(texts, object), max_points=wanted, **settings)


def test_the_network_does_not_read_ahead(served):
    _, preprocessor, model, _ = served
    examples = Examples({"drawing": TEXTS[:1], "label": ["a"]})
    encoded = preprocessor.encode(examples).batch(np.array([0]))
    before = np.array(model(encoded)["parameters"])
    for step in range(3):
        changed = dict(encoded, points=encoded["points"].copy())
        changed["points"][0, step] += 1
        after = np.array(model(changed)["parameters"])
        np.testing.assert_array_equal(after[0, : step + 1], before[0, : step + 1])
        if step < 2:
            assert (after[0, step + 1] != before[0, step + 1]).any()


def test_a_drawing_made_point_by_point_is_the_one_made_at_once(served):
    call, _, _, serving = served
    whole = complete(call, TEXTS, 12)
    names = [name for name in serving.signatures["step"] if name.startswith("state_")]
    for row, text in enumerate(TEXTS):
        begun = points_of_text(text)
        states = {name: np.zeros((1, 8), "float32") for name in names}
        points, position, drawn = begun[None], 0, []
        while True:
            length = np.array([points.shape[1]], "int32")
            seed = np.array([row], "int32")
            at = np.array([position], "int32")
            found = call(points=points, length=length, position=at, seed=seed, **states)
            states = {name: found[name] for name in names}
            position += points.shape[1]
            points = found["next"][:, None]
            drawn.append(found["next"][0])
            if drawn[-1][2] == 2 or len(drawn) == 12:
                break
        assert bool(whole["ended"][row]) == (drawn[-1][2] == 2)
        expected = points_of_text(whole["completed"][row].decode())
        np.testing.assert_allclose(
            expected[:, :2], np.vstack([begun, *drawn])[:, :2], rtol=1e-3, atol=1e-4
        )
        assert len(expected) == len(begun) + len(drawn)


def test_the_beginning_stays_and_the_limits_hold(served):
    call, *_ = served
    found = complete(call, [*TEXTS, "", "nonsense"], 5)
    for text, whole, ended in zip(TEXTS, found["completed"], found["ended"], strict=False):
        begun, points = points_of_text(text), points_of_text(whole.decode())
        np.testing.assert_allclose(points[: len(begun), :2], begun[:, :2], rtol=1e-5)
        assert len(points) == len(begun) + 5 or (ended and len(points) < len(begun) + 5)
    assert found["unknown_points"].tolist() == [0, 0, 0, 0, 1]
    assert not found["truncated"].any()
    assert complete(call, [""], 41)["truncated"].tolist() == [True]
    assert complete(call, ["m1,1"], 0)["completed"].tolist() == [b"m1,1"]
    assert complete(call, ["m1,1"], -3)["completed"].tolist() == [b"m1,1"]
    assert complete(call, [], 5)["completed"].tolist() == []


def test_seeds_and_rows_are_independent(served):
    call, *_ = served
    seeds = np.array([3, 4, 3], "int32")
    first, second, third = complete(call, [""] * 3, 20, seed=seeds)["completed"]
    assert first == third != second
    assert complete(call, [""], 20, seed=seeds[1:2])["completed"].tolist() == [second]


def test_no_bias_is_taken_for_one_that_is_no_number(served):
    call, *_ = served
    plain = complete(call, ["", ""], 6)["completed"].tolist()
    odd = np.array([np.nan, -1], "float32")
    assert complete(call, ["", ""], 6, bias=odd)["completed"].tolist() == plain
