"""The decoder, and a whole tagger: trained, saved, loaded, trained on, exported."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import CRF, CRFDecoder
from seqsuite.losses import CRFLoss
from tests.layers.training_steps import build_for_training
from tests.reference.crf import Chain

NUM_TAGS = 3
LENGTHS = np.array([5, 1, 0, 3], "int32")
TOKEN_IDS = np.array([[1, 2, 3, 4, 5], [5, 0, 0, 0, 0], [0, 0, 0, 0, 0], [6, 2, 4, 0, 0]], "int32")
DATA = {"token_ids": TOKEN_IDS, "lengths": LENGTHS}
TAGS = np.where(np.arange(5) < LENGTHS[:, None], TOKEN_IDS % NUM_TAGS, -1)


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


def make_tagger(compiled=True):
    """A functional model with potentials and decoded tags, trained on the potentials."""
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    lengths = keras.Input((), dtype="int32", name="lengths")
    logits = keras.layers.Dense(NUM_TAGS)(keras.layers.Embedding(7, 4)(token_ids))
    crf = CRF(NUM_TAGS, forbidden_transitions=[(2, 2)])
    potentials = crf(logits, lengths=lengths)
    decoded = CRFDecoder(crf)(potentials, lengths=lengths)
    model = keras.Model(
        {"token_ids": token_ids, "lengths": lengths}, {"potentials": potentials, **decoded}
    )
    if compiled:
        model.compile(keras.optimizers.Adam(0.1), loss={"potentials": CRFLoss(crf)})
        build_for_training(model)
    return model


@pytest.fixture(scope="module")
def fitted():
    """A tagger after two steps; tests that share it leave it as it is."""
    keras.utils.set_random_seed(0)
    model = make_tagger()
    model.fit(DATA, {"potentials": TAGS}, epochs=2, verbose=0)
    return model


def layer_of(model, kind):
    (layer,) = [layer for layer in model.layers if type(layer) is kind]
    return layer


def as_numpy(outputs):
    return {name: np.array(value) for name, value in outputs.items()}


def assert_same(got, expected):
    for name, value in as_numpy(expected).items():
        np.testing.assert_allclose(np.array(got[name]), value, atol=1e-6)


def test_confidence_is_the_marginal_of_the_decoded_tag():
    crf = CRF(NUM_TAGS, forbidden_starts=[1])
    rng = np.random.default_rng(0)
    crf.set_weights([rng.normal(size=w.shape) for w in crf.weights])
    transitions, start, end = (weight.astype(float) for weight in crf.get_weights())
    start[1] = -np.inf
    chain = Chain(start, transitions, end)
    x = rng.normal(size=(4, 5, NUM_TAGS)).astype("float32")
    decoded = as_numpy(CRFDecoder(crf)(x, lengths=LENGTHS))
    assert decoded["tags"].dtype == np.int32
    assert decoded["confidence"].dtype == np.float32
    for row, n, tags, confidence in zip(
        x, LENGTHS, decoded["tags"], decoded["confidence"], strict=True
    ):
        path = chain.legal_paths(row[:n])[0][1]
        expected = chain.marginals(row[:n])[np.arange(n), list(path)]
        assert tuple(tags) == (*path, *[0] * (5 - n))
        np.testing.assert_allclose(confidence, [*expected, *[0] * (5 - n)], atol=1e-6)


def test_confidence_adds_up_the_tags_of_one_answer():
    crf = CRF(NUM_TAGS, forbidden_transitions=[(0, 1)])
    rng = np.random.default_rng(2)
    crf.set_weights([rng.normal(size=w.shape) for w in crf.weights])
    transitions, start, end = (weight.astype(float) for weight in crf.get_weights())
    transitions[0, 1] = -np.inf
    chain = Chain(start, transitions, end)
    x = rng.normal(size=(4, 5, NUM_TAGS)).astype("float32")
    decoder = CRFDecoder(crf, ["same", "other", "same"])
    decoded = as_numpy(decoder(x, lengths=LENGTHS))
    np.testing.assert_array_equal(decoded["tags"], CRFDecoder(crf)(x, lengths=LENGTHS)["tags"])
    for row, n, tags, confidence in zip(
        x, LENGTHS, decoded["tags"], decoded["confidence"], strict=True
    ):
        marginals = chain.marginals(row[:n])
        other = marginals[:, 1]
        expected = np.where(tags[:n] == 1, other, 1 - other)
        np.testing.assert_allclose(confidence, [*expected, *[0] * (5 - n)], atol=1e-6)
    assert len(np.unique(decoded["tags"])) == NUM_TAGS


def test_there_is_an_answer_for_each_tag():
    with pytest.raises(ValueError, match=r"answers=\['a'\]"):
        CRFDecoder(CRF(NUM_TAGS), ["a"])


def test_padding_changes_nothing():
    decoder = CRFDecoder(CRF(NUM_TAGS))
    x = np.random.default_rng(1).normal(size=(4, 5, NUM_TAGS)).astype("float32")
    longer = np.pad(x, [(0, 0), (0, 5), (0, 0)], constant_values=9.0)
    short, long = decoder(x, lengths=LENGTHS), decoder(longer, lengths=LENGTHS)
    assert_same({name: value[:, :5] for name, value in long.items()}, short)
    assert not any(np.array(value)[:, 5:].any() for value in long.values())


def test_only_a_crf_is_taken():
    with pytest.raises(ValueError, match="crf=None"):
        CRFDecoder(None)


def test_weights_are_counted_once():
    model = make_tagger()
    assert len(model.trainable_weights) == 6  # embedding, kernel and bias, and the CRF's three
    assert model.count_params() == 7 * 4 + 4 * 3 + 3 + 3 * 3 + 3 + 3


@pytest.mark.parametrize("file", ["model.keras", "weights.weights.h5"])
def test_a_saved_tagger_keeps_its_answers(file, fitted, tmp_path):
    model = fitted
    if file == "model.keras":
        model.save(tmp_path / file)
        again = keras.models.load_model(tmp_path / file)
    else:
        model.save_weights(tmp_path / file)
        again = make_tagger(compiled=False)
        again.load_weights(tmp_path / file)
    assert len(again.weights) == len(model.weights)
    assert layer_of(again, CRFDecoder).crf is layer_of(again, CRF)
    assert_same(again(DATA), model(DATA))


@pytest.mark.full
def test_a_loaded_tagger_trains_on_as_the_saved_one_would(tmp_path):
    model = make_tagger()
    model.fit(DATA, {"potentials": TAGS}, epochs=3, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    before = [weight.copy() for weight in layer_of(again, CRF).get_weights()]
    histories = [m.fit(DATA, {"potentials": TAGS}, epochs=30, verbose=0) for m in (model, again)]
    losses = [history.history["loss"] for history in histories]
    np.testing.assert_allclose(losses[1], losses[0], atol=1e-5)
    assert losses[0][-1] < 0.5 * losses[0][0]
    for old, new in zip(before, layer_of(again, CRF).get_weights(), strict=True):
        assert np.abs(new - old).max() > 0.01
    assert_same(again(DATA), model(DATA))


@pytest.mark.full
def test_a_tagger_learns_what_its_logits_cannot_say():
    # All tokens are alike; only the transitions can tell that tags alternate.
    tags = np.tile([0, 1, 0, 1, 0], (4, 1))
    inputs = keras.Input((None, 1))
    crf = CRF(2)
    model = keras.Model(inputs, crf(keras.layers.Dense(2)(inputs)))
    model.compile(keras.optimizers.Adam(0.2), loss=CRFLoss(crf))
    build_for_training(model)
    model.fit(np.ones((4, 5, 1)), tags, epochs=40, verbose=0)
    decoded, _ = crf.viterbi(model(np.ones((1, 7, 1))))
    assert np.array(decoded).tolist() == [[0, 1, 0, 1, 0, 1, 0]]


def test_an_exported_tagger_gives_the_same_answers(fitted, tmp_path):
    model = fitted
    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = {
        "token_ids": tf.TensorSpec([None, None], tf.int32, name="token_ids"),
        "lengths": tf.TensorSpec([None], tf.int32, name="lengths"),
    }
    archive.add_endpoint("serve", lambda inputs: model(inputs), input_signature=[signature])
    archive.write_out(str(tmp_path / "tagger"), verbose=False)
    served = tf.saved_model.load(str(tmp_path / "tagger"))
    graph = served.signatures["serve"].graph.as_graph_def()
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    assert not {node.op for node in nodes if "Random" in node.op or "Assign" in node.op}
    for rows, steps in [(4, 5), (2, 1), (1, 0), (4, 9)]:
        inputs = {
            "token_ids": tf.constant(np.resize(TOKEN_IDS, (rows, steps)), tf.int32),
            "lengths": tf.constant(np.minimum(LENGTHS[:rows], steps)),
        }
        assert_same(served.serve(inputs), model(inputs))
