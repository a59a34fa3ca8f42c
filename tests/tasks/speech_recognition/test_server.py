import numpy as np
import tensorflow as tf

from seqsuite.decoding.ctc import ctc_greedy_search
from seqsuite.tasks.speech_recognition.config import SpeechServingConfig
from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor
from seqsuite.tasks.speech_recognition.server import SpeechServer


def words_of(*paths):
    preprocessor = SpeechPreprocessor(alphabet=" abc", hop_samples=80, stride=2)
    ids = tf.constant([list(path) for path in paths])
    places = {"-": 0, " ": 1, "a": 2, "b": 3, "c": 4}
    ids = tf.constant([[places[symbol] for symbol in path] for path in paths])
    found = ctc_greedy_search(20.0 * tf.one_hot(ids, 5))
    answer = SpeechServer(preprocessor, None, SpeechServingConfig()).words(found)
    return {name: value.numpy() for name, value in answer.items()}


def test_words_have_the_times_of_their_symbols():
    answer = words_of("-ab- c-", " -bb  -", "-------")
    assert answer["words"].tolist() == [[b"ab", b"c"], [b"b", b""], [b"", b""]]
    # A step is two hops of 0.01 s.
    np.testing.assert_allclose(answer["starts"], [[0.02, 0.10], [0.04, 0], [0, 0]], atol=1e-6)
    np.testing.assert_allclose(answer["ends"], [[0.06, 0.12], [0.08, 0], [0, 0]], atol=1e-6)
    np.testing.assert_allclose(answer["confidences"], [[1, 1], [1, 0], [0, 0]], atol=1e-6)


def test_nothing_said_has_no_words():
    answer = words_of("---")
    assert {value.shape for value in answer.values()} == {(1, 0)}
