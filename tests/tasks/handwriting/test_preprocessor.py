"""Path data to points in the graph, as in NumPy."""

import numpy as np
import tensorflow as tf

from seqsuite.config import build_config
from seqsuite.data.examples import Examples
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.handwriting import HandwritingConfig
from seqsuite.tasks.handwriting.preprocessor import StrokePreprocessor
from seqsuite.tasks.handwriting.strokes import points_of_text

TEXTS = ["m2,-4 9,-9 16,-7 m10,0", "m1e-3,.5", "", "m0,0 1,2 m3,4 m", "  m1,2\n3,4\t5,6 m \n"]


def test_the_graph_reads_what_numpy_reads():
    layer = StrokePreprocessor()
    layer.scale = 2.0
    points, length, unknown = layer.read(tf.constant(TEXTS))
    for row, text in enumerate(TEXTS):
        expected = points_of_text(text)
        expected[:, :2] /= 2
        assert int(length[row]) == len(expected)
        np.testing.assert_allclose(points[row, : len(expected)], expected, rtol=1e-6)
        assert not points[row, len(expected) :].numpy().any()
    assert unknown.numpy().tolist() == [0] * len(TEXTS)


def test_what_is_no_point_stands_still_and_is_counted():
    layer = StrokePreprocessor()
    texts = [
        "m0,0 x 1,2",
        "m1,nan inf,0 1,2,3 ,, 1e9,0",
        "\xff m",
        "m",
        "1,-",
        "\uff11,2",
        "a,b\x00c",
    ]
    points, length, unknown = layer.read(tf.constant(texts))
    assert np.isfinite(points).all()
    assert unknown.numpy().tolist() == [1, 5, 1, 1, 1, 1, 1]
    assert length.numpy().tolist() == [3, 5, 1, 1, 1, 1, 1]


def test_no_texts_are_no_rows():
    points, length, unknown = StrokePreprocessor().read(tf.zeros([0], tf.string))
    assert (*points.shape[:1], *length.shape, *unknown.shape) == (0, 0, 0)


def test_decoding_gives_the_text_back():
    layer = StrokePreprocessor()
    layer.scale = 0.25
    texts = ["m2,-4 9,-9.5 16,-7 m10,0", "m1,1 m", ""]
    points, length, _ = layer.read(tf.constant(texts))
    assert [t.decode() for t in layer.decode(points, length).numpy()] == texts


def test_targets_end_the_drawing_and_inputs_do_not_say_so():
    layer = StrokePreprocessor(condition_on_label=True)
    examples = Examples({"drawing": ["m0,0 2,2 m2,-2", "m5,5 1,1"], "label": ["b", ""]})
    layer.adapt(examples)
    assert layer.labels == ["b"]
    encoded = layer.encode(examples)
    assert encoded.features["label_id"].tolist() == [1, 0]
    assert encoded.features["points"].values[:, 2].tolist() == [0, 1, 0, 0, 0]
    assert encoded.targets["parameters"].values[:, 2].tolist() == [0, 1, 2, 0, 2]
    spread = np.std([2, 2, 2, -2, 1, 1])
    assert layer.scale == np.float64(spread)
    np.testing.assert_allclose(encoded.targets["parameters"].values[1, :2], 2 / spread)


def test_drawings_of_one_point_have_a_scale(tmp_path):
    layer = StrokePreprocessor()
    layer.adapt(Examples({"drawing": ["m5,5"], "label": [""]}))
    assert layer.scale == 1.0
    layer.save_to(tmp_path)
    assert Preprocessor.load_from(tmp_path).scale == 1.0


def test_training_drawings_are_stretched_anew_in_each_epoch_inputs_and_targets_alike():
    layer = StrokePreprocessor(stretch=0.3)
    texts = [f"m0,0 {i + 1},{2 * i + 1} 3,4" for i in range(8)]
    examples = Examples({"drawing": texts, "label": [""] * 8})
    encoded = layer.encode(examples, training=True)
    training = build_config(HandwritingConfig).training
    (first,), (again,), (second,) = (encoded.plan(training, epoch) for epoch in (0, 0, 1))
    assert first.tolist() == again.tolist()
    features, targets = encoded.batch(first), encoded.target_batch(first)["parameters"]
    np.testing.assert_array_equal(features["points"][..., :2], targets[..., :2])
    factors = {}
    for plan in (first, second):
        plain = encoded.batch(plan % 8)["points"]
        stretched = encoded.batch(plan)["points"]
        ratio = stretched[:, 1, :2] / plain[:, 1, :2]
        assert (np.abs(ratio - 1) <= 0.3).all()
        np.testing.assert_allclose(stretched[:, 2, :2], plain[:, 2, :2] * ratio, rtol=1e-5)
        factors[plan[0]] = ratio[plan.argsort()]
    one, other = factors.values()
    assert len(np.unique(one)) == one.size
    assert not np.isclose(one, other).any()
    assert not hasattr(layer.encode(examples), "stretch")
