"""Pairs of sentences, from upstream's files, a person's own and builders, stay pairs."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import socket
import zipfile

import pytest
import tensorflow_datasets as tfds

from seqsuite.data import discovery, upstream
from seqsuite.data.discovery import load_examples
from seqsuite.data.examples import split_off_groups
from seqsuite.errors import UserError
from seqsuite.tasks.translation.data import multi30k, tatoeba
from seqsuite.tasks.translation.data.files import language_pair, read_lines
from tests.data.sections import section_builder

CAPTIONS = {
    "en": ["Two dogs run.", "A man reads.", "A red car."],
    "de": ["Zwei Hunde laufen.", "Ein Mann liest.", "Ein rotes Auto."],
    "fr": ["Deux chiens courent.", "Un homme lit.", "Une voiture rouge."],
}


@pytest.fixture
def options(monkeypatch):
    monkeypatch.delenv("SEQSUITE_DATA", raising=False)
    return section_builder(
        source_language=None,
        target_language=None,
        train=(),
        validation=(),
        test=(),
        source_column="source",
        target_column="target",
    )


@pytest.fixture
def load(options):
    def read(source, split="train", **changes):
        return load_examples(
            source, split, options(source=source, **changes), "seqsuite.tasks.translation"
        )

    return read


def write(path, lines, end="\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = "".join(f"{line}{end}" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_sources_of_the_task_are_found():
    found = discovery.sources("seqsuite.tasks.translation")
    assert set(found) == {"sample", "files", "tfds", "multi30k", "tatoeba"}
    assert all("\n" not in line for line in found.values())
    # Files of other tasks keep their own reader.
    assert discovery.sources("seqsuite.tasks.sentiment")["files"] != found["files"]


@pytest.mark.parametrize("below", ["", "multi30k", "translation/multi30k", "data/task1/raw"])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_multi30k_is_read_in_upstreams_layout(tmp_path, load, below, ending):
    for language, lines in CAPTIONS.items():
        for name in ("train", "val", "test_2016_flickr"):
            write(tmp_path / below / f"{name}.{language}{ending}", lines)
    found = load("multi30k", dir=str(tmp_path))
    assert found.features == {"source": CAPTIONS["en"]}
    assert found.labels == CAPTIONS["de"]
    for split in ("validation", "test"):
        there = load("multi30k", split, dir=str(tmp_path), source_language="fr")
        assert (there.features["source"], there.labels) == (CAPTIONS["fr"], CAPTIONS["de"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("en", "de")),
        ({"source_language": "de"}, ("de", "en")),
        ({"target_language": "fr"}, ("en", "fr")),
        ({"target_language": "en"}, ("de", "en")),
        ({"source_language": "fr", "target_language": "cs"}, ("fr", "cs")),
    ],
)
def test_any_direction_can_be_asked_for(options, given, expected):
    assert language_pair(options(**given), ("en", "de"), multi30k.LANGUAGES) == expected
    assert language_pair(object(), ("en", "de")) == ("en", "de")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source_language": "xx"}, r"multi30k has no language 'xx'.*source_language.*en, de, fr"),
        ({"target_language": "fra"}, r"no language 'fra'\. Did you mean 'fr'.*target_language"),
        ({"source_language": "fr", "target_language": "fr"}, "source and target are both 'fr'"),
    ],
)
def test_languages_that_cannot_be_translated_are_refused(load, tmp_path, given, message):
    with pytest.raises(UserError, match=message):
        load("multi30k", dir=str(tmp_path), **given)


@pytest.mark.parametrize("name", ["multi30k", "tatoeba"])
def test_absent_data_names_the_ways_out_and_touches_no_network(load, tmp_path, monkeypatch, name):
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    with pytest.raises(UserError, match=rf"translation/{name}.*--data\.download true.*sample"):
        load(name, dir=str(tmp_path))
    with pytest.raises(UserError, match="SEQSUITE_DATA, which is not set"):
        load(name)


def fetch_from(folder, monkeypatch, name, data):
    """Let what is fetched come from a folder, with the checksum of what is there."""
    (folder / name).write_bytes(data)
    monkeypatch.setenv("KERAS_HOME", str(folder / "keras"))
    return hashlib.sha256(data).hexdigest()


def test_multi30k_is_fetched_when_asked_and_checked(load, tmp_path, monkeypatch):
    digests = {
        f"val.{language}": fetch_from(
            tmp_path, monkeypatch, f"val.{language}.gz", gzip.compress("\n".join(lines).encode())
        )
        for language, lines in CAPTIONS.items()
    }
    monkeypatch.setattr(multi30k, "URL", f"{tmp_path.as_uri()}/")
    monkeypatch.setattr(multi30k, "SHA256", digests)
    found = load("multi30k", "validation", download=True)
    assert (found.features["source"], found.labels) == (CAPTIONS["en"], CAPTIONS["de"])
    monkeypatch.setattr(multi30k, "SHA256", dict.fromkeys(digests, "0" * 64))
    with pytest.raises(UserError, match=r"Could not fetch .*val\.en\.gz"):
        load("multi30k", "validation", download=True)


def test_every_file_of_multi30k_has_a_checksum():
    names = {f"{part}.{code}" for part in multi30k.FILES.values() for code in multi30k.LANGUAGES}
    assert set(multi30k.SHA256) == names
    assert len(set(multi30k.SHA256.values())) == len(names)
    assert multi30k.FILES["test"] == "test_2016_flickr"


# Of 300 made-up sources, each third has several translations.
TATOEBA = [
    (f"Sentence number {number}.", f"Phrase {variant} numéro {number}.")
    for number in range(300)
    for variant in range(1 + 2 * (number % 3 == 0))
]


def write_tatoeba(path, rows=TATOEBA, more=""):
    return write(path, ["\t".join(row) + more for row in rows])


@pytest.mark.parametrize("place", ["fra.txt", "tatoeba/fra.txt.gz", "tatoeba_eng_fra/fra.txt"])
def test_tatoeba_parts_no_source_and_keeps_every_translation(load, tmp_path, place):
    write_tatoeba(tmp_path / place)
    train, validation, test = (
        load("tatoeba", split, dir=str(tmp_path)) for split in ("train", "validation", "test")
    )
    sources = [set(part.features["source"]) for part in (train, validation, test)]
    assert sum(map(len, sources)) == len(set.union(*sources)) == 300
    pairs = list(zip(train.features["source"], train.labels, strict=True))
    for held_out in (validation, test):
        assert len(set(held_out.features["source"])) == len(held_out) > 0
        assert all(isinstance(label, tuple) for label in held_out.labels)
        pairs += [
            (source, text)
            for source, label in zip(held_out.features["source"], held_out.labels, strict=True)
            for text in label
        ]
    assert sorted(pairs) == sorted(TATOEBA)
    # Another cut of the training pairs parts no source either.
    rest, cut = split_off_groups(train, 0.2, seed=0)
    assert not set(rest.features["source"]) & set(cut.features["source"])


def test_tatoeba_splits_depend_on_words_alone(load, tmp_path):
    write_tatoeba(tmp_path / "fra.txt")
    before = load("tatoeba", "test", dir=str(tmp_path)).features["source"]
    rows = [(source.upper().replace(".", " !"), target) for source, target in TATOEBA[::-1]]
    # Later releases say in a third column who wrote a sentence.
    write_tatoeba(tmp_path / "fra.txt", rows, more="\tCC-BY 2.0 (France) Attribution: ...")
    after = load("tatoeba", "test", dir=str(tmp_path)).features["source"]
    assert {text.lower().replace(" !", ".") for text in after} == {text.lower() for text in before}


def test_tatoeba_is_read_from_french_too(load, tmp_path):
    write_tatoeba(tmp_path / "fra.txt", [*TATOEBA, ("It is so.", "Phrase 0 numéro 1.")])
    parts = [load("tatoeba", s, dir=str(tmp_path), source_language="fr") for s in tatoeba_splits()]
    pairs = {
        (source, text)
        for part in parts
        for source, label in zip(part.features["source"], part.labels, strict=True)
        for text in ([label] if isinstance(label, str) else label)
    }
    assert pairs == {pair[::-1] for pair in [*TATOEBA, ("It is so.", "Phrase 0 numéro 1.")]}


def tatoeba_splits():
    return ("train", "validation", "test")


def test_tatoeba_is_fetched_as_upstreams_archive(load, tmp_path, monkeypatch):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("fra-eng/_about.txt", "about")
        archive.writestr("fra-eng/fra.txt", "".join(f"{a}\t{b}\n" for a, b in TATOEBA))
        archive.writestr("__MACOSX/fra-eng/fra.txt", "junk")
    digest = fetch_from(tmp_path, monkeypatch, "fra-eng.zip", packed.getvalue())
    monkeypatch.setattr(tatoeba, "URL", (tmp_path / "fra-eng.zip").as_uri())
    monkeypatch.setattr(tatoeba, "SHA256", digest)
    parts = [load("tatoeba", split, download=True) for split in tatoeba_splits()]
    assert len({source for part in parts for source in part.features["source"]}) == 300


@pytest.mark.parametrize("content", ["", "no tab\n", "a\tb\nno tab\n"])
def test_another_file_in_the_place_of_tatoeba_is_refused(load, tmp_path, content):
    (tmp_path / "fra.txt").write_text(content)
    with pytest.raises(UserError, match=r"fra\.txt is not Tatoeba's: expected English, a tab"):
        load("tatoeba", dir=str(tmp_path))


def test_too_short_a_tatoeba_has_no_test_split(load, tmp_path):
    write_tatoeba(tmp_path / "fra.txt", TATOEBA[:1])
    with pytest.raises(UserError, match="no sentence of it falls to the test split"):
        load("tatoeba", "test", dir=str(tmp_path))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_two_files_are_read_line_by_line(load, tmp_path, end, ending):
    paths = [write(tmp_path / f"a.{k}{ending}", CAPTIONS[k], end) for k in ("en", "de")]
    found = load("files", train=",".join(map(str, paths)))
    assert (found.features["source"], found.labels) == (CAPTIONS["en"], CAPTIONS["de"])
    assert load("files", "validation", train="unread") is None
    assert load("files", "test", train="unread") is None


def test_a_table_is_read_line_by_line(load, tmp_path):
    rows = zip(CAPTIONS["en"], CAPTIONS["fr"], strict=True)
    path = write(tmp_path / "a, b.tsv", ['"Quoted"\t«Cité»', *map("\t".join, rows)])
    found = load("files", "test", test=(str(path),))
    assert found.features["source"] == ['"Quoted"', *CAPTIONS["en"]]
    assert found.labels == ["«Cité»", *CAPTIONS["fr"]]


def test_only_line_feeds_end_lines_and_a_byte_order_mark_is_dropped(tmp_path):
    path = tmp_path / "text"
    path.write_bytes("\ufeffa\u2028b\x0cc\n\x85d\re\r\n\nlast".encode())
    assert read_lines(path) == ["a\u2028b\x0cc", "\x85d\re", "", "last"]
    path.write_bytes(b"one\n\n")
    assert read_lines(path) == ["one", ""]


def test_empty_lines_stay_in_place_but_are_not_learned(load, tmp_path, capsys):
    source = write(tmp_path / "x.en", ["One.", "", "Three.", "Four."])
    target = write(tmp_path / "x.de", ["Eins.", "Zwei.", " ", "Vier."])
    given = f"{source},{target}"
    test = load("files", "test", test=given)
    assert test.features["source"] == ["One.", "", "Three.", "Four."]
    assert test.labels == ["Eins.", "Zwei.", " ", "Vier."]
    assert capsys.readouterr().err == ""
    train = load("files", train=given)
    assert (train.features["source"], train.labels) == (["One.", "Four."], ["Eins.", "Vier."])
    assert "2 of 4 pairs have an empty side and are not learned" in capsys.readouterr().err
    table = write(tmp_path / "x.tsv", ["a\tb", "", "c\t"])
    found = load("files", "validation", validation=str(table))
    assert (found.features["source"], found.labels) == (["a", "", "c"], ["b", "", ""])


def test_files_of_different_length_are_told_with_both_counts(load, tmp_path):
    source = write(tmp_path / "x.en", ["One.", "Two.", "Three."])
    target = write(tmp_path / "x.de", ["Eins.", "Zwei."])
    expected = r"x\.en has 3 lines and .*x\.de has 2, but each line .*keep an empty line"
    with pytest.raises(UserError, match=expected):
        load("files", "test", test=f"{source},{target}")


def test_pairs_of_one_source_are_not_parted_by_a_cut(load, tmp_path):
    rows = [f"Source {number % 20}.\tTarget {number}." for number in range(60)]
    found = load("files", train=str(write(tmp_path / "x.tsv", rows)))
    rest, cut = split_off_groups(found, 0.2, seed=0)
    assert len(cut) > 0
    assert not set(rest.features["source"]) & set(cut.features["source"])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a\tb", "only one"], r"x\.tsv line 2 has 1 column instead of 2.*separated by a comma"),
        (["a\tb\tc"], r"x\.tsv line 1 has 3 columns instead of 2"),
        (["", "\t"], r"x\.tsv holds no pair of sentences"),
        ([], r"x\.tsv holds no pair of sentences"),
    ],
)
def test_a_table_without_pairs_is_refused(load, tmp_path, lines, message):
    path = write(tmp_path / "x.tsv", lines)
    with pytest.raises(UserError, match=message):
        load("files", train=str(path))


def test_a_column_of_licences_is_passed_over(load, tmp_path):
    licence = "CC-BY 2.0 (France) Attribution: tatoeba.org #1 (x) & #2 (y)"
    path = write(tmp_path / "fra.txt", [f"Go.\tVa !\t{licence}", f"Hi.\tSalut.\t{licence}"])
    found = load("files", train=str(path))
    assert (found.features["source"], found.labels) == (["Go.", "Hi."], ["Va !", "Salut."])


def test_tables_with_named_columns_are_read_too(load, tmp_path):
    pairs = list(zip(CAPTIONS["en"], CAPTIONS["de"], strict=True))
    lines = [json.dumps({"id": 1, "source": a, "target": b}) for a, b in pairs]
    found = load("files", train=str(write(tmp_path / "x.jsonl", lines)))
    assert (found.features["source"], found.labels) == (CAPTIONS["en"], CAPTIONS["de"])
    path = write(tmp_path / "x.csv", ["en,de", *(f"{a},{b}" for a, b in pairs)])
    found = load("files", train=str(path), source_column="de", target_column="en")
    assert (found.features["source"], found.labels) == (CAPTIONS["de"], CAPTIONS["en"])
    with pytest.raises(UserError, match=r"no column 'source'.*--data\.source_column"):
        load("files", train=str(path))
    # Anki's files: the sentence, its translation, whose work they are.
    path = write(tmp_path / "deu.tsv", [f"{a}\t{b}\tCC-BY" for a, b in pairs])
    found = load("files", train=str(path), source_column="0", target_column="1")
    assert (found.features["source"], found.labels) == (CAPTIONS["en"], CAPTIONS["de"])


def test_what_is_not_utf8_is_named_by_its_line(load, tmp_path):
    source = write(tmp_path / "x.fr", ["Un.", "Deux."])
    (tmp_path / "x.de").write_bytes("Eins.\nZw\xf6lf.\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"x\.de line 2 is not UTF-8 \(byte 0xf6\).*iconv"):
        load("files", train=f"{source},{tmp_path / 'x.de'}")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, r"needs --data\.train SOURCE,TARGET or FILE\.tsv"),
        ("{}/x.en,{}/x.dd", r"--data\.train: .*x\.dd does not exist\. Did you mean 'x\.de'\?"),
        ("{}/nothing.tsv", r"nothing\.tsv does not exist.*two files separated by a comma"),
        ("{0}/x.en,{0}/x.de,{0}/x.en", r"names 3 files\. Give two files"),
        ("{}", r"cannot be read"),
    ],
)
def test_paths_that_cannot_be_used_are_told_in_one_line(load, tmp_path, given, message):
    for language in ("en", "de"):
        write(tmp_path / f"x.{language}", CAPTIONS[language])
    path = given and given.format(tmp_path, tmp_path)
    with pytest.raises(UserError, match=message) as caught:
        load("files", train=path)
    assert "\n" not in str(caught.value)


def test_files_given_the_wrong_way_round_are_noticed(load, tmp_path):
    paths = [str(write(tmp_path / f"x.{k}.gz", CAPTIONS[k])) for k in ("en", "de")]
    languages = {"source_language": "de", "target_language": "en"}
    with pytest.raises(
        UserError, match=r"names x\.en\.gz first, but --data\.source_language is de"
    ):
        load("files", train=",".join(paths), **languages)
    assert load("files", train=",".join(paths[::-1]), **languages).labels == CAPTIONS["en"]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Builders as they are stored: languages as features, inside of one, and none at all."""
    folder = tmp_path_factory.mktemp("tfds")
    text = tfds.features.Text
    rows = [{"en": en, "de": de} for en, de in zip(CAPTIONS["en"], CAPTIONS["de"], strict=True)]
    kinds = {
        "flat": (tfds.features.Translation(["de", "en"]), [*rows, {"en": "x", "de": ""}]),
        "nested": (
            tfds.features.FeaturesDict(
                {"id": text(), "translation": {"de": text(), "en": text(), "fr": text()}}
            ),
            [{"id": "a", "translation": {**row, "fr": "?"}} for row in rows],
        ),
        "reviews": (
            tfds.features.FeaturesDict({"text": text(), "title": text()}),
            [{"text": "", "title": ""}],
        ),
    }
    for name, (features, examples) in kinds.items():
        tfds.dataset_builders.store_as_tfds_dataset(
            name=f"my_{name}",
            version="1.0.0",
            features=features,
            split_datasets={
                "train": list(enumerate(examples)),
                "validation": list(enumerate(examples)),
            },
            data_dir=folder,
            disable_shuffling=True,
        )
    return str(folder)


def test_languages_of_a_builder_are_its_features(load, stored, capsys):
    found = load("tfds:my_flat", dir=stored, source_language="en")
    assert (found.features["source"], found.labels) == (CAPTIONS["en"], CAPTIONS["de"])
    assert "1 of 4 pairs have an empty side" in capsys.readouterr().err
    held_out = load("tfds:my_flat", "validation", dir=stored)
    assert (held_out.features["source"], held_out.labels) == (
        [*CAPTIONS["de"], ""],
        [*CAPTIONS["en"], "x"],
    )
    assert load("tfds:my_flat", "test", dir=stored) is None


def test_languages_may_be_inside_of_a_feature(load, stored):
    found = load("tfds:my_nested", dir=stored, source_language="en", target_language="de")
    assert (found.features["source"], found.labels) == (CAPTIONS["en"], CAPTIONS["de"])
    with pytest.raises(UserError, match=r"tfds:my_nested has no language 'es'.*de, en, fr"):
        load("tfds:my_nested", dir=stored, source_language="es")


def test_a_builder_without_languages_says_what_it_has(load, stored):
    with pytest.raises(
        UserError, match=r"no data set of translations: it has features .*t.*expected"
    ):
        load("tfds:my_reviews", dir=stored)
    with pytest.raises(UserError, match=r"no builder 'my_flats'"):
        load("tfds:my_flats", dir=stored)


def test_unprepared_builders_are_not_fetched_unasked(load, tmp_path, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    with pytest.raises(UserError, match=r"is not prepared in .*--data\.download true"):
        load("tfds:ted_hrlr_translate/pt_to_en", dir=str(tmp_path))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "direction", "other"),
    [
        ("ted_hrlr_translate/pt_to_en", ("pt", "en"), "en"),
        ("ted_hrlr_translate/az_to_en", ("az", "en"), "en"),
        ("wmt16_translate/de-en", ("de", "en"), "en"),
        ("wmt14_translate/fr-en", ("fr", "en"), "en"),
        ("wmt_t2t_translate/de-en", ("de", "en"), "en"),
        ("para_crawl/enfr", ("en", "fr"), "fr"),
    ],
)
def test_public_builders_map_onto_the_task(mocked, load, name, direction, other):
    both = {}
    for language in direction:
        found = load(f"tfds:{name}", "validation", source_language=language)
        assert len(found) == len(found.labels) == 6
        assert all(isinstance(text, str) for text in [*found.features["source"], *found.labels])
        both[language] = found
    default = load(f"tfds:{name}", "validation")
    assert default == both[direction[0]]
    assert both[other].labels == default.features["source"]


def test_the_real_multi30k(real_data, load):
    sizes = {"train": 29_000, "validation": 1014, "test": 1000}
    for languages in (("en", "de"), ("de", "en"), ("en", "fr")):
        given = dict(zip(("source_language", "target_language"), languages, strict=True))
        try:
            found = {s: load("multi30k", s, dir=str(real_data), **given) for s in sizes}
        except UserError as error:
            pytest.skip(str(error))
        assert {split: len(examples) for split, examples in found.items()} == sizes
        assert all(text.strip() for e in found.values() for text in e.features["source"])


def test_the_real_multi30k_is_what_the_checksums_say(real_data, options):
    given = options(dir=str(real_data))
    for name, digest in multi30k.SHA256.items():
        places = [f"{folder}{name}.gz" for folder in multi30k._FOLDERS]
        path = upstream.find(given, places)
        if path is not None:
            assert hashlib.sha256(path.read_bytes()).hexdigest() == digest


def test_the_real_tatoeba(real_data, load):
    try:
        parts = {split: load("tatoeba", split, dir=str(real_data)) for split in tatoeba_splits()}
    except UserError as error:
        pytest.skip(str(error))
    sources = [set(part.features["source"]) for part in parts.values()]
    assert sum(map(len, sources)) == len(set.union(*sources)) == 116_830
    assert all(len(parts[split]) > 2000 for split in ("validation", "test"))
    # Many sentences have several translations, and each split keeps them all.
    assert max(map(len, parts["test"].labels)) > 5
    assert len(parts["train"]) > 1.3 * len(sources[0])
