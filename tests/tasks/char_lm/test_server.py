"""What is served: text read in any pieces, and text that depends on its own request alone."""

from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf

from tests.tasks.char_lm.character_models import TEXT, make

pytestmark = pytest.mark.full

MODELS = {
    "lstm": {"cell": "lstm", "num_layers": 2},
    "gru": {"cell": "gru", "tie_weights": True, "embedding_size": 5},
    "residual": {"cell": "simple_rnn", "num_layers": 2, "connection": "residual"},
    "highway": {"cell": "lstm", "num_layers": 2, "connection": "highway"},
}


class Served:
    """A server, its model, and requests with defaults."""

    def __init__(self, **settings):
        self.task, self.preprocessor, self.model = make(**settings)
        serving = self.task.serving(self.preprocessor, self.model)
        self.functions = {
            frozenset(inputs): tf.function(serving.function, input_signature=[inputs])
            for inputs in serving.signatures.values()
        }
        self.state_names = [name for name in serving.signatures["step"] if name != "characters"]

    def serve(self, features):
        return dict(self.functions[frozenset(features)](features))

    def step(self, texts, states=None):
        states = states or {name: tf.zeros((len(texts), 5)) for name in self.state_names}
        answer = self.serve({"characters": tf.constant(texts, tf.string), **states})
        assert set(answer) == {"probabilities", *self.state_names}
        return answer.pop("probabilities").numpy(), answer

    def feed(self, pieces):
        """Read pieces one after the other; the last probabilities and states."""
        states = None
        for piece in pieces:
            probabilities, states = self.step([piece], states)
        return probabilities, states

    def write(self, prompts, **values):
        defaults = {"length": 12, "temperature": 1.0, "top_k": 0, "top_p": 1.0, "seed": 0}
        types = {"temperature": tf.float32, "top_p": tf.float32}
        request = {"prompt": tf.constant(prompts, tf.string)}
        for name, default in defaults.items():
            value = np.broadcast_to(values.get(name, default), (len(prompts),))
            request[name] = tf.constant(value, types.get(name, tf.int32))
        return self.serve(request)["text"].numpy().tolist()


@pytest.fixture(scope="module", params=MODELS)
def served(request):
    return Served(**MODELS[request.param])


@pytest.fixture(scope="module")
def lstm():
    return Served(**MODELS["lstm"])


SENTENCE = "A bell rang ü twice.\nNobody"


def expected_probabilities(served, text):
    """Of what follows a text, by the model that was trained."""
    ids = served.preprocessor.ids_of(text)[None]
    logits = served.model({"token_ids": tf.constant(ids)}, training=False)["logits"]
    return tf.nn.softmax(logits[0, -1]).numpy()


def test_the_step_says_what_the_trained_model_says(served):
    for text in (SENTENCE, "A", "ü", "never seen: ☃"):
        probabilities, _ = served.step([text])
        assert probabilities.dtype == np.float32
        np.testing.assert_allclose(probabilities.sum(), 1, atol=1e-5)
        np.testing.assert_allclose(
            probabilities[0], expected_probabilities(served, text), atol=1e-5
        )


@pytest.mark.parametrize(
    "cuts", [(), (1,), (3, 3, 9), (0, 0), (26, 27), tuple(range(1, 27))], ids=str
)
def test_text_in_any_pieces_is_the_text_as_a_whole(served, cuts):
    ends = [0, *cuts, len(SENTENCE)]
    pieces = [SENTENCE[a:b] for a, b in pairwise(ends)]
    assert "".join(pieces) == SENTENCE
    whole, whole_states = served.feed([SENTENCE])
    cut, states = served.feed(pieces)
    np.testing.assert_allclose(cut, whole, atol=1e-5)
    for name in served.state_names:
        np.testing.assert_allclose(states[name], whole_states[name], atol=1e-5)


def test_a_row_without_text_keeps_its_state_and_its_answer(served):
    first, states = served.step([SENTENCE, "wind"])
    second, after = served.step(["", "s over the sea"], states)
    np.testing.assert_allclose(second[0], first[0], atol=1e-6)
    for name in served.state_names:
        np.testing.assert_array_equal(after[name][0], states[name][0])
        assert np.abs(after[name][1] - states[name][1]).max() > 1e-3
    nothing, after = served.step(["", ""], states)
    np.testing.assert_allclose(nothing, first, atol=1e-6)
    for name in served.state_names:
        np.testing.assert_array_equal(after[name], states[name])


def test_rows_do_not_depend_on_each_other(served):
    texts = ["", "a", SENTENCE, "nobody " * 5]
    together, states = served.step(texts)
    for row, text in enumerate(texts):
        alone, own = served.step([text])
        np.testing.assert_allclose(alone[0], together[row], atol=1e-5)
        for name in served.state_names:
            np.testing.assert_allclose(own[name][0], states[name][row], atol=1e-5)


@pytest.mark.full(default=1)
def test_what_is_written_greedily_is_the_likeliest_each_time(served):
    prompt, text = "the ", ""
    for _ in range(8):
        probabilities = expected_probabilities(served, prompt + text)
        probabilities[0] = 0  # the unknown character cannot be written
        text += chr(served.preprocessor.symbols[int(probabilities.argmax())])
    assert served.write([prompt], length=8, temperature=0.0) == [text.encode()]


def test_a_request_gets_the_same_text_alone_and_among_others(served):
    prompts = ["the ", "", "nobody went to the ", "the ", "☃"]
    values = {
        "length": [12, 3, 0, 12, 30],
        "temperature": [0.8, 1.0, 1.0, 0.8, 0.0],
        "top_k": [0, 2, 0, 0, 0],
        "top_p": [0.9, 1.0, 0.5, 0.9, 1.0],
        "seed": [1, 2, 3, 1, 4],
    }
    together = served.write(prompts, **values)
    assert [len(text.decode()) for text in together] == values["length"]
    assert together[0] == together[3]
    assert served.write(prompts, **values) == together
    for row, prompt in enumerate(prompts):
        own = {name: value[row] for name, value in values.items()}
        assert served.write([prompt], **own) == [together[row]]


def test_seeds_differ_and_a_longer_text_begins_with_the_shorter(lstm):
    texts = [lstm.write(["the "], seed=seed, length=30)[0] for seed in range(4)]
    assert len(set(texts)) == 4
    assert texts[0].startswith(lstm.write(["the "], seed=0, length=7)[0])
    assert len(lstm.write(["the "], seed=-1, length=7)[0]) == 7


def test_an_empty_prompt_is_a_new_line(lstm):
    assert lstm.write([""], seed=3) == lstm.write(["\n"], seed=3)


def test_unknown_characters_are_read_but_never_written(lstm):
    assert lstm.write(["☃"], length=400, temperature=50.0)[0].decode().count("\ufffd") == 0
    assert lstm.write(["☃☃"], seed=1) == lstm.write(["éé"], seed=1)


def test_a_length_that_is_not_positive_writes_nothing(lstm):
    assert lstm.write(["the ", "a"], length=[0, -5]) == [b"", b""]
    assert lstm.write(["the ", "a"], length=[-1, 2])[0] == b""


def test_a_bytes_model_reads_and_writes_bytes():
    served = Served(cell="gru", unit="byte", text=TEXT + "ü☃")
    whole, _ = served.feed(["aü☃b".encode()])
    cut, _ = served.feed([bytes([byte]) for byte in "aü☃b".encode()])
    np.testing.assert_allclose(cut, whole, atol=1e-5)
    nul, _ = served.feed([b"a\0b\0"])
    np.testing.assert_allclose(nul, served.feed([b"a", b"\0", b"b", b"\0"])[0], atol=1e-5)
    assert len(served.write(["ü"], length=20, temperature=20.0)[0]) == 20


def test_lengths_do_not_trace_anew(lstm):
    """One graph answers all of them, of one trace."""
    for length in (1, 5, 40):
        assert len(lstm.write(["the"], length=length)[0]) == length
    (function,) = [f for names, f in lstm.functions.items() if "prompt" in names]
    assert function.experimental_get_tracing_count() == 1
