"""The CTC loss beside its NumPy reference, and the lengths that travel in the logits."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from seqsuite.layers import BlankPadding
from seqsuite.layers.audio.blank_padding import force_blank, frame_lengths
from seqsuite.losses import CTCLoss, ctc_fits, ctc_loss, ctc_minimum_frames
from tests.layers.training_steps import build_for_training
from tests.reference.ctc import loss_and_gradient

SYMBOLS = 5
LENGTHS = np.array([9, 4, 6, 3, 0, 2, 0, 9])
# With repeats, exactly as long as fits, empty, empty without a frame, too long twice, and plain.
TRANSCRIPTS = [(1, 1, 3), (2, 2, 3), (), (3, 3), (), (1, 1), (4,), (2, 1, 3, 4)]
FITS = np.array([True, True, True, True, True, False, False, True])
LOGITS = np.random.default_rng(0).normal(size=(8, 9, SYMBOLS)).astype("float32") * 2


def padded(transcripts, width=4, padding_label=-1):
    rows = [[*labels] + [padding_label] * (width - len(labels)) for labels in transcripts]
    return np.array(rows, "int32")


def relabelled(blank):
    """The transcripts and logits where the blank is elsewhere: old symbol s is `order[s]`."""
    order = np.array([blank, *(s for s in range(SYMBOLS) if s != blank)])
    transcripts = [tuple(order[list(labels)]) if labels else () for labels in TRANSCRIPTS]
    logits = np.empty_like(LOGITS)
    logits[..., order] = LOGITS
    return transcripts, logits


def value_and_gradient(logits, function):
    logits = tf.convert_to_tensor(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = function(logits)
    return value.numpy(), tape.gradient(value, logits).numpy()


def by_reference(transcripts, logits, blank):
    losses, gradients = np.zeros(len(logits)), np.zeros(logits.shape)
    for row, (labels, length) in enumerate(zip(transcripts, LENGTHS, strict=True)):
        losses[row], gradients[row, :length] = loss_and_gradient(
            logits[row, :length], labels, blank
        )
    return losses, gradients


@pytest.mark.parametrize("blank", [0, 2, SYMBOLS - 1])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 5e-7), ("float64", 1e-7)])
def test_it_is_the_reference_in_value_and_gradient(blank, dtype, tolerance):
    transcripts, logits = relabelled(blank)
    losses, gradients = value_and_gradient(
        logits.astype(dtype), lambda x: ctc_loss(padded(transcripts), x, LENGTHS, blank)
    )
    expected, expected_gradients = by_reference(transcripts, logits, blank)
    np.testing.assert_array_equal(np.isfinite(expected), FITS)
    np.testing.assert_allclose(losses, expected, rtol=tolerance)
    np.testing.assert_allclose(gradients, expected_gradients, atol=tolerance)


def test_long_utterances_have_exact_gradients():
    generator = np.random.default_rng(2)
    logits = generator.normal(size=(1, 300, 20)).astype("float32")
    labels = generator.integers(1, 20, (1, 40))
    losses, gradients = value_and_gradient(logits, lambda x: ctc_loss(labels, x, [300]))
    expected, expected_gradients = loss_and_gradient(logits[0], labels[0])
    assert losses[0] == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(gradients[0], expected_gradients, atol=1e-6)


def test_what_does_not_fit_is_known_before():
    labels = padded(TRANSCRIPTS)
    assert ctc_minimum_frames(labels).numpy().tolist() == [4, 4, 0, 3, 0, 3, 1, 4]
    np.testing.assert_array_equal(ctc_fits(labels, LENGTHS).numpy(), FITS)
    losses = ctc_loss(labels, LOGITS, LENGTHS).numpy()
    np.testing.assert_array_equal(np.isfinite(losses), FITS)
    zeroed = ctc_loss(labels, LOGITS, LENGTHS, zero_infinity=True).numpy()
    np.testing.assert_array_equal(zeroed, np.where(FITS, losses, 0))


def test_padding_of_any_width_and_content_changes_nothing():
    plain = value_and_gradient(LOGITS, lambda x: ctc_loss(padded(TRANSCRIPTS), x, LENGTHS))
    longer = np.pad(LOGITS, [(0, 0), (0, 7), (0, 0)])
    junk = np.arange(longer.shape[1]) >= LENGTHS[:, None]
    longer[junk] = np.random.default_rng(1).choice([1e9, -np.inf, np.inf, np.nan], (SYMBOLS,))
    labels = padded(TRANSCRIPTS, width=9, padding_label=-7)
    for function in (ctc_loss, tf.function(ctc_loss)):
        losses, gradients = value_and_gradient(
            longer, lambda x, f=function: f(labels, x, LENGTHS, padding_label=-7)
        )
        np.testing.assert_array_equal(losses, plain[0])
        np.testing.assert_array_equal(gradients[:, : LOGITS.shape[1]], plain[1])
        assert not gradients[junk].any()


@pytest.mark.parametrize(("labels", "frames"), [(np.zeros((2, 0), "int32"), 3), ([[1], [-1]], 0)])
def test_no_labels_and_no_frames_at_all(labels, frames):
    lengths = [frames, max(frames - 1, 0)]
    losses = ctc_loss(labels, np.zeros((2, frames, 3), "float32"), lengths).numpy()
    one_path = np.log(3) * np.array(lengths)
    impossible = np.array([np.inf, 0.0])
    np.testing.assert_allclose(losses, one_path if frames else impossible, rtol=1e-6)


@pytest.mark.parametrize("label", [2, SYMBOLS, -3])
def test_a_label_that_is_no_symbol_is_an_error(label):
    with pytest.raises(tf.errors.InvalidArgumentError):
        ctc_loss([[1, label]], LOGITS[:1], [9], blank=2)


def test_lengths_travel_in_the_logits():
    forced = force_blank(ops.array(LOGITS), LENGTHS, blank=1)
    assert frame_lengths(forced, blank=1).numpy().tolist() == LENGTHS.tolist()
    assert frame_lengths(ops.array(LOGITS)).numpy().tolist() == [9] * 8
    assert frame_lengths(ops.zeros((2, 0, 3))).numpy().tolist() == [0, 0]
    assert frame_lengths(ops.full((1, 2, 3), np.nan)).numpy().tolist() == [2]
    # Exact also for a loss that counts the forced frames as frames.
    for labels, length, row in zip(TRANSCRIPTS, LENGTHS, range(8), strict=True):
        if FITS[row]:
            all_frames = force_blank(ops.array(LOGITS[row : row + 1]), [length])[0]
            known = loss_and_gradient(LOGITS[row, :length], labels)[0]
            assert loss_and_gradient(all_frames, labels)[0] == pytest.approx(known)


def test_a_mask_of_keras_ends_at_the_layer():
    inputs, length = keras.Input((None, SYMBOLS)), keras.Input((), dtype="int32")
    logits = BlankPadding()(keras.layers.Masking()(inputs), lengths=length)
    model = keras.Model([inputs, length], logits)
    model.compile("sgd", loss=CTCLoss())
    labels = padded(TRANSCRIPTS)[FITS]
    got = model.evaluate([LOGITS[FITS], LENGTHS[FITS]], labels, 8, verbose=0)
    expected = by_reference(TRANSCRIPTS, LOGITS, 0)[0][FITS].mean()
    assert got == pytest.approx(expected, rel=1e-6)


def test_the_keras_loss_trains_saves_and_ignores_padding(tmp_path):
    inputs, length = keras.Input((None, SYMBOLS)), keras.Input((), dtype="int32")
    logits = keras.layers.Dense(SYMBOLS, kernel_initializer="identity")(inputs)
    model = keras.Model([inputs, length], BlankPadding()(logits, lengths=length))
    model.compile(keras.optimizers.SGD(0.1), loss=CTCLoss(zero_infinity=True))
    build_for_training(model)
    expected = np.where(FITS, by_reference(TRANSCRIPTS, LOGITS, 0)[0], 0)
    weights = np.array([1.0, 2.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.5])
    labels = padded(TRANSCRIPTS)
    got = model.evaluate([LOGITS, LENGTHS], labels, 8, verbose=0, sample_weight=weights)
    assert got == pytest.approx(np.average(expected, weights=weights), rel=1e-5)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.loss.get_config() == model.loss.get_config()
    model.fit([LOGITS, LENGTHS], labels, batch_size=8, verbose=0)
    longer = np.pad(LOGITS, [(0, 0), (0, 3), (0, 0)], constant_values=3.0)
    labels = padded(TRANSCRIPTS, width=7)
    again.fit([longer, LENGTHS], labels, batch_size=8, verbose=0)
    for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert np.abs(model.get_weights()[0] - np.eye(SYMBOLS)).max() > 1e-3
    assert model.evaluate([LOGITS, LENGTHS], padded(TRANSCRIPTS), 8, verbose=0) < expected.mean()


def test_no_rows_have_no_loss_and_a_gradient():
    logits = tf.Variable(np.zeros((0, 5, 4), "float32"))
    with tf.GradientTape() as tape:
        losses = ctc_loss(np.zeros((0, 2), "int32"), logits, np.zeros((0,), "int32"))
        total = tf.reduce_sum(losses)
    assert losses.shape == (0,)
    assert tape.gradient(total, logits).shape == (0, 5, 4)
    loss = CTCLoss(reduction="sum")(np.zeros((0, 2), "int32"), np.zeros((0, 5, 4), "float32"))
    assert loss.shape == (0,)  # as Keras has it
