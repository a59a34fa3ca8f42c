"""Texts of memory problems become ids or numbers, and outputs become texts."""

import json

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.memory.preprocessor import MemoryPreprocessor


def test_numbers_and_marks_are_read_and_other_tokens_count_as_zero():
    layer = MemoryPreprocessor("adding")
    encoded = layer({"sequence": tf.constant(["0.5 .25* -1", "x 1e400 9*9", "*", ""])})
    expected = np.zeros((4, 3, 2))
    expected[0] = [[0.5, 0], [0.25, 1], [-1, 0]]
    expected[2, 0, 1] = 1
    np.testing.assert_array_equal(encoded["numbers"], expected)
    assert encoded["length"].numpy().tolist() == [3, 3, 1, 0]


def test_symbols_have_ids_from_one_in_their_order():
    layer = MemoryPreprocessor("copying")
    encoded = layer({"sequence": tf.constant(["0 7 _ ?", " q\n0"])})
    assert encoded["token_ids"].numpy().tolist() == [[1, 8, 9, 10], [0, 1, 0, 0]]


def test_targets_are_due_at_the_last_steps_and_say_how_far_back_to_look():
    layer = MemoryPreprocessor("delayed_recall")
    examples = Examples({"sequence": ["a 5 b c ?", "6 ?"]}, ["5", "6"])
    targets = layer.encode_targets(examples)
    rows = [row.tolist() for row in targets["logits"].rows()]
    assert rows == [[-1, -1, -1, -1, 5], [-1, 6]]
    assert targets["distance"].tolist() == [3, 1]
    with pytest.raises(KeyError, match="9"):
        layer.encode_labels(["9"])


def test_answers_are_read_at_the_last_steps_of_each_row():
    layer = MemoryPreprocessor("copying")
    logits = np.zeros((2, 12, 9), "float32")
    symbols = [3, 1, 4, 1, 5, 0, 2, 6, 5, 3]
    logits[0, range(2, 12), symbols] = np.log(8)  # probability 8 / (8 + 8) at each of ten steps
    logits[1, 0, 7] = np.log(8)
    outputs = {"logits": tf.constant(logits), "length": tf.constant([12, 1])}
    found = layer.decode(outputs)
    assert found["answer"].numpy().tolist() == [b"3 1 4 1 5 0 2 6 5 3", b"7"]
    np.testing.assert_allclose(found["probability"], [0.5**10, 0.5], rtol=1e-5)


def test_a_number_is_answered_as_text_too():
    found = MemoryPreprocessor("adding").decode({"value": tf.constant([[1.25]])})
    assert found["answer"].numpy().tolist() == [b"1.250"]
    assert found["value"].numpy().tolist() == [1.25]


def test_an_unknown_problem_is_refused():
    with pytest.raises(ValueError, match="`problem` must be one of"):
        MemoryPreprocessor("counting")


def test_a_preprocessor_of_an_older_version_is_refused(tmp_path):
    MemoryPreprocessor("adding").save_to(tmp_path)
    file = tmp_path / "preprocessor.json"
    config = json.loads(file.read_text())
    del config["build_config"]
    config["config"]["longest"] = 9
    file.write_text(json.dumps(config))
    with pytest.raises(UserError, match="an older seqsuite wrote it; train again"):
        Preprocessor.load_from(tmp_path)
