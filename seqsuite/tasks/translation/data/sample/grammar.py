"""A small synchronous grammar: English sentences and their French translations.

One tree (:mod:`seqsuite.tasks.translation.data.sample.trees`) is drawn and said in both languages,
so every English sentence has exactly one translation. Word by word it cannot be found. Articles,
possessives, adjectives, participles and pronouns agree with a noun that may be far away ("the
letters that she wrote": "les lettres qu'elle a écrites"); adjectives change sides; "does not"
surrounds the verb ("ne ... pas") and turns "a" into "de"; "the teacher's old dog" is said from its
end; object pronouns come first; prepositions appear, vanish and melt into articles ("du", "au",
"de l'"); being hungry is having hunger.
"""

from __future__ import annotations

import random
import re
import zlib
from dataclasses import replace
from functools import cache

from seqsuite.data.examples import Examples
from seqsuite.tasks.translation.data.sample.english import english
from seqsuite.tasks.translation.data.sample.french import french
from seqsuite.tasks.translation.data.sample.trees import (
    Clause,
    Description,
    Phrase,
    Pronoun,
    Sentence,
    Statement,
    Subject,
)
from seqsuite.tasks.translation.data.sample.words import (
    ADJECTIVES,
    ADVERBS,
    CONNECTIVES,
    NOUNS,
    OBJECT_PRONOUNS,
    PLACES,
    PRONOUNS,
    STATES,
    VERBS,
)

SIZES = {"train": 8000, "validation": 500, "test": 1000}
LANGUAGES = ("en", "fr")
# Longer sentences are drawn again.
MAX_WORDS = 16

# A sentence's checksum deals it to one split: remainders from, up to (of 20).
_SHARES = {"train": (0, 15), "validation": (15, 17), "test": (17, 20)}
_TENSES = ("present", "present", "past", "past", "future")
_DETERMINERS = ("the",) * 5 + ("a",) * 3 + ("this", "my", "his", "her", "our", "your")
# "I am old" has two translations: nothing that agrees with these is said of them.
_GENDERLESS = ("I", "we", "you")


@cache
def generate(split: str) -> Examples:
    """Generate a split.

    Args:
        split: ``train``, ``validation`` or ``test``.

    Returns:
        ``source``: distinct English sentences; labels: their French translations. Every word of
        the validation and test splits occurs in the training split too.

    Example:
        >>> examples = generate("test")
        >>> len(examples), list(examples.features)
        (1000, ['source'])
    """
    generator = random.Random(f"translations {split}")
    low, high = _SHARES[split]
    known = None if split == "train" else _words(generate("train"))
    found: dict[str, str] = {}
    while len(found) < SIZES[split]:
        tree = draw(generator)
        source, target = english(tree), french(tree)
        short = len(source.split()) <= MAX_WORDS
        if not short or not low <= zlib.crc32(source.encode()) % 20 < high:
            continue
        if known is None or _words(Examples({"source": [source]}, [target])) <= known:
            found[source] = target
    return Examples({"source": list(found)}, list(found.values()))


def _words(examples: Examples) -> set[str]:
    texts = [*examples.features["source"], *(examples.labels or [])]
    return {word for text in texts for word in re.findall(r"\w+", text.lower())}


def draw(generator: random.Random) -> Sentence:
    """Return a random sentence that is of no language yet."""
    shape = generator.random()
    if shape < 0.15:
        return Sentence(_statement(generator, question=True), question=True)
    first = _statement(generator)
    if shape < 0.3:
        return Sentence(first, opening=True)
    if shape < 0.5 and first.subject is not None:
        connective = generator.choice(list(CONNECTIVES))
        subject = _pronoun_for(first.subject) if generator.random() < 0.7 else None
        second = _statement(generator, subject, _kind(first.subject))
        return Sentence(first, connective=connective, second=second)
    return Sentence(first)


def _kind(subject: Subject) -> str:
    noun_phrase = subject[0] if isinstance(subject, tuple) else subject
    return noun_phrase.noun.kind if isinstance(noun_phrase, Phrase) else "p"


def _pronoun_for(subject: Subject) -> Pronoun:
    """Return the pronoun that stands for a subject; what is "it" has a gender in French."""
    if isinstance(subject, Pronoun):
        return subject
    if isinstance(subject, tuple):
        return Pronoun("they", all(part.noun.feminine for part in subject))
    feminine = subject.noun.feminine
    if subject.plural:
        return Pronoun("they", feminine)
    name = ("she" if feminine else "he") if subject.noun.kind == "p" else "it"
    return Pronoun(name, feminine)


def _statement(
    generator: random.Random,
    subject: Subject | None = None,
    kind: str = "",
    question: bool = False,
) -> Statement:
    """Draw what a subject of a kind does or is like; without one, draw the subject too."""
    tense = generator.choice(_TENSES)
    negation = generator.choices(("", "not", "never"), (7, 2, 0 if question else 1))[0]
    # Only living beings do things here.
    lifeless = subject is not None and kind not in "pa"
    if lifeless or generator.random() < 0.3:
        return _description(generator, subject, kind, tense, negation)
    verb = generator.choice(VERBS)
    told = verb.auxiliary == "être" and tense == "past"
    if subject is None or (told and not _has_gender(subject)):
        subject = _subject(generator, "pa" if "a" in verb.objects else "p", told)
    adverb = ""
    if negation != "never" and generator.random() < 0.2:
        adverb = generator.choice([a for a in ADVERBS if not (negation and a == "rarely")])
    target: Phrase | str | None = None
    if "p" in verb.objects and verb.french_preposition != "de" and generator.random() < 0.3:
        target = generator.choice(list(OBJECT_PRONOUNS))
    elif verb.objects:
        target = _phrase(generator, verb.objects)
    place = None
    if "l" not in verb.objects and generator.random() < 0.25:
        place = generator.choice(list(PLACES)), _phrase(generator, "l")
    return Clause(subject, verb, tense, negation, adverb, target, place)


def _description(
    generator: random.Random, subject: Subject | None, kind: str, tense: str, negation: str
) -> Description:
    person = subject is None or kind == "p"
    if person and (not _has_gender(subject) or generator.random() < 0.25):
        subject = subject or _subject(generator, "p", gendered=False)
        return Description(subject, generator.choice(list(STATES)), tense, negation)
    kinds = kind if subject is not None else generator.choice("patwfl")
    adjectives = [adjective for adjective in ADJECTIVES if kinds in adjective.kinds]
    quality = generator.choice(adjectives)
    if subject is None:
        subject = _subject(generator, kinds, gendered=True)
    other = None
    if quality.comparative != "-" and generator.random() < 0.3:
        other = _phrase(generator, quality.kinds)
    return Description(subject, quality, tense, negation, other)


def _has_gender(subject: Subject | None) -> bool:
    return not isinstance(subject, Pronoun) or subject.english not in _GENDERLESS


def _subject(generator: random.Random, kinds: str, gendered: bool) -> Subject:
    """Draw a subject; ``gendered``: one whose gender English tells too."""
    shape = generator.random()
    if "p" in kinds and shape < 0.4:
        names = [name for name in PRONOUNS if name != "it"]
        return Pronoun(generator.choice([n for n in names if not gendered or n not in _GENDERLESS]))
    if shape < 0.45:
        return _phrase(generator, kinds, plain=True), _phrase(generator, kinds, plain=True)
    phrase = _phrase(generator, kinds)
    if phrase.owner is None and phrase.determiner in ("the", "this") and generator.random() < 0.3:
        return replace(phrase, relative=_relative(generator, phrase))
    return phrase


def _relative(generator: random.Random, phrase: Phrase) -> Clause:
    """Draw what a noun does, or what is done to it."""
    tense = generator.choice(("present", "past"))
    verbs = [v for v in VERBS if phrase.noun.kind in v.objects and not v.french_preposition]
    if phrase.noun.kind not in "pa" or generator.random() < 0.5:
        names = [name for name in PRONOUNS if name != "it"]
        shape = generator.random() < 0.5
        subject = Pronoun(generator.choice(names)) if shape else _phrase(generator, "p", plain=True)
        return Clause(subject, generator.choice(verbs), tense)
    verb = generator.choice(VERBS)
    target = _phrase(generator, verb.objects, plain=True) if verb.objects else None
    return Clause(None, verb, tense, target=target)


def _phrase(generator: random.Random, kinds: str, plain: bool = False) -> Phrase:
    """Draw a noun of one of the kinds; ``plain``: with nothing but its determiner."""
    noun = generator.choice([noun for noun in NOUNS if noun.kind in kinds])
    plural = generator.random() < 0.4
    determiner = generator.choice(_DETERMINERS)
    if plural and generator.random() < 0.1:
        determiner = generator.choice(("two", "three"))
    if plain:
        return Phrase(noun, plural, determiner)
    adjectives = []
    for before in (True, False):
        fitting = [a for a in ADJECTIVES if a.before == before and noun.kind in a.kinds]
        if fitting and generator.random() < 0.3:
            adjectives.append(generator.choice(fitting))
    owner = _phrase(generator, "p", plain=True) if generator.random() < 0.12 else None
    return Phrase(noun, plural, determiner, tuple(adjectives), owner)
