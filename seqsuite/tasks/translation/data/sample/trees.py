"""Sentences that are not of any language yet.

What two languages share is a tree: who does what to whom, when, and whether it is denied or asked.
:mod:`seqsuite.tasks.translation.data.sample.english` and
:mod:`seqsuite.tasks.translation.data.sample.french` say such trees, so a tree is a pair of
sentences that mean the same. Gender, number and person are found in the tree, wherever in the
sentence they are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seqsuite.tasks.translation.data.sample.words import PRONOUNS, Adjective, Noun, Verb


@dataclass(frozen=True)
class Phrase:
    """A noun with what belongs to it; an ``owner`` stands in place of the determiner."""

    noun: Noun
    plural: bool = False
    determiner: str = "the"
    adjectives: tuple[Adjective, ...] = ()
    owner: Phrase | None = None
    relative: Clause | None = None


@dataclass(frozen=True)
class Pronoun:
    """A pronoun; ``feminine`` where it stands for such a noun ("they": elles)."""

    english: str
    feminine: bool = False


Subject = Phrase | Pronoun | tuple[Phrase, Phrase]


@dataclass(frozen=True)
class Clause:
    """What somebody does; in a relative clause ``subject`` or ``target`` is the noun before it."""

    subject: Subject | None
    verb: Verb
    tense: str = "present"
    negation: str = ""
    adverb: str = ""
    target: Phrase | str | None = None
    place: tuple[str, Phrase] | None = None


@dataclass(frozen=True)
class Description:
    """What somebody or something is like, or more so than another, or how somebody feels."""

    subject: Subject
    quality: Adjective | str
    tense: str = "present"
    negation: str = ""
    other: Phrase | None = None


Statement = Clause | Description


@dataclass(frozen=True)
class Sentence:
    """A statement or a question, and a second statement tied to the first."""

    first: Statement
    question: bool = False
    opening: bool = False
    connective: str = ""
    second: Statement | None = None


def features(subject: Subject) -> tuple[bool, bool, int]:
    """Return whether a subject is feminine, whether it is plural, and its person in French."""
    if isinstance(subject, tuple):
        return all(part.noun.feminine for part in subject), True, 4
    if isinstance(subject, Phrase):
        return subject.noun.feminine, subject.plural, 4 if subject.plural else 1
    _, plural, _, person = PRONOUNS[subject.english]
    return subject.feminine or PRONOUNS[subject.english][0], plural, person


def joined(words: Sequence[str], vowels: str) -> str:
    """Return words as a sentence: shapes chosen, apostrophes and full stops attached.

    Args:
        words: ``a|b`` is ``a``, or ``b`` where a vowel follows, to which it is attached when it
            ends in an apostrophe; an underscore stands for a space.
        vowels: Letters that count as vowels.

    Example:
        >>> joined(["je|j'", "aime", "le|l'", "art", "."], "aeiou")
        "J'aime l'art."
    """
    text = ""
    # From the end, since the shape of a word depends on the next one.
    for word in reversed(words):
        first, _, second = word.partition("|")
        chosen = second if second and text[0] in vowels else first
        attached = not text or text[0] in ".," or (chosen == second and chosen.endswith("'"))
        text = chosen.replace("_", " ") + ("" if attached else " ") + text
    return text[0].upper() + text[1:]
