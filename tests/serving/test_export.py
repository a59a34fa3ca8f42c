"""What is exported runs without us, on a CPU, and answers as Python does."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.config import build_config
from seqsuite.errors import EnvironmentFailure
from seqsuite.serving import export, warm_up
from seqsuite.serving.exported_model import ExportedModel
from seqsuite.serving.versions import latest_version
from seqsuite.task import CONFIG_FILE
from seqsuite.tasks import find_task
from seqsuite.training import runs
from tests.conformance.c_api import ServerError

pytestmark = pytest.mark.full

TEXTS = [
    "The room is not dull at all.",
    "",
    "   ",
    "😀 很好 ไทย",
    "word " * 3000,
    "gorgeous but hollow",
]
SHORT = [text for text in TEXTS if len(text) < 100]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    task_class = find_task("sentiment")
    settings = {
        "data": {"limit": 300},
        "model": {"units": 6, "embedding_size": 6, "ngram_buckets": 512},
        "training": {"epochs": 1},
    }
    task = task_class(build_config(task_class.config_class, settings))
    return runs.train(task, tmp_path_factory.mktemp("export") / "run")


@pytest.fixture(scope="module")
def version(run, tmp_path_factory):
    return runs.export_run(run, tmp_path_factory.mktemp("served"))


@pytest.mark.full
def test_a_server_answers_as_python_does(run, version, c_api):
    served = c_api.run(version, "serving_default", {"text": np.array(TEXTS, object)})
    server = run.task.serving(run.preprocessor, run.model).function
    ours = server({"text": tf.constant(TEXTS)})
    assert served["label"].tolist() == ours["label"].numpy().tolist()
    np.testing.assert_allclose(served["probabilities"], ours["probabilities"], atol=1e-5)
    np.testing.assert_allclose(served["probability"], ours["probability"], atol=1e-5)
    assert np.isfinite(served["probabilities"]).all()
    assert served["labels"].tolist() == [[b"negative", b"positive"]] * len(TEXTS)


@pytest.mark.full
def test_an_export_of_keras_objects_answers_in_python_and_not_in_a_server(run, c_api, tmp_path):
    functions = export.serving_functions(run.task.serving(run.preprocessor, run.model))
    module = tf.Module()
    module.preprocessor, module.model = run.preprocessor, run.model
    tf.saved_model.save(module, str(tmp_path / "1"), signatures=functions)
    loaded = tf.saved_model.load(str(tmp_path / "1"))
    assert loaded.signatures["serving_default"](text=tf.constant(["good"]))["label"].shape == (1,)
    with pytest.raises(ServerError, match=r"Resource localhost/.* does not exist"):
        c_api.run(tmp_path / "1", "serving_default", {"text": np.array(["good"], object)})


def test_the_weights_are_the_same_bytes_whenever_they_are_exported(run, version, tmp_path):
    loaded = runs.load(run.task, run.directory)
    again = runs.export_run(loaded, tmp_path)
    first, second = (
        tf.train.load_checkpoint(str(path / "variables" / "variables")) for path in (version, again)
    )
    shapes = first.get_variable_to_shape_map()
    assert shapes.keys() == second.get_variable_to_shape_map().keys()
    for name in shapes.keys() - {"_CHECKPOINTABLE_OBJECT_GRAPH"}:
        assert first.get_tensor(name).tobytes() == second.get_tensor(name).tobytes()


def test_exports_at_the_same_time_are_versions_of_their_own(run, version, c_api, tmp_path):
    with ThreadPoolExecutor(3) as pool:
        exports = [pool.submit(runs.export_run, run, tmp_path) for _ in range(3)]
        versions = [one.result() for one in exports]
    assert sorted(path.name for path in versions) == ["1", "2", "3"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2", "3"]
    request = {"text": np.array(TEXTS, object)}
    expected = c_api.run(version, "serving_default", request)
    for path in versions:
        found = c_api.run(path, "serving_default", request)
        np.testing.assert_array_equal(found["probabilities"], expected["probabilities"])


def test_an_export_that_fails_leaves_nothing(run, tmp_path, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(warm_up, "write_warm_up_requests", full)
    with pytest.raises(EnvironmentFailure, match="No space left on device"):
        runs.export_run(run, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_text_beyond_the_limit_is_cut_and_told(run, c_api, tmp_path):
    limits = dataclasses.replace(run.task.config.serving, max_length=20, max_request=60)
    config = dataclasses.replace(run.task.config, serving=limits)
    small = dataclasses.replace(run, task=type(run.task)(config))
    path = runs.export_run(small, tmp_path)
    texts = np.array(["good room " * 10, "good room good room "], object)
    served = c_api.run(path, "serving_default", {"text": texts})
    assert served["truncated"].tolist() == [True, False]
    assert served["probabilities"][0].tolist() == served["probabilities"][1].tolist()
    with pytest.raises(ServerError, match=r"Input text: .*at most 60 \(serving.max_request\)"):
        c_api.run(path, "serving_default", {"text": texts.repeat(2)})
    assert "max_length = 20" in (path / CONFIG_FILE).read_text()


def test_what_is_served_is_calibrated(run):
    scalings = run.preprocessor.temperature_scaling, run.preprocessor.recurrent_scaling
    kept = [float(scaling.temperature) for scaling in scalings]
    server = run.task.serving(run.preprocessor, run.model).function
    features = {"text": tf.constant(SHORT)}
    outputs = run.model(run.preprocessor(features), training=False)
    recurrent = outputs["recurrent_logits"]
    ngrams = outputs["logits"] - recurrent
    try:
        for scaling, temperature in zip(scalings, (2.5, 4.0), strict=True):
            scaling.set_temperature(temperature)
        served = server(features)["probabilities"]
    finally:
        for scaling, temperature in zip(scalings, kept, strict=True):
            scaling.set_temperature(temperature)
    np.testing.assert_allclose(served, tf.nn.softmax((recurrent / 4 + ngrams) / 2.5), atol=1e-6)


def test_an_answer_does_not_depend_on_the_rest_of_the_batch(version):
    serve = ExportedModel(version)
    together = serve(text=tf.constant(TEXTS))["probabilities"].numpy()
    alone = [serve(text=tf.constant([text]))["probabilities"].numpy()[0] for text in TEXTS]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_invalid_utf8_gets_an_answer(version):
    outputs = ExportedModel(version)(text=tf.constant([b"bad \xff\xfe bytes"]))
    assert np.isfinite(outputs["probabilities"].numpy()).all()


def test_the_loaded_run_is_the_trained_run(run):
    loaded = runs.load(run.task, run.directory)
    features = {"text": tf.constant(SHORT)}
    ours = run.task.serving(run.preprocessor, run.model).function(features)
    theirs = run.task.serving(loaded.preprocessor, loaded.model).function(features)
    np.testing.assert_array_equal(ours["probabilities"], theirs["probabilities"])


def test_warm_up_requests_parse_as_the_server_parses_them(run, version):
    protos = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    path = version / "assets.extra" / "tf_serving_warmup_requests"
    records = list(tf.data.TFRecordDataset(str(path)))
    assert len(records) == 1
    log = protos.PredictionLog.FromString(records[0].numpy())
    request = log.predict_log.request
    assert request.model_spec.name == "sentiment"
    assert request.model_spec.signature_name == "serving_default"
    texts = tf.make_ndarray(request.inputs["text"])
    assert [text.decode() for text in texts] == run.task.serving(
        run.preprocessor, run.model
    ).requests["serving_default"]["text"]


def test_versions_count_up_and_the_latest_is_found(run, version):
    second = runs.export_run(run, version.parent)
    assert (version.name, second.name) == ("1", "2")
    assert latest_version(version.parent) == second
    assert latest_version(version) == version
    assert sorted(p.name for p in version.parent.iterdir()) == ["1", "2"]


def test_an_unwritable_place_is_one_clear_error(run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFailure, match="--output"):
        runs.export_run(run, tmp_path / "file")


def test_a_graph_with_random_or_assigning_ops_is_refused():
    variable = tf.Variable(0.0)

    @tf.function
    def noisy(x):
        variable.assign_add(1.0)
        return x + tf.random.normal([])

    with pytest.raises(RuntimeError, match=r"Assign.*Random"):
        export.check_servable(noisy.get_concrete_function(tf.TensorSpec([None])))
