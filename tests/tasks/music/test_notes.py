"""Music as text and as piano rolls."""

import numpy as np
import pytest

from seqsuite.errors import UserError
from seqsuite.tasks.music.notes import LOWEST, roll_of_text, text_of_roll, transposed


def test_texts_and_rolls_are_each_other():
    for text in ("60,64,67 - 62", "21 108", "-", ""):
        assert text_of_roll(roll_of_text(text)) == text
    assert text_of_roll(roll_of_text(" 64,60,64\n-\t62 ")) == "60,64 - 62"


@pytest.mark.parametrize("text", ["60,,64", "x", "20", "109", "60.5", "-60", "60;64", "٦٠", "--"])
def test_what_is_no_note_is_named(text):
    with pytest.raises(UserError, match="has a note"):
        roll_of_text(text)


def test_transposed_rolls_keep_every_note_on_the_keyboard():
    roll = roll_of_text("60,64 21,108 -")
    for semitones in range(-12, 13):
        moved = transposed(roll, semitones)
        assert moved[0].nonzero()[0].tolist() == [60 + semitones - LOWEST, 64 + semitones - LOWEST]
        assert moved[1].any()
        assert not moved[2].any()
    assert transposed(roll, 0) is roll
    assert text_of_roll(transposed(roll, 1))[:5] == "61,65"
    assert text_of_roll(transposed(roll, 1)).split()[1] == "22,97"  # an octave below 109
    assert np.array_equal(transposed(roll, 2)[2], roll[2])
