"""Words spelled with one character for each unit: what searches characters then searches phones.

Searches, collapsing, lexicons and times of words know characters, and spaces between words. So
where the outputs of a network are phones or whole words, each of these units is written as one
private-use character, and only the ends translate: transcripts are spelled before they are learned,
and what was heard is read back before it is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from seqsuite.errors import UserError

FIRST_CODE = 0xF0000
"""Code point of the first unit: a plane of 65,534 private-use characters begins here."""
MAX_UNITS = 65_534
_SHOWN = 5


class Spelling:
    """Words, the units that each may consist of, and the way back.

    Args:
        units: Names of units; none twice, and none with white space.
        pronunciations: Word -> its pronunciations, each the names of its units with spaces between
            them. The first is what is learned; all are read. Those with other units are left out,
            and so is a word that has no other. Where words share a pronunciation, it is read as the
            first of them.

    Attributes:
        words: Spelled word -> word.
        units_are_words: Whether each unit is a word and each word a unit, so that a missed space
            joins none.

    Raises:
        ValueError: There are no units, too many, or one twice.

    Example:
        >>> spelling = Spelling(["T", "UW"], {"two": ["T UW"], "to": ["T UW", "T AH"]})
        >>> spelled = spelling.spell("to two")
        >>> len(spelled), spelling.read(spelled), spelling.pronunciations["to"]
        (5, 'two two', ['T UW'])
        >>> spelling.read(spelled[:1])  # is no word
        '[T]'
    """

    def __init__(self, units: Sequence[str], pronunciations: Mapping[str, Sequence[str]]):
        if not 0 < len(units) == len(set(units)) <= MAX_UNITS:
            raise ValueError(
                f"Argument `units` must be 1 to {MAX_UNITS:,} different names. "
                f"Received: {len(units):,}, of which {len(set(units)):,} are different"
            )
        self.units = list(units)
        self.pronunciations: dict[str, list[str]] = {}
        known = set(units)
        for word, variants in pronunciations.items():
            said = [
                variant for variant in dict.fromkeys(variants) if known.issuperset(_of(variant))
            ]
            if said:
                self.pronunciations[word] = said
        self._characters = {unit: chr(FIRST_CODE + place) for place, unit in enumerate(units)}
        self.words: dict[str, str] = {}
        for word in self.pronunciations:
            for spelled in self.spellings(word):
                self.words.setdefault(spelled, word)
        itself = {unit: [unit] for unit in units}
        self.units_are_words = self.pronunciations == itself

    @classmethod
    def of_words(cls, transcripts: Sequence[str]) -> Spelling:
        """Return the spelling in which each word is one unit.

        Args:
            transcripts: Whose words are learned.

        Raises:
            UserError: There are too many.

        Example:
            >>> Spelling.of_words(["two one", "two"]).names
            [' ', 'one', 'two']
        """
        words = sorted({word for text in transcripts for word in text.split()})
        if len(words) > MAX_UNITS:
            raise UserError(
                f"Training transcripts have {len(words):,} words, more than data.units words can "
                f"learn ({MAX_UNITS:,}). Use data.units phones or characters."
            )
        return cls(words, {word: [word] for word in words})

    @classmethod
    def of_phones(
        cls, transcripts: Sequence[str], lexicon: Mapping[str, Sequence[str]], source: str
    ) -> Spelling:
        """Return the spelling of words by the phones that transcripts give something to learn of.

        Words of the lexicon that are in no transcript can be heard too, if they need no further
        phone. Where words sound alike, the one that transcripts have most often is read, and one
        of no transcript only where there is no other.

        Args:
            transcripts: Whose words are learned.
            lexicon: Word -> its pronunciations.
            source: Where it comes from, for the error.

        Raises:
            UserError: It lacks words of the transcripts.

        Example:
            >>> lexicon = {"too": ["T UW"], "two": ["T UW"], "ooh": ["UW"], "do": ["D UW"]}
            >>> spelling = Spelling.of_phones(["two"], lexicon, "a.dict")
            >>> spelling.names, list(spelling.pronunciations)
            ([' ', 'T', 'UW'], ['two', 'too', 'ooh'])
        """
        counts = Counter(word for text in transcripts for word in text.split())
        missing = [word for word in counts if word not in lexicon]
        if missing:
            named = ", ".join(map(repr, missing[:_SHOWN]))
            more = f" and {len(missing) - _SHOWN:,} more" if len(missing) > _SHOWN else ""
            raise UserError(
                f"{source} (data.pronunciations) lacks words of training transcripts: "
                f"{named}{more}. Add a line for each, the word and its phones, or mend the "
                "transcripts."
            )
        words = [word for word, _ in counts.most_common()]
        units = sorted({unit for word in words for unit in _of(lexicon[word][0])})
        return cls(units, {word: lexicon[word] for word in (*words, *lexicon)})

    def get_config(self) -> dict:
        """Return the constructor arguments, as JSON holds them."""
        return {"units": self.units, "pronunciations": self.pronunciations}

    @property
    def names(self) -> list[str]:
        """What each symbol is called: the space, and the units."""
        return [" ", *self.units]

    @property
    def alphabet(self) -> str:
        """The characters of spelled texts, in the order of `names`."""
        return " " + "".join(self._characters.values())

    def spellings(self, word: str) -> list[str]:
        """Return each pronunciation of a word, spelled; none if the word is unknown.

        Args:
            word: A word.
        """
        return [
            "".join(self._characters[unit] for unit in _of(variant))
            for variant in self.pronunciations.get(word, ())
        ]

    def spell(self, text: str) -> str:
        """Return a text with the first pronunciation of each word; unknown words are left out.

        Args:
            text: Words.
        """
        spellings = (self.spellings(word) for word in text.split())
        return " ".join(found[0] for found in spellings if found)

    def read(self, text: str) -> str:
        """Return a spelled text as words.

        Args:
            text: Spelled words with spaces between them. One that is none is written as its units
                in brackets, or, where units are words, as these words.
        """
        return " ".join(map(self._read_word, text.split()))

    def _read_word(self, spelled: str) -> str:
        word = self.words.get(spelled)
        if word is not None:
            return word
        units = [self.units[ord(one) - FIRST_CODE] for one in spelled]
        return " ".join(units) if self.units_are_words else f"[{'-'.join(units)}]"


def _of(pronunciation: str) -> list[str]:
    return pronunciation.split()
