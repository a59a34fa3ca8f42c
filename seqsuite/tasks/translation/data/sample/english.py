"""What a tree is in English."""

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
from seqsuite.tasks.translation.data.sample.words import DETERMINERS, OPENINGS

_VOWELS = "aeiou"


def english(sentence: Sentence) -> str:
    """Return a sentence in English."""
    words = [OPENINGS[sentence.first.tense][0], ","] if sentence.opening else []
    words += _statement(sentence.first, sentence.question)
    if sentence.second is not None:
        words += [sentence.connective, *_statement(sentence.second)]
    text = joined([*words, "?" if sentence.question else "."], _VOWELS)
    return text.replace(" ?", "?")


def _statement(statement: Statement, question: bool = False) -> list[str]:
    assert statement.subject is not None  # only relative clauses lack one
    subject = _subject_words(statement.subject)
    if isinstance(statement, Clause):
        auxiliary, rest = _action(statement, statement.subject, question)
    else:
        auxiliary, rest = _quality(statement)
    return [*auxiliary, *subject, *rest] if question else [*subject, *auxiliary, *rest]


def _subject_words(subject: Subject) -> list[str]:
    if isinstance(subject, Pronoun):
        return [subject.english]
    if isinstance(subject, Phrase):
        return _phrase(subject)
    return [*_phrase(subject[0]), "and", *_phrase(subject[1])]


def _phrase(phrase: Phrase) -> list[str]:
    if phrase.owner is not None:
        *words, last = _phrase(phrase.owner)
        words.append(f"{last}'" if phrase.owner.plural and last.endswith("s") else f"{last}'s")
    else:
        words = DETERMINERS[phrase.determiner][phrase.plural].split()
    words += [adjective.english for adjective in phrase.adjectives]
    words.append(phrase.noun.plural if phrase.plural else phrase.noun.singular)
    relative = phrase.relative
    if relative is not None:
        words.append("who" if phrase.noun.kind == "p" else "that")
        if relative.subject is not None:
            words += _subject_words(relative.subject)
        auxiliary, rest = _action(relative, relative.subject or phrase)
        words += [*auxiliary, *rest]
    return words


def _action(
    clause: Clause, subject: Subject, question: bool = False
) -> tuple[list[str], list[str]]:
    """Return what stands before the subject of a question, and the rest of the predicate."""
    verb, third = clause.verb, features(subject)[2] == 1
    denied, adverb = clause.negation.split(), clause.adverb.split()
    if clause.tense == "future":
        auxiliary = [_be(subject, "present")]
        words = [*denied, *adverb, "going", "to", verb.base]
    elif question or clause.negation == "not":
        auxiliary = ["did" if clause.tense == "past" else "does" if third else "do"]
        words = [*denied, *adverb, verb.base]
    else:
        auxiliary = []
        present = verb.third if third else verb.base
        words = [*denied, *adverb, verb.past if clause.tense == "past" else present]
    words += verb.preposition.split()
    if isinstance(clause.target, str):
        words.append(clause.target)
    elif clause.target is not None:
        words += _phrase(clause.target)
    if clause.place is not None:
        words += [*clause.place[0].split(), *_phrase(clause.place[1])]
    return auxiliary, words


def _quality(description: Description) -> tuple[list[str], list[str]]:
    quality, words = description.quality, description.negation.split()
    if description.tense == "future":
        words += ["going", "to", "be"]
    tense = "present" if description.tense == "future" else description.tense
    if isinstance(quality, str):
        words.append(quality)
    elif description.other is None:
        words.append(quality.english)
    else:
        words += [*quality.comparative.split(), "than", *_phrase(description.other)]
    return [_be(description.subject, tense)], words


def _be(subject: Subject, tense: str) -> str:
    _, plural, person = features(subject)
    # "You" is one or many, and takes the forms of many.
    several = plural or person == 3
    if tense == "past":
        return "were" if several else "was"
    return "are" if several else "am" if person == 0 else "is"
