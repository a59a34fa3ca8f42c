"""Words spelled by units, and read back: worked by hand."""

import pytest

from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.pronunciations import FIRST_CODE, MAX_UNITS, Spelling

LEXICON = {
    "to": ["T UW", "T AH"],
    "one": ["W AH N", "W UW N"],
    "two": ["T UW"],
    "who": ["HH UW"],
    "ton": ["T AH N"],
}
TRANSCRIPTS = ["one two", "two", "to"]


def written(*places):
    """The text of units by their places; None stands for a space."""
    return "".join(" " if place is None else chr(FIRST_CODE + place) for place in places)


def test_units_are_the_phones_that_transcripts_give_something_to_learn_of():
    spelling = Spelling.of_phones(TRANSCRIPTS, LEXICON, "a.dict")
    assert spelling.names == [" ", "AH", "N", "T", "UW", "W"]
    assert spelling.alphabet == written(None, 0, 1, 2, 3, 4)
    # "who" needs a phone that nobody said.
    assert list(spelling.pronunciations) == ["two", "one", "to", "ton"]


def test_the_first_pronunciation_is_written_and_all_are_read():
    spelling = Spelling.of_phones(TRANSCRIPTS, LEXICON, "a.dict")
    assert spelling.spell("one two") == written(4, 0, 1, None, 2, 3)
    assert spelling.spellings("one") == [written(4, 0, 1), written(4, 3, 1)]
    assert spelling.read(written(4, 3, 1, None, 4, 0, 1)) == "one one"
    assert spelling.read(written(2, 0, None, 2, 0, 1)) == "to ton"


def test_of_words_that_sound_alike_the_commonest_is_read():
    often_to = Spelling.of_phones(["to", "two", "to one"], LEXICON, "a.dict")
    for spelling, heard in (
        (Spelling.of_phones(TRANSCRIPTS, LEXICON, "a.dict"), "two"),
        (often_to, "to"),
    ):
        assert spelling.read(spelling.spell("two")) == heard
        assert spelling.read(spelling.spell("to")) == heard
    # A word that was said goes before one that stands earlier in the file.
    assert Spelling.of_phones(["two"], LEXICON, "").read(written(0, 1)) == "two"


def test_a_word_that_is_none_is_shown_by_its_units_without_a_space():
    spelling = Spelling.of_phones(TRANSCRIPTS, LEXICON, "a.dict")
    assert spelling.read(written(2, None, None, 3, 2)) == "[T] [UW-T]"
    assert spelling.read(written(None)) == ""
    assert not spelling.units_are_words


def test_words_that_cannot_be_spelled_are_left_out_of_labels():
    spelling = Spelling.of_phones(TRANSCRIPTS, LEXICON, "a.dict")
    assert spelling.spell("three to who") == written(2, 3)
    assert (spelling.spell("who"), spelling.spellings("three")) == ("", [])


def test_words_as_wholes_are_one_unit_each():
    spelling = Spelling.of_words(["b a", "b"])
    assert spelling.names == [" ", "a", "b"]
    assert spelling.spell("a b a") == written(0, None, 1, None, 0)
    assert spelling.read(written(1, None, 0)) == "b a"
    # A space that was missed joins nothing.
    assert spelling.read(written(1, 0, None, 1)) == "b a b"
    assert spelling.units_are_words


def test_words_that_a_lexicon_lacks_are_named_with_the_file_and_the_way_out():
    with pytest.raises(UserError) as caught:
        Spelling.of_phones(["one seven", "six seven nine", "a b c"], LEXICON, "small.dict")
    message = str(caught.value)
    assert message.startswith("small.dict (data.pronunciations) lacks words")
    assert "'seven', 'six', 'nine', 'a', 'b' and 1 more. Add a line for each" in message
    with pytest.raises(UserError, match=r": 'six'\. Add"):
        Spelling.of_phones(["six"], LEXICON, "small.dict")


def test_what_is_kept_restores_it():
    spelling = Spelling.of_phones(TRANSCRIPTS, LEXICON, "a.dict")
    restored = Spelling(**spelling.get_config())
    assert (restored.names, restored.words) == (spelling.names, spelling.words)
    assert restored.get_config() == spelling.get_config()


@pytest.mark.parametrize("units", [[], ["T", "T"], [str(unit) for unit in range(MAX_UNITS + 1)]])
def test_units_are_some_and_different_and_have_a_character_each(units):
    with pytest.raises(ValueError, match="Argument `units` must be"):
        Spelling(units, {})
