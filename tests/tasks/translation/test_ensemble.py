"""Runs that translate together: the mean of their probabilities is what is measured and served."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.cli.main import main
from seqsuite.config import parse
from seqsuite.errors import UserError
from seqsuite.preprocessor import Preprocessor
from seqsuite.serving import exported_model, versions
from seqsuite.tasks.translation.ensemble import check_runs, ensemble_members
from seqsuite.tasks.translation.preprocessor import TranslationPreprocessor
from seqsuite.tasks.translation.translator import Translator
from seqsuite.text.subwords import BEGIN_ID, END_ID, PADDING_ID, UNKNOWN_ID
from seqsuite.training import runs
from tests.tasks.translation.runs import SOURCES, TRANSLATION
from tests.tasks.translation.test_task import EXAMPLES, built

LONGEST = 6


pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def pair():
    """A task and two models of one vocabulary whose weights say different things."""
    task, preprocessor, model = built(decoding={"beam_width": 1, "max_length": LONGEST})
    other = task.build_model(preprocessor)
    rng = np.random.default_rng(7)
    for weight, own in zip(other.weights, model.weights, strict=True):
        weight.assign(own.numpy() + rng.normal(scale=0.2, size=own.shape).astype(own.dtype))
    return task, preprocessor, [model, other]


def encoded_rows(preprocessor, examples=EXAMPLES):
    encoded = preprocessor.encode(examples)
    rows = np.arange(len(encoded))
    features = {
        name: column.pad(rows) if name.endswith("_ids") else column
        for name, column in encoded.features.items()
    }
    features = {name: tf.constant(value, tf.int32) for name, value in features.items()}
    return features, tf.constant(encoded.targets["logits"].pad(rows), tf.int32)


def mean_shares(models, features, read):
    """The mean of what the training models expect after each piece of one row: no cell, no step."""
    inputs = {**features, "target_ids": tf.constant([read]), "target_length": [len(read)]}
    inputs = {name: tf.constant(value, tf.int32) for name, value in inputs.items()}
    found = [tf.nn.softmax(model(inputs, training=False)["logits"][0]) for model in models]
    return np.mean([one.numpy().astype(np.float64) for one in found], axis=0)


def one_row(features, row):
    return {name: features[name][row : row + 1] for name in ("source_ids", "length")}


def test_a_model_with_itself_is_itself(pair):
    task, preprocessor, (model, _) = pair
    features, targets = encoded_rows(preprocessor)
    found, measured = [], []
    for others in ([], [model, model]):
        translator = Translator(preprocessor, model, task.config.decoding, others)
        arguments = features["source_ids"], features["length"], tf.constant(SOURCES)
        found.append(translator.translate(*arguments, beam_width=3, num_alternatives=2))
        measured.append(
            [translator.log_probabilities(features, targets, free) for free in (False, True)]
        )
    np.testing.assert_array_equal(found[0].ids, found[1].ids)
    np.testing.assert_allclose(found[0].scores, found[1].scores, atol=1e-4)
    np.testing.assert_allclose(found[0].attention, found[1].attention, atol=1e-5)
    np.testing.assert_allclose(measured[0], measured[1], atol=1e-4)


def test_two_models_say_what_is_likeliest_to_both(pair):
    task, preprocessor, models = pair
    translator = Translator(preprocessor, models[0], task.config.decoding, models[1:])
    features, _ = encoded_rows(preprocessor)
    arguments = features["source_ids"], features["length"], tf.constant(SOURCES)
    found = translator.translate(*arguments)
    for row in range(3):
        said, total = [], 0.0
        for _ in range(LONGEST + 1):
            shares = mean_shares(models, one_row(features, row), [BEGIN_ID, *said])[-1]
            shares[[PADDING_ID, UNKNOWN_ID, BEGIN_ID]] = 0.0
            best = END_ID if len(said) == LONGEST else int(np.argmax(shares))
            total += float(np.log(shares[best]))
            if best == END_ID:
                break
            said.append(best)
        assert found.ids[row, 0, : found.lengths[row, 0]].numpy().tolist() == said
        assert float(found.scores[row, 0]) == pytest.approx(total, abs=1e-4)


@pytest.mark.parametrize("free_running", [False, True])
def test_likelihoods_are_those_of_mean_probabilities(pair, free_running):
    task, preprocessor, models = pair
    translator = Translator(preprocessor, models[0], task.config.decoding, models[1:])
    features, targets = encoded_rows(preprocessor)
    found = translator.log_probabilities(features, targets, free_running)
    for row in range(3):
        count = int(features["target_length"][row])
        read = features["target_ids"][row, :count].numpy().tolist()
        for place in range(1, count if free_running else 0):
            shares = mean_shares(models, one_row(features, row), read[:place])
            read[place] = int(np.argmax(shares[-1]))
        shares = mean_shares(models, one_row(features, row), read)
        wanted = np.log(shares[np.arange(count), targets[row, :count].numpy()]).sum()
        assert float(found[row]) == pytest.approx(wanted, abs=1e-4)


@pytest.fixture(scope="module")
def joined(translation_run, tmp_path_factory):
    """A run, and another that translates together with it: (folder of the first, of the other)."""
    (first, flags), base = translation_run, tmp_path_factory.mktemp("ensemble")
    own = ["--model.units=5", f"--decoding.ensemble_runs={first}/run", "--training.seed=1",
           f"--run_dir={base}/run", f"--export_dir={base}/served"]  # fmt: skip
    assert main(TRANSLATION, ["train", *flags, *own]) == 0
    return first / "run", base / "run"


def loaded(directory):
    config, _ = parse(TRANSLATION.config_class, [f"--config={directory}/config.toml"])
    return runs.load(TRANSLATION(config), directory)


def test_what_is_exported_is_the_ensemble(joined, tmp_path):
    # Elsewhere, and without the runs it was made of.
    version = shutil.copytree(
        versions.latest_version(joined[1].parent / "served"), tmp_path / "model"
    )
    served = exported_model.ExportedModel(version)(source=tf.constant(SOURCES))
    run_a, run_b = map(loaded, joined)
    decoding = run_b.task.config.decoding
    translator = Translator(run_b.preprocessor, run_b.model, decoding, [run_a.model])
    features = run_b.preprocessor({"source": tf.constant(SOURCES)})
    arguments = features["source_ids"], features["length"], tf.constant(SOURCES)
    found = translator.translate(*arguments, num_alternatives=3)
    assert served["alternatives"].numpy().tolist() == found.texts.numpy().tolist()
    is_found = np.arange(3) < served["num_alternatives"].numpy()[:, None]
    assert is_found.any()
    ours, theirs = served["alternative_scores"].numpy(), found.scores.numpy()
    np.testing.assert_allclose(ours[is_found], theirs[is_found], atol=1e-4)


def test_what_is_measured_is_the_ensemble(joined):
    run_a, run_b = map(loaded, joined)
    num_weights = len(run_b.model.weights)
    (member,) = ensemble_members([str(joined[0])], run_b.preprocessor, run_b.model)
    for ours, theirs in zip(member.weights, run_a.model.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    # A checkpoint of the run holds its own weights alone.
    assert len(run_b.model.weights) == num_weights
    translator = Translator(
        run_b.preprocessor, run_b.model, run_b.task.config.decoding, [run_a.model]
    )
    features, targets = encoded_rows(run_b.preprocessor, run_b.task.load_examples("test"))
    count = float(tf.reduce_sum(features["target_length"]))
    metrics = runs.read_result(joined[1])["metrics"]
    for name, free_running in (("perplexity", False), ("perplexity_free_running", True)):
        nats = -translator.log_probabilities(features, targets, free_running).numpy().sum()
        assert metrics[name] == pytest.approx(np.exp(nats / count), rel=1e-4)


def test_runs_that_do_not_fit_are_refused_before_training(joined, tmp_path):
    other = TranslationPreprocessor(vocabulary_size=40)
    other.adapt(EXAMPLES)
    with pytest.raises(UserError, match="has another vocabulary"):
        check_runs([str(run) for run in joined], other)
    known = Preprocessor.load_from(joined[0])
    with pytest.raises(UserError, match="is no finished run"):
        check_runs([str(joined[0]), str(tmp_path)], known)
    assert check_runs([str(run) for run in joined], known) == list(joined)
    assert check_runs([], known) == []
