import numpy as np

from seqsuite.tasks.sentiment.word_vectors import co_occurrence_vectors


def test_words_of_the_same_surroundings_get_similar_vectors():
    # 2 and 3 stand between the same neighbours, 4 and 5 between others.
    rows = []
    for word, left, right in ((2, 6, 7), (3, 6, 7), (4, 8, 9), (5, 8, 9)):
        rows += [np.array([left, word, right])] * 20
    vectors = co_occurrence_vectors(rows, vocabulary_size=10, size=4, window=1)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    similar = unit @ unit.T
    assert similar[2, 3] > 0.99
    assert similar[4, 5] > 0.99
    assert similar[2, 4] < 0.5
    assert not vectors[:2].any()


def test_neighbours_do_not_reach_across_texts():
    apart = co_occurrence_vectors([np.array([2]), np.array([3])] * 5, 6, 2)
    assert not apart.any()


def test_it_is_the_same_every_time():
    generator = np.random.default_rng(0)
    rows = [generator.integers(2, 30, 12) for _ in range(50)]
    first, second = (co_occurrence_vectors(rows, 30, 5, seed=1) for _ in range(2))
    np.testing.assert_array_equal(first, second)
