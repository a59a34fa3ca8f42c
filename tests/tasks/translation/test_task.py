"""Translation as a task: what is searched, scored, served and read from files is the same."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite import schedules
from seqsuite.callbacks.scheduled_sampling import spanning_settings
from seqsuite.config import build_config
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.text.subwords import BEGIN_ID, END_ID, PADDING_ID, UNKNOWN_ID
from seqsuite.training import splits
from tests.clients import client_of
from tests.tasks.translation.runs import SOURCES, TARGETS, TRANSLATION

SMALL = {
    "data": {"vocabulary_size": 40},
    "model": {"units": 6, "embedding_size": 6},
    "decoding": {"length_penalty": 0.0, "max_length": 6},
}
EXAMPLES = Examples({"source": SOURCES}, TARGETS)


def built(**sections):
    """A task, its preprocessor, and a model whose weights say something."""
    keras.utils.set_random_seed(1)
    names = {*SMALL, *sections}
    merged = {name: {**SMALL.get(name, {}), **sections.get(name, {})} for name in names}
    task = TRANSLATION(build_config(TRANSLATION.config_class, merged))
    preprocessor = task.build_preprocessor(EXAMPLES)
    model = task.build_model(preprocessor)
    rng = np.random.default_rng(2)
    for weight in model.weights:
        if "seed" not in weight.path and "probability" not in weight.path:
            weight.assign(rng.normal(scale=0.6, size=weight.shape))
    # What a search never says is not what a model is sure of, so that both agree on the best.
    cell = model.get_layer("decoder").cell
    bias = cell.output_bias.numpy()
    bias[[PADDING_ID, UNKNOWN_ID, BEGIN_ID]] = -20.0
    cell.output_bias.assign(bias)
    return task, preprocessor, model


def greedy_by_prefixes(model, features, longest=6):
    """The likeliest next id of the whole training model, over and over: no search, no cell."""
    said, total = [], 0.0
    for _ in range(longest + 1):
        read = tf.constant([[BEGIN_ID, *said]])
        inputs = {**features, "target_ids": read, "target_length": tf.constant([len(said) + 1])}
        logits = model(inputs, training=False)["logits"][0, -1]
        shares = tf.nn.log_softmax(logits).numpy()
        best = END_ID if len(said) == longest else int(np.argmax(shares))
        total += float(shares[best])
        if best == END_ID:
            break
        said.append(best)
    return said, total


VARIANTS = [{}, {"model": {"cell": "lstm", "input_feeding": True, "attention": "bahdanau",
                           "num_layers": 2, "tie_embeddings": False, "bridge": "zero"},
                 "data": {"joint": False}}, {"model": {"attention": "location"}}]  # fmt: skip


@pytest.mark.full
@pytest.mark.parametrize("sections", VARIANTS)
def test_greedy_search_in_the_graph_is_the_training_model_asked_word_by_word(sections):
    sections = {"decoding": {"beam_width": 1, "num_alternatives": 1}, **sections}
    task, preprocessor, model = built(**sections)
    server = task.serving(preprocessor, model).function
    served = tf.function(lambda source: server({"source": source}))(tf.constant(SOURCES))
    for row, source in enumerate(SOURCES[:3]):
        features = preprocessor({"source": tf.constant([source])})
        said, total = greedy_by_prefixes(model, features, longest=6)
        assert int(tf.reduce_sum(tf.cast(served["alignment"][row] >= 0, tf.int32))) == len(said)
        text = preprocessor.decode(tf.constant([said], tf.int32, shape=(1, len(said))))[0]
        assert served["translation"][row] == text
        assert float(served["score"][row]) == pytest.approx(total, abs=1e-4)


@pytest.mark.full(default=("luong",))
@pytest.mark.parametrize("attention", ["luong", "location"])
@pytest.mark.full
def test_the_score_of_a_translation_is_what_search_says_of_it(attention):
    task, preprocessor, model = built(model={"attention": attention}, decoding={"beam_width": 4})
    server = task.serving(preprocessor, model).function
    pairs = {"source": tf.constant(SOURCES), "translation": tf.constant(TARGETS)}
    scored = server(pairs)["log_probability"].numpy()
    encoded = preprocessor.encode(EXAMPLES)
    predicted = task.build_predictor(preprocessor, model)(encoded)
    np.testing.assert_allclose(scored, predicted["log_probabilities"], atol=1e-4)
    assert predicted["num_tokens"].tolist() == server(pairs)["num_pieces"].numpy().tolist()


def test_running_free_along_its_own_best_tokens_is_teacher_forcing():
    task, preprocessor, model = built()
    translator = task.build_predictor(preprocessor, model).translator
    features = preprocessor({"source": tf.constant(SOURCES)})
    arguments = features["source_ids"], features["length"], tf.constant(SOURCES)
    ids = np.pad(translator.translate(*arguments, beam_width=1).ids[:, 0].numpy(), [(0, 0), (0, 1)])
    lengths = (ids > 0).sum(axis=1) + 1
    places = np.arange(ids.shape[1])[None]
    targets = np.where(places == lengths[:, None] - 1, END_ID, ids)
    read = np.where(places < lengths[:, None], np.roll(ids, 1, axis=1), PADDING_ID)
    read[:, 0] = BEGIN_ID
    features |= {"target_ids": tf.constant(read), "target_length": tf.constant(lengths, tf.int32)}
    forced = translator.log_probabilities(features, targets)
    free = translator.log_probabilities(features, targets, free_running=True)
    assert lengths.max() > 2
    np.testing.assert_allclose(free, forced, atol=1e-4)


@pytest.mark.full
def test_a_run_that_is_fed_what_it_says_costs_more_than_one_that_is_told():
    task, preprocessor, model = built()
    predicted = task.build_predictor(preprocessor, model, final=True)(preprocessor.encode(EXAMPLES))
    names = {"log_probabilities", "log_probabilities_free_running"}
    assert names <= set(predicted)
    assert not np.allclose(*(predicted[name] for name in sorted(names)))
    assert predicted["attention"].shape == (
        len(predicted["pieces"]), len(predicted["source_pieces"]),
    )  # fmt: skip


def test_no_length_at_all_and_no_source_are_answered_by_nothing():
    task, preprocessor, model = built(decoding={"max_length": 0})
    served = task.serving(preprocessor, model).function({"source": tf.constant([*SOURCES, ""])})
    assert served["translation"].numpy().tolist() == [b""] * 6
    task, preprocessor, model = built()
    served = task.serving(preprocessor, model).function(
        {"source": tf.constant(["the dog", "", " "])}
    )
    assert served["translation"][0] != b""
    assert served["translation"].numpy().tolist()[1:] == [b"", b""]
    none = task.serving(preprocessor, model).function({"source": tf.constant([], tf.string)})
    assert {len(value) for value in none.values()} == {0}


def test_a_beam_wider_than_the_vocabulary_finds_all_there_is():
    settings = {"beam_width": 60, "num_alternatives": 60, "max_length": 1}
    task, preprocessor, model = built(decoding=settings)
    served = task.serving(preprocessor, model).function({"source": tf.constant(["the dog"])})
    scores = served["alternative_scores"][0].numpy()
    # The empty one, and each piece but padding, unknown, begin and end.
    possible = 1 + preprocessor.target_vocabulary.size - 4
    assert served["num_alternatives"].numpy().tolist() == [possible]
    # What there is none of has the score of the last that there is: no client averages a sentinel.
    assert (scores[possible:] == scores[possible - 1]).all()
    assert np.exp(scores[:possible].astype(float)).sum() <= 1.0 + 1e-5
    assert np.isfinite(scores).all()
    row = {key: value.numpy()[0] for key, value in served.items()}
    assert len(client_of(task)._unpadded(row)["alternatives"]) == possible


@pytest.mark.full
def test_unknown_characters_and_very_long_sentences_are_answered():
    task, preprocessor, model = built()
    source = tf.constant(["☃☃☃", "東京 ☃", "the dog " * 1000])
    server = task.serving(preprocessor, model).function
    served = tf.function(lambda source: server({"source": source}))(source)
    assert served["translation"].shape == (3,)
    assert np.isfinite(served["score"]).all()


@pytest.mark.full
def test_unknown_words_are_copied_alike_when_measured_and_when_served():
    task, preprocessor, model = built(data={"pieces": "word", "vocabulary_size": 8})
    cell = model.get_layer("decoder").cell
    bias = cell.output_bias.numpy()
    bias[UNKNOWN_ID] = 20.0
    cell.output_bias.assign(bias)
    examples = Examples({"source": ["a zebra", "quagga"]}, ["ein Zebra", "Quagga"])
    predictor = task.build_predictor(preprocessor, model, final=True)
    translated = list(predictor(preprocessor.encode(examples))["translations"])
    served = task.serving(preprocessor, model).function(
        {"source": tf.constant(["a zebra", "quagga"])}
    )
    assert [text.decode() for text in served["translation"].numpy()] == translated
    assert "quagga" in translated[1]


def test_after_an_epoch_only_some_are_translated_and_all_are_measured():
    task, preprocessor, model = built(decoding={"validation_examples": 2})
    encoded = preprocessor.encode(EXAMPLES)
    predicted = task.build_predictor(preprocessor, model)(encoded)
    assert predicted["chosen"].tolist() == [0, 4]
    assert len(predicted["log_probabilities"]) == 5
    scores = task.score(predicted, encoded.targets, preprocessor)
    assert set(scores) == {"bleu", "perplexity"}
    mean = -predicted["log_probabilities"].sum() / predicted["num_tokens"].sum()
    assert scores["perplexity"] == pytest.approx(np.exp(mean))


@pytest.mark.parametrize(
    ("schedule", "first", "middle", "last"),
    [
        ("constant", 0.5, 0.5, 0.5),
        ("linear", 0.0, 0.25, 0.5),
        # 0.01 of the true tokens are left at the end, so 0.1 in the middle.
        ("exponential", 0.0, 0.45, 0.495),
        ("inverse_sigmoid", 0.0, 0.25, 0.5),
    ],
)
def test_schedules_span_the_training(schedule, first, middle, last):
    settings = spanning_settings(schedule, 1000)
    found = [schedules.sampling_probability(schedule, s, 0.5, **settings) for s in (0, 500, 1000)]
    assert found == pytest.approx([first, middle, last], abs=0.01)


def test_a_schedule_moves_what_the_decoder_samples_with():
    training = {"sampling_schedule": "linear", "sampling_probability": 0.8}
    task, preprocessor, model = built(training=training)
    ((callback,),) = (phase.callbacks for phase in task.phases(preprocessor, model, None))
    callback.set_params({"epochs": 2, "steps": 5})
    callback.set_model(model)
    callback.on_train_begin()
    model.optimizer.iterations.assign(5)
    callback.on_train_batch_begin(0)
    assert float(model.get_layer("decoder").sampling_probability) == pytest.approx(0.4)
    task, preprocessor, model = built()
    assert not task.phases(preprocessor, model, None)[0].callbacks


def test_held_out_pairs_stay_out_though_others_share_their_translation():
    task, *_ = built(data={"validation_fraction": 0.5})
    many = Examples({"source": [f"s{i}" for i in range(20)]}, ["yes"] * 10 + list("abcdefghij"))
    rest, held_out = splits._cut(task.config.data, many, seed=0)
    assert len(rest) == len(held_out) == 10


@pytest.mark.parametrize(
    ("data", "language"),
    [
        ({}, "fr"),
        ({"source": "multi30k"}, "de"),
        ({"source": "multi30k", "source_language": "de"}, "en"),
        ({"source": "tatoeba", "target_language": "en"}, "en"),
        ({"source": "files"}, "en"),
        ({"source": "tfds:wmt16_translate/de-en", "target_language": "de"}, "de"),
    ],
)
def test_the_language_of_the_target_is_what_its_reader_or_a_flag_says(data, language):
    config = build_config(TRANSLATION.config_class, {"data": data})
    assert TRANSLATION(config).language == language


def test_settings_that_would_be_ignored_are_refused():
    for section, key, value in (("data", "pieces", "word"),):
        sampled = {"source_sampling": 0.1} if section == "data" else {}
        with pytest.raises(UserError) as caught:
            build_config(TRANSLATION.config_class, {section: {key: value, **sampled}})
        assert "\n" not in str(caught.value)


@pytest.mark.full
def test_the_example_of_the_page_runs(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = repository / "tasks" / "translation" / "README.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    names = {"__name__": "page"}
    assert blocks
    for block in blocks:  # each goes on where the one before ended
        exec(compile(block, "README.md", "exec"), names)
