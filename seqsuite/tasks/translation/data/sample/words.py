"""Words of the built-in translations: what English and French know about each of them.

A form written ``le|l'`` has a second shape before a vowel, which
:func:`seqsuite.tasks.translation.data.sample.trees.joined` chooses.
"""

from __future__ import annotations

from typing import NamedTuple


class Noun(NamedTuple):
    """A noun; ``kind`` decides what may be said of it."""

    kind: str
    feminine: bool
    singular: str
    plural: str
    french: str
    french_plural: str


class Adjective(NamedTuple):
    """An adjective; French puts it ``before`` or after the noun."""

    kinds: str
    before: bool
    english: str
    comparative: str
    masculine: str
    feminine: str
    french_comparative: str = ""


class Verb(NamedTuple):
    """A verb; ``present`` are the forms for je, il, nous, vous and ils.

    ``tail`` follows the inflected word ("avoir besoin de"), ``objects`` are the kinds of nouns that
    the verb takes, after the prepositions if it has them.
    """

    objects: str
    base: str
    third: str
    past: str
    preposition: str
    infinitive: str
    present: tuple[str, ...]
    participle: str
    auxiliary: str
    french_preposition: str = ""
    tail: str = ""


def _nouns() -> list[Noun]:
    nouns = []
    for line in _NOUNS.strip().split("\n"):
        kind, gender, singular, plural, french, *irregular = line.split()
        french_plural = irregular[0] if irregular else f"{french}s"
        nouns.append(Noun(kind, gender == "f", singular, plural, french, french_plural))
    return nouns


def _adjectives() -> list[Adjective]:
    adjectives = []
    for line in _ADJECTIVES.strip().split("\n"):
        place, kinds, *words = line.split()
        if words[1] == "more":
            words[1] = f"more {words[0]}"
        adjectives.append(Adjective(kinds, place == "before", *words))
    return adjectives


def _verbs() -> list[Verb]:
    verbs = []
    for line in _VERBS.strip().split("\n"):
        english, french, link, objects = (part.strip() for part in line.split(";"))
        base, third, past, *preposition = english.split()
        infinitive, *forms = french.split()
        if not forms:  # a regular verb
            forms = [infinitive[:-2] + end for end in ("e", "e", "ons", "ez", "ent", "é")]
        auxiliary, *rest = link.split()
        verbs.append(
            Verb(
                objects,
                base,
                third,
                past,
                " ".join(preposition),
                infinitive,
                tuple(forms[:5]),
                forms[5],
                auxiliary,
                *rest,
            )
        )
    return verbs


# Kind (person, animal, thing, writing, food, location), gender, English, French, irregular plurals.
_NOUNS = """
p m boy boys garçon
p m man men homme
p m teacher teachers professeur
p m friend friends ami
p m child children enfant
p m cook cooks cuisinier
p f girl girls fille
p f woman women femme
p f sister sisters sœur
p f actress actresses actrice
p f queen queens reine
a m dog dogs chien
a m horse horses cheval chevaux
a m bird birds oiseau oiseaux
a f cow cows vache
a f mouse mice souris souris
t m hat hats chapeau chapeaux
t m tree trees arbre
t m bicycle bicycles vélo
t f car cars voiture
t f watch watches montre
t f picture pictures image
w m newspaper newspapers journal journaux
w m book books livre
w f letter letters lettre
w f story stories histoire
f m egg eggs œuf
f m cake cakes gâteau gâteaux
f f apple apples pomme
f f orange oranges orange
l m garden gardens jardin
l m hotel hotels hôtel
l m village villages village
l m office offices bureau bureaux
l f house houses maison
l f school schools école
l f church churches église
l f forest forests forêt
"""

# Place in French, kinds of nouns, English, its comparative, masculine, feminine and, where it is no
# "plus", the French comparative. A dash: nothing is more so than another.
_ADJECTIVES = """
before patwfl small smaller petit petite
before patwfl big bigger grand grande
before patwl old older vieux|vieil vieille
before pa young younger jeune jeune
before twl new newer nouveau|nouvel nouvelle
before patwl beautiful more beau|bel belle
before patwfl good better bon bonne meilleur
before patwfl bad worse mauvais mauvaise pire
after tf red - rouge rouge
after tf green - vert verte
after atl white - blanc blanche
after atl black - noir noire
after p happy happier heureux heureuse
after pw sad sadder triste triste
after patwl strange stranger étrange étrange
after pal quiet quieter calme calme
after pal dangerous more dangereux dangereuse
after twfl expensive more cher chère
after pa intelligent more intelligent intelligente
"""

# English: base, third person, past, preposition; French: infinitive, the forms of the present and
# the participle unless they are regular; auxiliary, preposition, tail; kinds of objects.
_VERBS = """
see sees saw; voir vois voit voyons voyez voient vu; avoir; patwfl
love loves loved; aimer; avoir; patwfl
watch watches watched; regarder; avoir; patl
look looks looked at; regarder; avoir; patwfl
look looks looked for; chercher; avoir; patwfl
wait waits waited for; attendre attends attend attendons attendez attendent attendu; avoir; p
listen listens listened to; écouter; avoir; pa
find finds found; trouver; avoir; patwfl
buy buys bought; acheter achète achète achetons achetez achètent acheté; avoir; atwf
sell sells sold; vendre vends vend vendons vendez vendent vendu; avoir; atwf
take takes took; prendre prends prend prenons prenez prennent pris; avoir; twf
write writes wrote; écrire écris écrit écrivons écrivez écrivent écrit; avoir; w
eat eats ate; manger mange mange mangeons mangez mangent mangé; avoir; f
speak speaks spoke to; parler; avoir à; pa
answer answers answered; répondre réponds répond répondons répondez répondent répondu; avoir à; p
obey obeys obeyed; obéir obéis obéit obéissons obéissez obéissent obéi; avoir à; p
talk talks talked about; parler; avoir de; patwl
dream dreams dreamed of; rêver; avoir de; patwfl
need needs needed; avoir ai a avons avez ont eu; avoir de besoin; patwfl
sleep sleeps slept; dormir dors dort dormons dormez dorment dormi; avoir;
work works worked; travailler; avoir;
sing sings sang; chanter; avoir;
cook cooks cooked; cuisiner; avoir;
laugh laughs laughed; rire ris rit rions riez rient ri; avoir;
arrive arrives arrived; arriver; être;
fall falls fell; tomber; être;
stay stays stayed; rester; être;
leave leaves left; partir pars part partons partez partent parti; être;
go goes went to; aller vais va allons allez vont allé; être à; l
come comes came from; venir viens vient venons venez viennent venu; être de; l
"""

NOUNS = _nouns()
ADJECTIVES = _adjectives()
VERBS = _verbs()

AUXILIARIES = {
    "avoir": ("ai", "a", "avons", "avez", "ont"),
    "être": ("suis", "est", "sommes", "êtes", "sont"),
    "aller": ("vais", "va", "allons", "allez", "vont"),
}
IMPERFECT = {
    "avoir": ("avais", "avait", "avions", "aviez", "avaient"),
    "être": ("étais", "était", "étions", "étiez", "étaient"),
}
# What English is and French has.
STATES = {
    "hungry": "faim",
    "thirsty": "soif",
    "cold": "froid",
    "right": "raison",
    "afraid": "peur",
}
# English -> feminine, plural, and as a subject: French, person (of je, il, nous, vous, ils).
PRONOUNS = {
    "I": (False, False, "je|j'", 0),
    "he": (False, False, "il", 1),
    "she": (True, False, "elle", 1),
    "it": (False, False, "il", 1),
    "we": (False, True, "nous", 2),
    "you": (False, True, "vous", 3),
    "they": (False, True, "ils", 4),
}
# English -> feminine, plural, in place of a direct object, in place of one with "à".
OBJECT_PRONOUNS = {
    "him": (False, False, "le|l'", "lui"),
    "her": (True, False, "la|l'", "lui"),
    "them": (False, True, "les", "leur"),
}
# English singular, English plural, French masculine, feminine, plural.
DETERMINERS = {
    "the": ("the", "the", "le|l'", "la|l'", "les"),
    "a": ("a|an", "", "un", "une", "des"),
    "this": ("this", "these", "ce|cet", "cette", "ces"),
    "my": ("my", "my", "mon", "ma|mon", "mes"),
    "his": ("his", "his", "son", "sa|son", "ses"),
    "her": ("her", "her", "son", "sa|son", "ses"),
    "our": ("our", "our", "notre", "notre", "nos"),
    "your": ("your", "your", "votre", "votre", "vos"),
    "two": ("", "two", "", "", "deux"),
    "three": ("", "three", "", "", "trois"),
}
# Where somebody is, and with whom.
PLACES = {
    "in": "dans",
    "behind": "derrière",
    "in front of": "devant",
    "near": "près de",
}
ADVERBS = {"often": "souvent", "always": "toujours", "rarely": "rarement"}
# Time -> tense that goes with it, English, French.
OPENINGS = {
    "present": ("now", "maintenant"),
    "past": ("yesterday", "hier"),
    "future": ("tomorrow", "demain"),
}
CONNECTIVES = {"because": "parce que|qu'", "but": "mais", "and": "et"}
