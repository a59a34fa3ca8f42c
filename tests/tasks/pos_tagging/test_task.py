"""The tagging task: what is sure under spans, what is refused, and that nothing is traced twice."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.config import build_config
from seqsuite.data.batching import RaggedColumn
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.serving import export
from seqsuite.task import Baselines, Results
from seqsuite.tasks import find_task
from seqsuite.training.model_runner import Predictor
from tests.layers.training_steps import build_for_training
from tests.reference.crf import Chain

TAGGING = find_task("pos_tagging")
SMALL = {"units": 4, "embedding_size": 4, "character_units": 4, "affix_size": 4}
WORDS = [("Ann", "Lee", "saw", "Rome"), ("in", "Rome"), ("Ann",)]
SPANS = [("B-x", "I-x", "O", "B-y"), ("O", "B-y"), ("B-x",)]


def task_of(data=None, model=None, training=None):
    sections = {"data": data or {}, "model": {**SMALL, **(model or {})}, "training": training or {}}
    return TAGGING(build_config(TAGGING.config_class, sections))


def built(head, scheme="bioes", labels=SPANS, **settings):
    """A task, its preprocessor, and a model whose weights say something."""
    keras.utils.set_random_seed(0)
    task = task_of({"scheme": scheme, "min_count": 1}, {"head": head, **settings})
    preprocessor = task.build_preprocessor(Examples({"tokens": WORDS}, labels))
    model = task.build_model(preprocessor)
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if "crf" in weight.path or "tag_logits" in weight.path:
            weight.assign(rng.normal(size=weight.shape))
    return task, preprocessor, model


def chain_of(model, labels):
    """The model's CRF by enumeration, with what BIOES forbids written out here."""
    crf = model.get_layer("crf")
    weights = (crf.start_scores, crf.transitions, crf.end_scores)
    start, transitions, end = (np.array(weight, float) for weight in weights)
    for (i, a), (j, b) in itertools.product(enumerate(labels), repeat=2):
        goes_on = b[0] in "IE" and a[0] in "BI" and a[1:] == b[1:]
        begins = b[0] not in "IE" and a[0] not in "BI"
        if not (goes_on or begins):
            transitions[i, j] = -np.inf
    start[[label[0] in "IE" for label in labels]] = -np.inf
    end[[label[0] in "BI" for label in labels]] = -np.inf
    return Chain(start, transitions, end)


def in_bio(label):
    return {"S": "B", "E": "I"}.get(label[0], label[0]) + label[1:]


def probabilities_of(head, model, labels, logits):
    """Probability of each inner tag at each word."""
    if head == "crf":
        return chain_of(model, labels).marginals(logits)
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


@pytest.mark.full(default=1)
@pytest.mark.parametrize(
    ("head", "towers"), [("crf", 1), ("crf", 2), ("softmax", 1), ("softmax", 2)]
)
def test_confidence_is_the_probability_of_the_answer_and_not_of_the_tag_inside(head, towers):
    task, preprocessor, model = built(head, num_towers=towers)
    encoded = preprocessor.encode(Examples({"tokens": WORDS}, SPANS))
    outputs = Predictor(model)(encoded)
    served = task.serving(preprocessor, model).function(
        preprocessor.to_tensors(Examples({"tokens": WORDS}))
    )
    labels, larger = preprocessor.labels, 0
    assert any(label[0] == "S" for label in labels)
    for row in range(len(WORDS)):
        logits = outputs["logits"].row(row).astype(float)
        if towers > 1:
            assert np.abs(logits[:, 0] - logits[:, 1]).max() > 0.1
            logits = logits.mean(axis=1)
        probabilities = probabilities_of(head, model, labels, logits)
        tags = outputs["tags"].row(row)
        expected = [
            sum(p for p, name in zip(shares, labels, strict=True) if in_bio(name) == answer)
            for shares, answer in zip(probabilities, [in_bio(labels[t]) for t in tags], strict=True)
        ]
        np.testing.assert_allclose(outputs["confidence"].row(row), expected, atol=1e-5)
        size = len(WORDS[row])
        np.testing.assert_allclose(served["confidence"][row, :size], expected, atol=1e-5)
        names = [tag.decode() for tag in served["tags"][row, :size].numpy()]
        assert names == [in_bio(labels[tag]) for tag in tags]
        alone = probabilities[np.arange(size), tags]
        larger += int((np.array(expected) > alone + 1e-4).sum())
    assert larger


def test_an_answer_with_the_right_name_is_right_whatever_the_tag_inside():
    task, preprocessor, _ = built("crf")
    references = preprocessor.encode_targets(Examples({"tokens": WORDS}, SPANS))
    # "Rome" alone is S-y inside; B-y answers the same.
    ids = {name: index for index, name in enumerate(preprocessor.labels)}
    inner = [("B-x", "E-x", "O", "B-y"), ("O", "S-y"), ("B-x",)]
    tags = [np.array([ids[tag] for tag in row], np.int32) for row in inner]
    predictions = {
        "tags": RaggedColumn.from_rows(tags),
        "confidence": RaggedColumn.from_rows([np.full(len(row), 0.75) for row in inner]),
    }
    scores = task.score(predictions, references, preprocessor)
    assert scores["accuracy"] == scores["entity_f1"] == 1.0
    assert scores["calibration_error"] == pytest.approx(0.25)


def test_plots_are_of_answers(tmp_path, monkeypatch):
    task, preprocessor, model = built("crf")
    examples = Examples({"tokens": WORDS}, [*SPANS[:2], ("B-new",)])
    encoded = preprocessor.encode(examples)
    drawn = {}

    def confusion_matrix(truth, answers, names, path):
        drawn.update(truth=truth, answers=answers, names=names)
        return path

    monkeypatch.setattr("seqsuite.plotting.confusion_matrix", confusion_matrix)
    predictions = Predictor(model)(encoded)
    results = Results(examples, predictions, encoded.targets, preprocessor, Baselines())
    task.report(results, tmp_path)
    assert drawn["names"] == ["B-x", "B-y", "I-x", "I-y", "O", "B-(unseen)"]
    truth = [drawn["names"][index] for index in drawn["truth"]]
    assert truth == [*SPANS[0], *SPANS[1], "B-(unseen)"]
    answers = [name for row in preprocessor.names(predictions["tags"]) for name in row]
    assert [drawn["names"][index] for index in drawn["answers"]] == answers


REFUSED = [
    ({}, {"label_smoothing": 0.1}, "--model.head softmax"),
    ({}, {"class_weights": "balanced"}, "not an option of this task"),
    ({"head": "softmax"}, {"pretraining_epochs": 1}, "use data.word_vectors"),
]


@pytest.mark.parametrize(("model", "training", "remedy"), REFUSED)
def test_settings_that_would_be_ignored_are_refused(model, training, remedy):
    with pytest.raises(UserError, match=remedy) as caught:
        task_of(model=model, training=training)
    assert "\n" not in str(caught.value)
    assert next(iter(training)) in str(caught.value)


def test_a_softmax_takes_label_smoothing():
    task = task_of(model={"head": "softmax"}, training={"label_smoothing": 0.1})
    assert task.config.training.label_smoothing == 0.1


class Counted:
    """A model that counts how often Python runs through it, which is once for each trace."""

    def __init__(self, model):
        self.model, self.count = model, 0

    def __call__(self, *args, **kwargs):
        self.count += 1
        return self.model(*args, **kwargs)


@pytest.mark.full(default=("softmax",))
@pytest.mark.parametrize("head", ["crf", "softmax"])
@pytest.mark.full
def test_sentences_of_many_lengths_are_traced_once(head):
    task, preprocessor, model = built(head)
    sentences = [("Rome",) * length for length in (0, 1, 2, 3, 11, 40, 3, 90)]
    evaluated = Counted(model)
    predict = Predictor(evaluated, batch_tokens=16)
    for part in (sentences, sentences[2:5], sentences[-1:]):
        encoded = preprocessor.encode(Examples({"tokens": part}, [("O",) * len(s) for s in part]))
        assert len(predict(encoded)["tags"].values) == sum(map(len, part))
    assert evaluated.count == 1

    served = Counted(model)
    functions = export.serving_functions(task.serving(preprocessor, served))
    assert served.count == len(functions) == 2
    for size in (1, 3):
        for words in sentences:
            texts = [" ".join(words)] * size
            answers = functions["serving_default"](sentence=tf.constant(texts))
            assert answers["length"].numpy().tolist() == [len(words)] * size
            batch = preprocessor.to_tensors(Examples({"tokens": [words] * size}))
            functions["tokens"](**batch)
    assert served.count == 2


@pytest.mark.full
def test_towers_learn_and_are_saved_with_all_their_targets(tmp_path):
    settings = {"num_towers": 2, "language_model_weight": 0.1, "adversarial": "adversarial"}
    task = task_of({"min_count": 1}, {"head": "crf", **settings})
    examples = Examples({"tokens": WORDS, "xpos": SPANS}, SPANS)
    preprocessor = task.build_preprocessor(examples)
    keras.utils.set_random_seed(0)
    model = task.build_model(preprocessor)
    encoded = preprocessor.encode(examples)
    rows = np.arange(len(WORDS))
    features, targets = encoded.batch(rows), encoded.target_batch(rows)
    targets = {name: targets[name] for name in model.loss}
    assert set(targets) == {"logits", "xpos"}
    build_for_training(model, features, targets)
    before = model.get_weights()
    losses = model.fit(features, targets, epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    # Every weight has a part in the loss: those of both towers, and of the CRF that they share.
    moved = [np.abs(a - b).max() for a, b in zip(model.get_weights(), before, strict=True)]
    still = [w.path for w, move in zip(model.weights, moved, strict=True) if not move]
    assert not [path for path in still if "seed" not in path]
    assert sum("tower_2" in weight.path for weight in model.weights) >= 8
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for name, found in again(features).items():
        np.testing.assert_array_equal(found, model(features)[name])
    assert again.loss["logits"].loss.crf is again.model.get_layer("crf")
