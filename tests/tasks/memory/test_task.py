"""The memory task: scores by hand, what is possible without memory, and its options."""

import math

import keras
import numpy as np
import pytest

from seqsuite.config import build_config
from seqsuite.data.batching import RaggedColumn
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.metrics.metric import Metrics
from seqsuite.task import Baselines, Results
from seqsuite.tasks import find_task
from seqsuite.tasks.memory import baselines, report
from seqsuite.tasks.memory.preprocessor import MemoryPreprocessor
from seqsuite.tasks.memory.problems import ADDING, COPYING, DELAYED_RECALL
from seqsuite.tasks.memory.scores import memory_scores
from tests.clients import client_of
from tests.layers.training_steps import build_for_training

LENGTH = 12


def make_task(source, model=None, **data):
    task_class = find_task("memory")
    values = {"data": {"source": source, "length": LENGTH, **data}, "model": model or {}}
    return task_class(build_config(task_class.config_class, values))


def encoded_splits(source, count=3000):
    task = make_task(source, num_examples=count)
    preprocessor = MemoryPreprocessor(source)
    return tuple(preprocessor.encode(task.load_examples(split)) for split in ("train", "test"))


def test_accuracy_by_distance_by_hand():
    # Four rows of two steps; the second is due. Right, wrong, right, right.
    answers, due, distance = [1, 1, 2, 3], [1, 0, 2, 3], np.array([1, 2, 3, 4])
    logits = np.zeros((4, 2, 8))
    logits[range(4), 1, answers] = math.log(7)  # one half for that, 1/14 for each other
    predictions = {"logits": RaggedColumn.from_rows(list(logits))}
    references = {
        "logits": RaggedColumn.from_rows([np.array([-1, one]) for one in due], padding=-1),
        "distance": distance,
    }
    assert memory_scores(DELAYED_RECALL, predictions, references) == pytest.approx(
        {
            "accuracy": 0.75,
            "log_loss": (3 * math.log(2) + math.log(14)) / 4,
            "solved": 0.0,
            "accuracy/distance 1": 1.0,
            "accuracy/distance 2": 0.0,
            "accuracy/distance 3-4": 1.0,
        }
    )
    # The answer that is most surely wrong comes first, with all that one must know of it.
    examples = Examples({"sequence": ["1 ?", "0 ?", "2 ?", "3 ?"]}, ["1", "0", "2", "3"])
    (mistake,) = report.mistakes(DELAYED_RECALL, examples, predictions, references)
    assert mistake == {
        "sequence": "0 ?",
        "label": "0",
        "answer": "1",
        "distance": 2,
        "probability": pytest.approx(0.5),
    }


@pytest.mark.parametrize(("error", "solved"), [(0.09, 1.0), (0.11, 0.0)])
def test_adding_is_solved_below_a_mean_squared_error_of_a_hundredth(error, solved):
    references = {"value": np.ones((3, 1), np.float32), "distance": np.array([5, 7, 9])}
    scores = memory_scores(ADDING, {"value": references["value"] + error}, references)
    assert scores["mse"] == pytest.approx(error**2, rel=1e-5)
    assert scores["solved"] == solved
    assert {"mse/distance 5-8", "mse/distance 9-16"} <= set(scores)


def test_the_memoryless_loss_of_copying_is_ten_logarithms_of_eight():
    train, test = encoded_splits("copying")
    predictions = baselines.memoryless(COPYING, train, test)
    scores = memory_scores(COPYING, predictions, test.targets)
    # All but the recalled steps are certain; symbols are drawn evenly, up to 30,000 draws.
    assert scores["log_loss"] == pytest.approx(10 * math.log(8) / (LENGTH + 20), rel=1e-3)
    assert scores["accuracy"] == pytest.approx(1 / 8, abs=0.02)


def test_the_memoryless_error_of_adding_is_a_sixth():
    train, test = encoded_splits("adding")
    predictions = baselines.memoryless(ADDING, train, test)
    error = memory_scores(ADDING, predictions, test.targets)["mse"]
    # Twice the variance of a uniform number; the standard error of 1,000 is 0.006.
    assert error == pytest.approx(1 / 6, abs=0.02)


def test_a_window_answers_what_lies_within_it_alone():
    train, test = encoded_splits("delayed_recall")
    predictions = baselines.window_model(DELAYED_RECALL, train, test, window=5)
    scores = memory_scores(DELAYED_RECALL, predictions, test.targets)
    assert scores["accuracy/distance 3-4"] == 1.0
    assert scores["accuracy/distance 9-16"] < 0.3
    train, test = encoded_splits("adding")
    for window, solved in ((LENGTH, 1.0), (LENGTH // 2, 0.0)):
        predictions = baselines.window_model(ADDING, train, test, window)
        assert memory_scores(ADDING, predictions, test.targets)["solved"] == solved


@pytest.mark.full(default=1)
@pytest.mark.parametrize(
    ("source", "model"),
    [
        ("copying", {"cell": "lstm", "initialization": "chrono", "attention": "additive"}),
        ("adding", {"cell": "gru", "initialization": "chrono", "attention": "additive"}),
        ("adding", {"cell": "simple_rnn", "initialization": "identity"}),
        ("associative_recall", {"attention": "multiplicative", "embedding_units": 8}),
    ],
)
def test_options_build_a_model_that_learns(source, model, tmp_path):
    keras.utils.set_random_seed(0)
    task = make_task(source, {"units": 8, **model}, num_examples=32, num_held_out=8)
    examples = task.load_examples("train")
    preprocessor = task.build_preprocessor(examples)
    network = task.build_model(preprocessor)
    encoded = preprocessor.encode(examples)
    rows = np.arange(len(encoded))
    features, targets = encoded.batch(rows), encoded.target_batch(rows)
    targets = {name: targets[name] for name in network.loss}
    build_for_training(network, features, targets)
    losses = [float(np.ravel(network.train_on_batch(features, targets))[0]) for _ in range(6)]
    assert min(losses[1:]) < losses[0]
    predictions = {k: v.numpy() for k, v in network(features, training=False).items()}
    if "logits" in predictions:
        predictions["logits"] = RaggedColumn.from_rows(list(predictions["logits"]))
    everything = (examples, predictions, encoded.targets, preprocessor)
    assert Metrics(task.metrics).selecting.name in task.score(*everything[1:])
    found = task.report(Results(*everything, Baselines()), tmp_path)
    assert found.plots[0].stat().st_size > 0
    assert "solved" in found.protocol
    shown = task.serving(preprocessor, network).function(preprocessor.to_tensors(examples))
    answer = shown["answer"][0].numpy().decode()
    assert client_of(task)._line({"answer": answer}, "0.1\n0.2*") == f"{answer}\t0.1 0.2*"


def test_chrono_units_remember_for_as_long_as_the_sequences_are():
    task = make_task("copying", {"units": 500, "initialization": "chrono"}, num_examples=4)
    preprocessor = task.build_preprocessor(task.load_examples("train"))
    assert preprocessor.longest == LENGTH + 20
    bias = task.build_model(preprocessor).get_layer("stack").get_weights()[2]
    # u is uniform between 1 and 31; 500 draws come within 1 of the end, but for odds of e^-16.
    assert 30 < np.exp(bias[0, :500].max()) <= 31


def test_chrono_needs_gates():
    with pytest.raises(UserError, match="simple_rnn has none"):
        make_task("copying", {"cell": "simple_rnn", "initialization": "chrono"})


def test_numbers_are_not_embedded():
    task = make_task("adding", {"embedding_units": 8}, num_examples=20)
    with pytest.raises(UserError, match="embedding_units is for symbols"):
        task.build_model(task.build_preprocessor(task.load_examples("train")))
