"""A small grammar of reviews in which the order of words, not their choice, decides the label.

Every opinion pairs words of both polarities, or denies one of them, so that a bag of words hardly
helps: "gorgeous but hollow" is negative, "hollow but gorgeous" positive, "not dull at all"
positive, "could not be more charming" positive too. Each pair of (construction, deciding word)
belongs to one split only: test reviews are made of combinations that training never shows.
"""

from __future__ import annotations

import random
import re
from functools import cache

from seqsuite.data.examples import Examples
from seqsuite.tasks.sentiment.config import SentimentDataConfig

NAME = "sample"
DESCRIPTION = "built-in sample, no network: generated reviews"

SIZES = {"train": 6000, "validation": 800, "test": 1500}
_SHARES = {"train": 0.75, "validation": 0.1, "test": 0.15}

POSITIVE = (
    "good", "great", "gorgeous", "charming", "delightful", "superb", "fresh", "clever",
    "touching", "memorable", "elegant", "brilliant", "wonderful", "warm", "excellent", "lovely",
    "splendid", "generous", "thoughtful", "impressive", "enjoyable", "honest", "graceful", "witty",
)  # fmt: skip
NEGATIVE = (
    "bad", "awful", "hollow", "dull", "clumsy", "stale", "tedious", "careless",
    "boring", "forgettable", "ugly", "terrible", "dreadful", "cold", "poor", "sloppy",
    "shabby", "lazy", "silly", "tiresome", "annoying", "fake", "crude", "bland",
)  # fmt: skip

_PARTS = {
    "film": ("acting", "plot", "music", "camera work", "ending", "dialogue"),
    "book": ("prose", "story", "first chapter", "translation", "dialogue", "ending"),
    "hotel": ("room", "breakfast", "service", "view", "lobby", "bed"),
    "restaurant": ("food", "service", "wine list", "dessert", "table", "music"),
    "phone": ("screen", "camera", "sound", "battery", "keyboard", "design"),
}

# The label is the polarity of {d}. {o} has the other one.
_ASSERTED = (
    "the {x} is {adv} {d}",
    "the {x} was {adv} {d}",
    "i found the {x} {adv} {d}",
    "a {adv} {d} {thing}",
    "what a {d} {thing}",
    "the {x} is {o} but {adv} {d}",
    "the {x} looks {o} , yet in the end it is {d}",
    "although the {x} is {o} , the {thing} as a whole is {adv} {d}",
    "the {thing} is {d} , even if the {x} is {o}",
    "the {thing} is {adv} {d} despite its {o} {x}",
    "i expected something {o} and got something {d}",
    "the {x} is not {o} but {d}",
    "the {x} is more {d} than {o}",
    "the {x} could not be more {d}",
    "what begins as a {o} {thing} becomes a {d} one",
    "friends called it {o} ; i found it {adv} {d}",
)
# The label is the opposite of the polarity of {d}, which is denied.
_DENIED = (
    "the {x} is not {d} at all",
    "the {x} is never {d}",
    "nobody could call the {x} {d}",
    "i expected the {x} to be {d} , and it was not",
    "they promised something {d} ; it is anything but",
    "the {x} is far from {d}",
    "there is nothing {d} about the {x}",
    "i do not think that the {x} is {adv} {d}",
    "it isn't as {d} as people say",
    "it would be wrong to say that the {thing} is {d}",
)
_ADVERBS = ("", "", "", "really", "quite", "very", "rather", "truly", "simply")
_NEUTRAL = (
    "i came across this {thing} {when}",
    "my {who} told me about it {when}",
    "we talked about it for {long}",
    "this is about a {thing} from {where}",
    "i wrote down these lines {when}",
    "it took us {long} to get there",
    "the {x} is what most people ask about",
    "my {who} had wanted to see for {long} what it is like",
)
_WHEN = ("last week", "on a monday", "in the spring", "after work", "on holiday", "two years ago")
_WHO = ("sister", "neighbour", "boss", "uncle", "teacher", "daughter")
_LONG = ("an hour", "half a day", "ten minutes", "a whole evening", "weeks")
_WHERE = ("lisbon", "the north", "a small town", "abroad", "chicago", "our street")


def load(split: str, options: SentimentDataConfig) -> Examples | None:
    """Generate a split; the same every time.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section, which the sample takes nothing from.
    """
    return generate(split)


@cache
def generate(split: str) -> Examples:
    """Generate a split.

    Args:
        split: ``train``, ``validation`` or ``test``.

    Returns:
        Distinct reviews labelled ``negative`` or ``positive``, about half each.

    Example:
        >>> examples = generate("test")
        >>> len(examples), sorted(set(examples.labels))
        (1500, ['negative', 'positive'])
    """
    generator = random.Random(f"reviews {split}")
    combinations = _combinations()[split]
    texts: dict[str, str] = {}
    while len(texts) < SIZES[split]:
        positive = generator.random() < 0.5
        text = _review(generator, combinations, positive)
        texts.setdefault(text, "positive" if positive else "negative")
    return Examples({"text": list(texts)}, list(texts.values()))


def _combinations() -> dict[str, dict[bool, list[tuple[str, str]]]]:
    """Deal every (construction, deciding word) to one split: split -> label -> pairs."""
    generator = random.Random("combinations")
    dealt: dict[str, dict[bool, list[tuple[str, str]]]] = {
        split: {True: [], False: []} for split in _SHARES
    }
    for construction in _ASSERTED + _DENIED:
        for word in POSITIVE + NEGATIVE:
            split = generator.choices(list(_SHARES), weights=list(_SHARES.values()))[0]
            label = (word in POSITIVE) == (construction in _ASSERTED)
            dealt[split][label].append((construction, word))
    return dealt


def _review(generator: random.Random, combinations: dict, positive: bool) -> str:
    thing = generator.choice(list(_PARTS))
    # Mostly one opinion; a second one agrees, or the label would be a matter of taste.
    opinions = []
    for _ in range(generator.choices((1, 2), weights=(4, 1))[0]):
        construction, word = generator.choice(combinations[positive])
        opinions.append(_sentence(generator, construction, word, thing))
    neutral = [
        _sentence(generator, generator.choice(_NEUTRAL), "", thing)
        for _ in range(generator.choices((0, 1, 2, 3), weights=(3, 3, 2, 1))[0])
    ]
    sentences = opinions + neutral
    generator.shuffle(sentences)
    text = " ".join(f"{sentence}." for sentence in sentences)
    # People also write without capitals and full stops.
    return text.lower().rstrip(".") if generator.random() < 0.2 else text


def _sentence(generator: random.Random, pattern: str, word: str, thing: str) -> str:
    filled = pattern.format(
        d=word,
        o=generator.choice(NEGATIVE if word in POSITIVE else POSITIVE),
        x=generator.choice(_PARTS[thing]),
        thing=thing,
        adv=generator.choice(_ADVERBS),
        when=generator.choice(_WHEN),
        who=generator.choice(_WHO),
        long=generator.choice(_LONG),
        where=generator.choice(_WHERE),
    )
    filled = " ".join(filled.split()).replace(" ,", ",").replace(" ;", ";")
    filled = re.sub(r"\ba (?=[aeiou]|honest)", "an ", filled)
    return filled[0].upper() + filled[1:]
