"""What a tree is in French: all that agrees, melts and changes places."""

from __future__ import annotations

from seqsuite.tasks.translation.data.sample.trees import (
    Clause,
    Description,
    Phrase,
    Pronoun,
    Sentence,
    Statement,
    Subject,
    features,
    joined,
)
from seqsuite.tasks.translation.data.sample.words import (
    ADVERBS,
    AUXILIARIES,
    CONNECTIVES,
    DETERMINERS,
    IMPERFECT,
    OBJECT_PRONOUNS,
    OPENINGS,
    PLACES,
    PRONOUNS,
    STATES,
    Adjective,
)

# No word here begins with an aspirated h.
_VOWELS = "aeiouhéêèâîôœ"


def french(sentence: Sentence) -> str:
    """Return a sentence in French."""
    words = [OPENINGS[sentence.first.tense][1], ","] if sentence.opening else []
    words += ["est-ce", "que|qu'"] if sentence.question else []
    words += _statement(sentence.first)
    if sentence.second is not None:
        words += [*CONNECTIVES[sentence.connective].split(), *_statement(sentence.second)]
    return joined([*words, "?" if sentence.question else "."], _VOWELS)


def _statement(statement: Statement) -> list[str]:
    assert statement.subject is not None  # only relative clauses lack one
    subject = _subject_words(statement.subject)
    if isinstance(statement, Clause):
        return [*subject, *_action(statement, statement.subject)]
    return [*subject, *_quality(statement)]


def _subject_words(subject: Subject) -> list[str]:
    if isinstance(subject, Phrase):
        return _phrase(subject)
    if isinstance(subject, Pronoun):
        form = PRONOUNS[subject.english][2]
        return [form.replace("il", "elle") if subject.feminine else form]
    return [*_phrase(subject[0]), "et", *_phrase(subject[1])]


def _phrase(phrase: Phrase, denied: bool = False) -> list[str]:
    """Return a noun phrase; ``denied``: it is what there is none of ("pas de chien")."""
    noun, plural = phrase.noun, phrase.plural
    sides: dict[bool, list[str]] = {True: [], False: []}
    for adjective in phrase.adjectives:
        sides[adjective.before].append(agreeing(adjective, noun.feminine, plural))
    name = "the" if phrase.owner else phrase.determiner
    determiner = DETERMINERS[name][4 if plural else 2 + noun.feminine]
    if name == "a" and (denied or (plural and sides[True])):
        determiner = "de|d'"
    words = [determiner, *sides[True], noun.french_plural if plural else noun.french, *sides[False]]
    if phrase.owner is not None:
        words += _after_preposition("de", _phrase(phrase.owner))
    relative = phrase.relative
    if relative is not None and relative.subject is None:
        words += ["qui", *_action(relative, phrase)]
    elif relative is not None and relative.subject is not None:
        action = _action(relative, relative.subject, moved=phrase)
        words += ["que|qu'", *_subject_words(relative.subject), *action]
    return words


def _after_preposition(preposition: str, words: list[str]) -> list[str]:
    """Put a preposition before a phrase; "de" and "à" melt into some articles."""
    *start, last = preposition.split()
    melted = {
        "de": {"le|l'": "du|de_l'", "les": "des", "des": "de|d'", "de|d'": "de|d'"},
        "à": {"le|l'": "au|à_l'", "les": "aux"},
    }.get(last, {})
    if words[0] in melted:
        return [*start, melted[words[0]], *words[1:]]
    return [*start, "de|d'" if last == "de" else last, *words]


def agreeing(adjective: Adjective, feminine: bool, plural: bool) -> str:
    """Return the form of an adjective beside a noun, with the shape before a vowel if it has one.

    Example:
        >>> from seqsuite.tasks.translation.data.sample.words import ADJECTIVES
        >>> old = next(adjective for adjective in ADJECTIVES if adjective.english == "old")
        >>> [agreeing(old, *number) for number in ((False, False), (True, True), (False, True))]
        ['vieux|vieil', 'vieilles', 'vieux']
    """
    form = adjective.feminine if feminine else adjective.masculine
    return _plural(form.split("|")[0]) if plural else form


def _plural(form: str) -> str:
    if form.endswith(("s", "x")):
        return form
    return f"{form}x" if form.endswith("eau") else f"{form}s"


def _action(clause: Clause, subject: Subject, moved: Phrase | None = None) -> list[str]:
    """Return a predicate; ``moved`` is the object of a relative clause, which stands before it."""
    verb, target = clause.verb, clause.target
    feminine, plural, person = features(subject)
    direct = not verb.french_preposition
    clitic: list[str] = []
    if isinstance(target, str):
        _, _, accusative, dative = OBJECT_PRONOUNS[target]
        clitic = [accusative if direct else dative]
    adverb = [ADVERBS[clause.adverb]] if clause.adverb else []
    if clause.tense == "future":
        finite, rest = AUXILIARIES["aller"][person], [*adverb, *clitic, verb.infinitive]
        clitic = []
    elif clause.tense == "past":
        if verb.auxiliary == "avoir":
            # The participle agrees with an object that stands before it, else with nothing.
            feminine, plural = False, False
            if moved is not None:
                feminine, plural = moved.noun.feminine, moved.plural
            elif isinstance(target, str) and direct:
                feminine, plural = OBJECT_PRONOUNS[target][:2]
        participle = verb.participle + ("e" if feminine else "")
        finite = AUXILIARIES[verb.auxiliary][person]
        rest = [*adverb, _plural(participle) if plural else participle]
    else:
        finite, rest = verb.present[person], adverb
    words = [*_denied(clause.negation, [*clitic, finite]), *rest, *verb.tail.split()]
    if isinstance(target, Phrase):
        phrase = _phrase(target, denied=bool(clause.negation) and direct)
        words += phrase if direct else _after_preposition(verb.french_preposition, phrase)
    if clause.place is not None:
        words += _after_preposition(PLACES[clause.place[0]], _phrase(clause.place[1]))
    return words


def _denied(negation: str, words: list[str]) -> list[str]:
    if not negation:
        return words
    return ["ne|n'", *words, {"not": "pas", "never": "jamais"}[negation]]


def _quality(description: Description) -> list[str]:
    quality = description.quality
    feminine, plural, person = features(description.subject)
    verb = "avoir" if isinstance(quality, str) else "être"
    if description.tense == "future":
        finite, rest = AUXILIARIES["aller"][person], [verb]
    else:
        forms = AUXILIARIES if description.tense == "present" else IMPERFECT
        finite, rest = forms[verb][person], []
    if isinstance(quality, str):
        rest.append(STATES[quality])
    else:
        form = agreeing(quality, feminine, plural).split("|")[0]
        if description.other is None:
            rest.append(form)
        else:
            better = quality.french_comparative
            if better:
                form = better + ("e" if feminine and not better.endswith("e") else "")
                form = _plural(form) if plural else form
            rest += [form] if better else ["plus", form]
            rest += ["que|qu'", *_phrase(description.other)]
    return [*_denied(description.negation, [finite]), *rest]
