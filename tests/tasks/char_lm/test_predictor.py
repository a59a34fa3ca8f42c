"""Stream scores are those of one pass over the whole text, however it is cut up."""

import numpy as np
import pytest

from seqsuite.tasks.char_lm import predictor as stream_prediction
from seqsuite.tasks.char_lm.batches import random_windows
from seqsuite.tasks.char_lm.predictor import StreamPredictor
from tests.tasks.char_lm.character_models import make, stream_of, whole_pass

MODELS = [
    {"cell": "lstm", "num_layers": 2},
    {"cell": "gru", "connection": "residual", "num_layers": 2},
    {"cell": "simple_rnn", "tie_weights": True, "embedding_size": 5, "dropout": 0.5},
]


@pytest.fixture(scope="module")
def model():
    return make(**MODELS[0])


@pytest.mark.full(default=1)
@pytest.mark.parametrize("settings", MODELS)
def test_one_row_is_one_pass_over_the_whole_text(settings):
    _, preprocessor, model = make(**settings)
    encoded = stream_of(preprocessor, 300)
    scores = StreamPredictor(model.model)(encoded)["stream"]
    assert scores.shape == (299,)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, whole_pass(model, encoded.ids[None])[0], atol=1e-5)


@pytest.mark.full(default=2)
@pytest.mark.parametrize("chunk", [1, 7, 298, 299, 300, 4096])
def test_the_chunks_do_not_matter(model, chunk, monkeypatch):
    _, preprocessor, model = model
    encoded = stream_of(preprocessor, 300 if chunk > 1 else 40)
    expected = StreamPredictor(model.model)(encoded)["stream"]
    monkeypatch.setattr(stream_prediction, "_CHUNK", chunk)
    np.testing.assert_allclose(StreamPredictor(model.model)(encoded)["stream"], expected, atol=1e-5)


@pytest.mark.parametrize("total", [2, 3, 9, 10, 11, 100, 101, 102, 103, 300])
@pytest.mark.parametrize("rows", [2, 3, 8])
def test_parallel_rows_score_every_position_as_one_row_does(model, total, rows, monkeypatch):
    """With a warm-up longer than what the model remembers, they are the same."""
    _, preprocessor, model = model
    monkeypatch.setattr(stream_prediction, "_WARM_UP", 5)
    monkeypatch.setattr(stream_prediction, "_CHUNK", 64)
    encoded = stream_of(preprocessor, total)

    class LastTwo(StreamPredictor):
        """A model that looks at this id and the one before it, which it has as its state."""

        def _score_ids(self, ids, targets, states):
            ids, before = ids.numpy(), states["before"]
            previous = np.concatenate([before, ids[:, :-1]], axis=1)
            number = 10_000 * previous + 100 * ids + targets.numpy()
            return _Array(number.astype(np.float32)), {"before": ids[:, -1:]}

        def zero_states(self, rows):
            return {"before": np.zeros((rows, 1), np.int32)}

    def numbers(rows):
        predictor = LastTwo(model.model, rows=rows)
        predictor._score = predictor._score_ids
        return predictor(encoded)["stream"]

    together = numbers(rows)
    assert together.shape == (total - 1,)
    np.testing.assert_array_equal(together, numbers(1))


class _Array:
    def __init__(self, value):
        self.value = value

    def numpy(self):
        return self.value


def test_more_rows_are_nearly_the_same(model):
    _, preprocessor, model = model
    encoded = stream_of(preprocessor, 2300)
    one = StreamPredictor(model.model)(encoded)["stream"]
    four = StreamPredictor(model.model, rows=4)(encoded)["stream"]
    assert np.isfinite(four).all()
    np.testing.assert_allclose(four, one, atol=1e-3)


def test_a_short_text_is_read_in_one_row_even_if_more_are_allowed(model):
    _, preprocessor, model = model
    encoded = stream_of(preprocessor, 200)
    np.testing.assert_array_equal(
        StreamPredictor(model.model, rows=16)(encoded)["stream"],
        StreamPredictor(model.model)(encoded)["stream"],
    )


def test_windows_have_no_context_before_them(model):
    _, preprocessor, model = model
    encoded = stream_of(preprocessor, 400)
    result = StreamPredictor(model.model, num_windows=70, window=20)(encoded)
    assert set(result) == {"stream", "windowed"}
    assert result["windowed"].shape == (70, 20)
    expected = whole_pass(model, random_windows(encoded.ids, 70, 20))
    np.testing.assert_allclose(result["windowed"], expected, atol=1e-5)


@pytest.mark.parametrize("total", [2, 3, 21])
def test_a_text_shorter_than_a_window_is_one_window(model, total):
    _, preprocessor, model = model
    encoded = stream_of(preprocessor, total)
    result = StreamPredictor(model.model, num_windows=5, window=20)(encoded)
    np.testing.assert_allclose(result["windowed"][0], result["stream"], atol=1e-5)
    assert len(result["windowed"]) == 1


@pytest.mark.parametrize("total", [0, 1])
def test_nothing_to_predict_gives_no_scores(model, total):
    _, preprocessor, model = model
    encoded = stream_of(preprocessor, total)
    for rows in (1, 16):
        result = StreamPredictor(model.model, rows=rows)(encoded)
        assert result["stream"].shape == (0,)


def test_the_adaptive_protocol_is_asked_when_given(model):
    _, preprocessor, model = model
    encoded = stream_of(preprocessor, 50)
    predictor = StreamPredictor(model.model, adaptive=lambda e: np.ones(len(e.ids) - 1))
    assert predictor(encoded)["adaptive"].tolist() == [1.0] * 49
