"""Classical predictions of chords, and the scores of predictions."""

import numpy as np
import pytest

from seqsuite.data.batching import RaggedColumn
from seqsuite.data.examples import Examples
from seqsuite.tasks.music.baselines import first_order, memoryless
from seqsuite.tasks.music.preprocessor import RollPreprocessor
from seqsuite.tasks.music.scores import frame_accuracy, music_scores


def encoded(*texts):
    return RollPreprocessor().encode(Examples({"notes": list(texts)}))


def test_frequencies_have_one_of_each_added():
    train, test = encoded("60 60 60,62 -"), encoded("60", "62 60")
    logits = memoryless(train, test)["logits"]
    probabilities = 1 / (1 + np.exp(-logits.values))
    assert probabilities.shape == (3, 88)
    np.testing.assert_allclose(probabilities[:, [39, 41, 0]], [[4 / 6, 2 / 6, 1 / 6]] * 3)


def test_the_chord_before_tells_the_next_one():
    train = encoded(*["60 62 64 " * 20] * 4)
    test = encoded("60 62 64 " * 10)
    scores = music_scores(first_order(train, test), test.targets)
    assert scores["frame_accuracy"] > 0.95
    assert scores["nats_per_step"] < 0.5
    assert music_scores(memoryless(train, test), test.targets)["nats_per_step"] > 2


@pytest.mark.parametrize("text", ["60", "- -", "60 60"])
def test_pieces_with_nothing_to_learn_are_answered(text):
    one = encoded(text)
    for baseline in (memoryless, first_order):
        assert np.isfinite(music_scores(baseline(one, one), one.targets)["nats_per_step"])


def test_the_first_step_of_a_piece_counts_apart():
    played = RaggedColumn.from_rows([np.array([[1], [0], [0]]), np.array([[1]])])
    logits = np.array([[-5.0], [0.0], [0.0], [-5.0]])
    scores = music_scores({"logits": RaggedColumn(logits, played.starts)}, {"logits": played})
    assert scores["nats_per_step"] == pytest.approx(np.log(2))
    both = (2 * np.log(2) + 2 * np.log1p(np.exp(5))) / 4
    assert scores["nats_per_step_with_first"] == pytest.approx(both)


def test_frame_accuracy_counts_notes():
    predicted, played = np.array([[1, 1, 0], [0, 0, 0]]), np.array([[1, 0, 1], [0, 0, 0]])
    assert frame_accuracy(predicted, played) == pytest.approx(1 / 3)
    assert frame_accuracy(played * 0, played * 0) == 1.0
