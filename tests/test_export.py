"""What is exported runs without us, on a CPU, and answers as Python does."""

import numpy as np
import pytest
import tensorflow as tf

from seqsuite import export, runs
from seqsuite.config import build_config
from seqsuite.errors import EnvironmentFailure
from seqsuite.prediction import Server
from seqsuite.tasks import find_task

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


def test_a_fresh_interpreter_without_keras_answers_as_python_does(run, version, lone_server):
    answers, _ = lone_server.ask(version, {"serving_default": {"text": TEXTS}})
    served = answers["serving_default"]
    server = run.task.build_server(run.preprocessor, run.model)
    ours = server({"text": tf.constant(TEXTS)})
    assert served["label"] == [x.decode() for x in ours["label"].numpy()]
    np.testing.assert_allclose(served["probabilities"], ours["probabilities"], atol=1e-5)
    np.testing.assert_allclose(served["probability"], ours["probability"], atol=1e-5)
    assert np.isfinite(served["probabilities"]).all()
    assert served["labels"] == [["negative", "positive"]] * len(TEXTS)


def test_what_is_served_is_calibrated(run):
    scalings = run.preprocessor.temperature_scaling, run.preprocessor.recurrent_scaling
    kept = [float(scaling.temperature) for scaling in scalings]
    server = run.task.build_server(run.preprocessor, run.model)
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
    serve = Server(version)
    together = serve(text=tf.constant(TEXTS))["probabilities"].numpy()
    alone = [serve(text=tf.constant([text]))["probabilities"].numpy()[0] for text in TEXTS]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_invalid_utf8_gets_an_answer(version):
    outputs = Server(version)(text=tf.constant([b"bad \xff\xfe bytes"]))
    assert np.isfinite(outputs["probabilities"].numpy()).all()


def test_the_loaded_run_is_the_trained_run(run):
    loaded = runs.load(run.task, run.directory)
    features = {"text": tf.constant(SHORT)}
    ours = run.task.build_server(run.preprocessor, run.model)(features)
    theirs = run.task.build_server(loaded.preprocessor, loaded.model)(features)
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
    assert [text.decode() for text in texts] == run.task.sample_requests()["text"]


def test_versions_count_up_and_the_latest_is_found(run, version):
    second = runs.export_run(run, version.parent)
    assert (version.name, second.name) == ("1", "2")
    assert export.latest_version(version.parent) == second
    assert export.latest_version(version) == version
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
