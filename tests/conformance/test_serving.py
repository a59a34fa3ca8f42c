"""What is exported is answered by the loader of TensorFlow Serving, whatever it is asked.

The answers come from a process that has the shared libraries of TensorFlow and no Python package of
it (:mod:`tests.conformance.c_api`).
"""

import re
import time

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.tools import saved_model_cli

from seqsuite.serving import export
from tests.conformance.c_api import ServerError, read_warm_up
from tests.conformance.requests import RandomRequests

NUM_REQUESTS = 1000
MAX_SECONDS = 10


def python_answer(task, preprocessor, model, signature, inputs):
    serving = task.serving(preprocessor, model)
    types = serving.signatures[signature]
    given = {name: tf.constant(values, types[name].dtype) for name, values in inputs.items()}
    return {name: value.numpy() for name, value in serving.function(given).items()}


def assert_equal_answers(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(values, theirs[name], rtol=1e-5, atol=1e-5, err_msg=name)
        else:
            np.testing.assert_array_equal(values, theirs[name], err_msg=name)


@pytest.mark.full(default=("sentiment", "forecasting"))
def test_a_server_replays_the_warm_up_requests_and_answers_as_python_does(
    prepared, untrained, exported, c_api
):
    task, _, preprocessor, _ = prepared
    answers = c_api.warm_up(exported)
    assert set(answers) == set(task.serving(preprocessor, untrained).signatures)
    for signature, (inputs, served) in answers.items():
        ours = python_answer(task, preprocessor, untrained, signature, inputs)
        assert_equal_answers(served, ours)


@pytest.mark.full(default=("sentiment",))
def test_saved_model_cli_answers_every_signature(exported, c_api, tmp_path, capsys):
    for signature, inputs in read_warm_up(str(exported)):
        folder = tmp_path / signature
        folder.mkdir()
        # What `saved_model_cli run` calls; to start it takes longer than all that it does.
        saved_model_cli.run_saved_model_with_feed_dict(
            str(exported), "serve", signature, inputs, str(folder), overwrite_flag=False
        )
        found = {path.stem: np.load(path, allow_pickle=True) for path in folder.glob("*.npy")}
        assert_equal_answers(c_api.run(exported, signature, inputs), found)


def test_every_input_and_output_has_a_batch_axis(exported, c_api):
    for sides in c_api.signatures(exported).values():
        for infos in sides.values():
            assert all(shape[0] is None for _, shape in infos.values())


@pytest.mark.full(default=("sentiment", "translation"))
def test_the_export_holds_what_the_signatures_read_and_nothing_twice(prepared, untrained, exported):
    task, _, preprocessor, _ = prepared
    functions = export.serving_functions(task.serving(preprocessor, untrained))
    read = {id(v): v for f in functions.values() for v in f.graph.variables}
    held = tf.train.list_variables(str(exported / "variables" / "variables"))
    held = [(name, shape) for name, shape in held if name != "_CHECKPOINTABLE_OBJECT_GRAPH"]
    assert len(held) == len(read)
    assert sorted(map(tuple, (s for _, s in held))) == sorted(tuple(v.shape) for v in read.values())


def answered(c_api, version, signature, request):
    """Return the answer, or the message of a refusal."""
    try:
        return c_api.run(version, signature, request, timeout=MAX_SECONDS), ""
    except ServerError as error:
        return {}, str(error)


@pytest.mark.full(default=("sentiment",))
def test_random_requests_are_answered_or_refused_and_none_hangs(exported, c_api):
    usual = dict(read_warm_up(str(exported)))
    for signature, sides in c_api.signatures(exported).items():
        random = RandomRequests(sides["inputs"], usual[signature])
        num_refused = 0
        for _ in range(NUM_REQUESTS):
            request = random()
            answer, refusal = answered(c_api, exported, signature, request)
            if refusal:
                num_refused += 1
                names = "|".join(request)
                assert re.match(rf"INVALID_ARGUMENT.*Inputs? ({names})\b", refusal), refusal
            for name, value in answer.items():
                if value.dtype.kind == "f":
                    assert np.isfinite(value).all(), (signature, name, request)
        assert num_refused < NUM_REQUESTS / 2


def test_a_batch_of_none_is_answered_by_none(exported, c_api):
    for signature, sides in c_api.signatures(exported).items():
        usual = dict(read_warm_up(str(exported)))[signature]
        nothing = {name: values[:0] for name, values in usual.items()}
        for name, value in c_api.run(exported, signature, nothing).items():
            assert value.shape[0] == 0, name
        assert sides["outputs"].keys() == c_api.run(exported, signature, usual).keys()


def test_inputs_with_other_rows_are_refused_by_name(exported, c_api):
    for signature, inputs in read_warm_up(str(exported)):
        for name in list(inputs)[1:]:
            wrong = {**inputs, name: np.concatenate([inputs[name], inputs[name]])}
            with pytest.raises(
                ServerError, match=rf"INVALID_ARGUMENT.*{name}.*same number of rows"
            ):
                c_api.run(exported, signature, wrong)


def test_a_request_beyond_the_limits_is_cut_or_refused_at_once(exported, c_api):
    for signature, inputs in read_warm_up(str(exported)):
        for name, values in inputs.items():
            if values.dtype != object or name == "unique_id":
                continue
            long = np.full(values.shape, b"a b " * 250_000, object)
            started = time.monotonic()
            answer, refusal = answered(c_api, exported, signature, {**inputs, name: long})
            if refusal:
                assert refusal.startswith("INVALID_ARGUMENT")
                assert name in refusal
            else:
                told = answer["problem"] != b"" if "problem" in answer else answer["truncated"]
                assert told.all()
            assert time.monotonic() - started < MAX_SECONDS / 2
