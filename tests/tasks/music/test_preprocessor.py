"""Texts of notes to piano rolls in the graph, as in NumPy; transposition anew in each epoch."""

import numpy as np
import tensorflow as tf

from seqsuite.config import build_config
from seqsuite.data.examples import Examples
from seqsuite.tasks.music import MusicConfig
from seqsuite.tasks.music.notes import roll_of_text, transposed
from seqsuite.tasks.music.preprocessor import RollPreprocessor

TEXTS = ["60,64,67 - 62", "", "21 108\n-\t60", "64,60,64"]


def test_the_graph_reads_what_numpy_reads():
    encoded = RollPreprocessor()({"notes": tf.constant(TEXTS)})
    for row, text in enumerate(TEXTS):
        expected = roll_of_text(text)
        assert int(encoded["length"][row]) == len(expected)
        np.testing.assert_array_equal(encoded["roll"][row, : len(expected)], expected)
        assert not encoded["roll"][row, len(expected) :].numpy().any()


def test_what_is_no_note_is_left_out_and_counted():
    roll, length, unknown = RollPreprocessor().read(tf.constant(["60,x,20 109", "", "\xff - 60"]))
    assert unknown.numpy().tolist() == [3, 0, 1]
    assert length.numpy().tolist() == [2, 0, 3]
    assert roll.numpy().sum(axis=(1, 2)).tolist() == [1, 0, 1]
    assert RollPreprocessor().read(tf.zeros([0], tf.string))[0].shape[0] == 0


def test_decoding_gives_the_text_back():
    layer = RollPreprocessor()
    roll, length, _ = layer.read(tf.constant(TEXTS[:3]))
    texts = [text.decode() for text in layer.decode(roll > 0, length).numpy()]
    assert texts == [" ".join(text.split()) for text in TEXTS[:3]]


def test_training_pieces_are_transposed_anew_inputs_and_targets_alike():
    layer = RollPreprocessor(transpose=5)
    texts = [f"{note},{note + 4} {note + 2}" for note in range(50, 62)]
    encoded = layer.encode(Examples({"notes": texts}), training=True)
    training = build_config(MusicConfig).training
    plans = [np.concatenate(encoded.plan(training, epoch)) for epoch in (0, 0, 1)]
    assert plans[0].tolist() == plans[1].tolist() != plans[2].tolist()
    rolls, targets = encoded.batch(plans[0])["roll"], encoded.target_batch(plans[0])["logits"]
    np.testing.assert_array_equal(rolls, targets)
    moves = set()
    for index, roll in zip(plans[0], rolls, strict=True):
        plain = roll_of_text(texts[index % len(texts)])
        (move,) = [s for s in range(-5, 6) if np.array_equal(transposed(plain, s), roll)]
        moves.add(move)
    assert len(moves) > 3
    assert encoded.count(plans[0]) == 2 * len(texts)
