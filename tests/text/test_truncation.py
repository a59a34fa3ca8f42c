import pytest
import tensorflow as tf

from seqsuite.text.truncation import head_and_tail


@pytest.mark.parametrize(("longest", "head"), [(1, 0), (1, 1), (4, 0), (4, 1), (4, 4), (5, 2)])
def test_the_middle_of_long_rows_is_cut_and_short_rows_stay_whole(longest, head):
    rows = [list(range(length)) for length in (0, 3, 7, 1, 4, 0, 5, 6, 0)]
    expected = [
        row if len(row) <= longest else row[:head] + row[len(row) - (longest - head) :]
        for row in rows
    ]
    found = head_and_tail(tf.ragged.constant(rows, tf.int64), longest, head)
    assert found.to_list() == expected


def test_of_no_rows_nothing_is_left():
    rows = tf.RaggedTensor.from_row_splits(tf.zeros([0], tf.string), [0])
    assert head_and_tail(rows, 3, 1).to_list() == []


def test_the_graph_stays_small():
    @tf.function(input_signature=[tf.RaggedTensorSpec([None, None], tf.int32)])
    def cut(rows):
        return head_and_tail(rows, 3, 1)

    graph = cut.get_concrete_function().graph.as_graph_def()
    # One comparison of ragged tensors alone takes some three hundred.
    assert len(graph.node) + sum(len(f.node_def) for f in graph.library.function) < 300
