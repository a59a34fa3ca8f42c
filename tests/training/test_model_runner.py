"""Predictions: in the order of the examples, whatever batches they were made in."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from seqsuite.data.batching import EncodedExamples, RaggedColumn
from seqsuite.training.model_runner import Predictor

LENGTHS = np.array([3, 0, 7, 1, 3, 12, 0, 2])


def encoded(targets=None):
    rng = np.random.default_rng(0)
    rows = [rng.integers(1, 50, length).astype("int32") for length in LENGTHS]
    features = {"token_ids": RaggedColumn.from_rows(rows), "length": LENGTHS.astype("int32")}
    return EncodedExamples(features, targets, LENGTHS), rows


def model(as_dict=True):
    """Answers that say which example and which step they are of."""
    ids = keras.Input((None,), dtype="int32", name="token_ids")
    length = keras.Input((), dtype="int32", name="length")
    doubled = keras.ops.cast(ids * 2 + 1, "float32")
    outputs = {
        "doubled": doubled,
        "pairs": keras.ops.stack([ids, -ids], axis=-1),
        "length": length + 10,
        "both": keras.ops.stack([length, length + 1], axis=-1),
    }
    return keras.Model({"token_ids": ids, "length": length}, outputs if as_dict else doubled)


@pytest.mark.parametrize("batch_tokens", [1, 10, 1000])
def test_each_row_is_that_of_its_example_without_padding(batch_tokens):
    examples, rows = encoded()
    outputs = Predictor(model(), batch_tokens)(examples)
    assert set(outputs) == {"doubled", "pairs", "length", "both"}
    for index, row in enumerate(rows):
        assert outputs["doubled"].row(index).tolist() == (2 * row + 1).tolist()
        assert outputs["pairs"].row(index).tolist() == np.stack([row, -row], axis=-1).tolist()
    assert outputs["length"].tolist() == (LENGTHS + 10).tolist()
    assert outputs["both"].tolist() == np.stack([LENGTHS, LENGTHS + 1], axis=-1).tolist()
    assert len(outputs["doubled"]) == len(rows)
    assert outputs["doubled"].values.dtype == np.float32


def test_a_model_of_one_output_has_it_under_a_name():
    examples, rows = encoded(targets=np.arange(len(LENGTHS)))
    outputs = Predictor(model(as_dict=False))(examples)
    assert [row.tolist() for row in outputs["output"].rows()] == [
        (2 * r + 1).tolist() for r in rows
    ]


def test_a_predictor_serves_other_examples_too():
    examples, rows = encoded()
    predict = Predictor(model())
    predict(examples)
    few = predict(examples.select(np.array([5, 1])))
    assert [row.tolist() for row in few["doubled"].rows()] == [(2 * rows[5] + 1).tolist(), []]
    assert predict(examples.select(np.zeros(0, np.int64))) == {}
