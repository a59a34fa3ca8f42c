"""What `predict` of the memory task reads."""

import pytest

from seqsuite.config import build_config
from seqsuite.errors import UserError
from seqsuite.tasks.memory import TASK, MemoryConfig
from tests.clients import client_of, read


def client(source):
    return client_of(TASK(build_config(MemoryConfig, {"data": {"source": source}})))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("sample", "a 5 b ?"),
        ("copying", "0 7 _ ? _"),
        ("adding", "0.5 .25* -1"),
        ("associative_recall", "a 3 b 4 ? a"),
        ("sample", ""),
    ],
)
def test_sequences_of_the_problem_are_read(source, text):
    assert [item.text for item in read(client(source), text)] == [text]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("sample", "x y z"),
        ("copying", "0 9"),
        ("adding", "0.5 one"),
        ("adding", "1e5"),
        ("sample", "A"),
    ],
)
def test_what_is_no_sequence_of_the_problem_is_refused(source, text):
    with pytest.raises(UserError, match=r"is no token of the problem .* Give a sequence such as"):
        read(client(source), text)
