"""A small grammar of English in which the tag of a word depends on the whole sentence.

Its words are ambiguous ("play", "light", "like", "before", "that"), and what decides is often a
word three to six positions away, on either side. "Guards near the park play inside and outside ."
has a verb in the middle; "Guards near the park play inside and outside laughed ." and "We met
guards near the park play inside and outside ." have a noun there, since a clause has one verb. Many
words are made up, others in every split: their endings ("blickly", "zorted") tell what they are,
and so what the words before them are. No sentence can be tagged in two ways.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from functools import cache

from seqsuite.data.examples import Examples
from seqsuite.tasks.pos_tagging.config import PosTaggingDataConfig

NAME = "sample"
DESCRIPTION = "built-in sample, no network: generated sentences"

SIZES = {"train": 3000, "validation": 400, "test": 600}
# A sentence's checksum deals it to one split: remainders from, up to (of 20).
_SHARES = {"train": (0, 15), "validation": (15, 17), "test": (17, 20)}

# Kind of word -> tag, tag of the Penn Treebank, morphology.
TAGS = {
    "det": ("DET", "DT", "PronType=Art"),
    "this": ("DET", "DT", "Number=Sing|PronType=Dem"),
    "prp": ("PRON", "PRP", "Case=Nom|PronType=Prs"),
    "obj": ("PRON", "PRP", "Case=Acc|PronType=Prs"),
    "poss": ("PRON", "PRP$", "Poss=Yes|PronType=Prs"),
    "dem": ("PRON", "DT", "Number=Sing|PronType=Dem"),
    "rel": ("PRON", "WDT", "PronType=Rel"),
    "adp": ("ADP", "IN", "_"),
    "sconj": ("SCONJ", "IN", "_"),
    "cconj": ("CCONJ", "CC", "_"),
    "part": ("PART", "TO", "_"),
    "intj": ("INTJ", "UH", "_"),
    "modal": ("AUX", "MD", "VerbForm=Fin"),
    "do": ("AUX", "VBP", "Mood=Ind|Tense=Pres|VerbForm=Fin"),
    "did": ("AUX", "VBD", "Mood=Ind|Tense=Past|VerbForm=Fin"),
    "jj": ("ADJ", "JJ", "Degree=Pos"),
    "rb": ("ADV", "RB", "_"),
    "nn": ("NOUN", "NN", "Number=Sing"),
    "nns": ("NOUN", "NNS", "Number=Plur"),
    "vb": ("VERB", "VB", "VerbForm=Inf"),
    "vbp": ("VERB", "VBP", "Mood=Ind|Number=Plur|Tense=Pres|VerbForm=Fin"),
    "vbz": ("VERB", "VBZ", "Mood=Ind|Number=Sing|Tense=Pres|VerbForm=Fin"),
    "vbd": ("VERB", "VBD", "Mood=Ind|Tense=Past|VerbForm=Fin"),
    "punct": ("PUNCT", ".", "_"),
    "comma": ("PUNCT", ",", "_"),
}

INFLECTED = ("nns", "vbz")

# Lists of words. Persons, places and things are verbs too (`act`, all of them), `mixed` also
# adjectives, and `where` prepositions as well as adverbs.
_PERSONS = "guard cook guide pilot nurse doctor judge host scout coach tutor captain"
_PLACES = "park farm camp dock garden field market bank mine bridge ship house"
_THINGS = "watch book saw play run fish duck can dance walk race hunt work march picture paint"
_MIXED = "light present round back close calm cool blind double open"
WORDS = {
    name: tuple(words.split())
    for name, words in {
        "person": _PERSONS,
        "place": _PLACES,
        "thing": f"{_THINGS} {_MIXED}",
        "act": f"{_PERSONS} {_PLACES} {_THINGS} {_MIXED} {_THINGS} {_MIXED}",
        "mixed": _MIXED,
        "plain": "long tall small red broken wooden heavy famous strange yellow narrow",
        "event": "party concert dinner lesson storm wedding meeting journey holiday",
        "where": "outside inside near round past over under along down",
        "how": "quietly slowly often happily together again badly early",
        "past": "laughed waited smiled shouted vanished arrived slept fell left cried",
        "ended": "ended began failed started finished",
        "met": "met missed followed described praised",
        "meet": "meet miss follow describe praise",
        "knew": "knew remembered forgot mentioned noticed",
        "they": "they we you",
        "when": "before after until since",
    }.items()
}
# Endings of made-up words, by list, and how many words of these lists are made up.
_ENDINGS = {
    "plain": ("ous", "ful", "less"),
    "how": ("ly",),
    "past": ("ed",),
    "met": ("ed",),
    "event": ("ment", "ness", "tion"),
}
_MADE_UP_SHARE = 0.3
_SYLLABLE = tuple(
    tuple(letters.split())
    for letters in (
        "b bl br d dr f fl g gl gr k kl m n p pl s sk sl st t tr v w z",
        "a e i o u",
        "b ck d g ll m n nd nk p r rt sk st t zz",
    )
)

# Upper case: one of that rule's lines. "word/kind" is that word (with -s when the kind has it),
# "*list/kind" a word of the list.
RULES: dict[str, tuple[str, ...]] = {
    "SENTENCE": ("CLAUSE", "CLAUSE", "CLAUSE", "COMPARISON", "TIME", "REPORT", "SIMPLE"),
    # One verb a clause: whether the words after the subject are verbs is decided by what follows
    # the place, or by the verb before the subject.
    "CLAUSE": (
        "CROWD VBP WHERE ./punct",
        "CROWD VBP WHERE *how/rb ./punct",
        "CROWD NN WHERE *past/vbd ./punct",
        "CROWD NN WHERE *past/vbd *how/rb ./punct",
        "*they/prp *met/vbd CROWD NN WHERE ./punct",
        "*they/prp let/vbd CROWD VB WHERE ./punct",
        "do/do CROWD VB WHERE ?/punct",
        "did/did *they/prp *meet/vb CROWD NN WHERE ?/punct",
        "ONE *act/vbz WHERE ./punct",
        "ONE *act/nns WHERE *past/vbd ./punct",
    ),
    "COMPARISON": (
        "CROWD like/vbp OBJECT ./punct",
        "CROWD like/adp OBJECT *past/vbd ./punct",
    ),
    "TIME": (
        "*they/prp *past/vbd *when/adp EVENT WHERE ./punct",
        "*they/prp *past/vbd *when/sconj EVENT WHERE *ended/vbd ./punct",
        "*when/adp EVENT WHERE ,/comma SIMPLE",
        "*when/sconj EVENT WHERE *ended/vbd ,/comma SIMPLE",
    ),
    "REPORT": (
        "*they/prp *knew/vbd that/this ADJ ADJ *thing/nn ./punct",
        "*they/prp *knew/vbd that/sconj ADJ ADJ *thing/nns *past/vbd ./punct",
    ),
    "SIMPLE": (
        "the/det *mixed/jj *person/nn *past/vbd ./punct",
        "the/det *mixed/nn *past/vbd *where/rb ./punct",
        "*they/prp *act/vbp the/det ADJ *thing/nns *how/rb ./punct",
        "*they/prp *act/vbp and/cconj *act/vbp *where/rb ./punct",
        "*act/vb the/det *thing/nns *where/rb ./punct",
        "*act/vb and/cconj *act/vb the/det *mixed/jj *thing/nns ./punct",
        "*person/nns and/cconj *person/nns *act/vbp *how/rb ./punct",
        "*they/prp can/modal *act/vb well/rb ./punct",
        "well/intj ,/comma *they/prp *act/vbp *where/rb ./punct",
        "that/this *person/nn *past/vbd back/rb ./punct",
        "the/det *person/nn that/rel *past/vbd saw/vbd that/dem ./punct",
        "the/det can/nn *past/vbd *where/rb ./punct",
        "*they/prp walked/vbd round/adp the/det *place/nn to/part *act/vb ./punct",
        "*they/prp walked/vbd to/adp the/det *place/nn *where/rb ./punct",
        "the/det *person/nns can/modal *act/vb close/rb to/adp the/det *place/nn ./punct",
        "*they/prp let/vbd her/obj *act/vb *where/rb ./punct",
        "*they/prp *met/vbd her/poss *person/nn *where/rb ./punct",
        "fruit/nn fly/nns like/vbp that/this *thing/nn ./punct",
        "time/nn fly/vbz like/adp that/this *thing/nn ./punct",
    ),
    "CROWD": (
        "the/det *person/nns *where/adp the/det *place/nn",
        "*person/nns *where/adp the/det *place/nn",
    ),
    "ONE": ("the/det *person/nn *where/adp the/det *place/nn",),
    "NN": ("*act/nn", "*act/nn and/cconj *act/nn"),
    "VB": ("*act/vb", "*act/vb and/cconj *act/vb"),
    "VBP": ("*act/vbp", "*act/vbp and/cconj *act/vbp"),
    "WHERE": (
        "*where/adp the/det *place/nn",
        "*where/rb *where/adp ADJ *place/nns",
        "*where/rb and/cconj *where/rb",
    ),
    "EVENT": ("the/det *plain/jj *event/nn", "the/det *event/nn"),
    "ADJ": ("*plain/jj", "*mixed/jj"),
    "OBJECT": ("a/det *plain/jj *thing/nn", "the/det *mixed/jj *thing/nn", "the/det *thing/nn"),
}


def load(split: str, options: PosTaggingDataConfig) -> Examples | None:
    """Generate a split; the same every time.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section; a ``scheme`` of spans asks for noun phrases rather than parts of
            speech.
    """
    examples = generate(split)
    if getattr(options, "scheme", "none") == "none":
        return examples
    tokens = {"tokens": examples.features["tokens"]}
    return Examples(tokens, [noun_phrases(tags) for tags in examples.labels or []])


@cache
def generate(split: str) -> Examples:
    """Generate a split.

    Args:
        split: ``train``, ``validation`` or ``test``.

    Returns:
        Distinct tokenised sentences with universal part-of-speech tags as labels, and the columns
        ``xpos`` (tags of the Penn Treebank) and ``morphology``.

    Example:
        >>> examples = generate("test")
        >>> len(examples), list(examples.features)
        (600, ['tokens', 'xpos', 'morphology'])
    """
    generator = random.Random(f"sentences {split}")
    low, high = _SHARES[split]
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    while len(found) < SIZES[split]:
        pairs = _expand("SENTENCE", generator, split)
        first = pairs[0][0]
        tokens = (first[0].upper() + first[1:], *(word for word, _ in pairs[1:]))
        if low <= zlib.crc32(" ".join(tokens).encode()) % 20 < high:
            found.setdefault(tokens, tuple(kind for _, kind in pairs))
    labels, xpos, morphology = (
        [tuple(TAGS[kind][i] for kind in kinds) for kinds in found.values()] for i in range(3)
    )
    return Examples({"tokens": list(found), "xpos": xpos, "morphology": morphology}, labels)


def _expand(symbol: str, generator: random.Random, split: str) -> list[tuple[str, str]]:
    """Return words with their kinds for a symbol of the rules."""
    if symbol in RULES:
        parts = generator.choice(RULES[symbol]).split()
        return [pair for part in parts for pair in _expand(part, generator, split)]
    word, kind = symbol.split("/")
    if word.startswith("*"):
        word = _word(word[1:], generator, split)
    return [(inflected(word) if kind in INFLECTED else word, kind)]


def _word(name: str, generator: random.Random, split: str) -> str:
    if name in _ENDINGS and generator.random() < _MADE_UP_SHARE:
        return _made_up(generator, split) + generator.choice(_ENDINGS[name])
    return generator.choice(WORDS[name])


def _made_up(generator: random.Random, split: str) -> str:
    """Invent a stem that belongs to a split."""
    low, high = _SHARES[split]
    while True:
        stem = "".join(generator.choice(letters) for letters in _SYLLABLE)
        if low <= zlib.crc32(stem.encode()) % 20 < high:
            return stem


def inflected(word: str) -> str:
    """Return the form in -s, of nouns the plural, of verbs the third person.

    Example:
        >>> [inflected(word) for word in ("play", "watch", "city")]
        ['plays', 'watches', 'cities']
    """
    if word.endswith(("ch", "sh", "s", "x")):
        return f"{word}es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


def noun_phrases(tags: Sequence[str]) -> tuple[str, ...]:
    """Return the noun phrases of parts of speech as BIO tags.

    Args:
        tags: Parts of speech of a sentence.

    Returns:
        As many tags: a phrase is a run of determiner, adjectives and nouns, or a pronoun.

    Example:
        >>> noun_phrases(["PRON", "VERB", "DET", "NOUN", "PUNCT"])
        ('B-phrase', 'O', 'B-phrase', 'I-phrase', 'O')
    """
    phrases: list[str] = []
    for tag, before in zip(tags, ["", *tags], strict=False):
        inside = tag in ("DET", "ADJ", "NOUN")
        begins = tag in ("DET", "PRON") or before not in ("DET", "ADJ", "NOUN")
        if tag == "PRON" or (inside and begins):
            phrases.append("B-phrase")
        else:
            phrases.append("I-phrase" if inside else "O")
    return tuple(phrases)
