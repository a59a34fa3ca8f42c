"""Treebanks and WNUT-17: upstream's layout, sizes and checksums; fetched only when asked."""

from __future__ import annotations

import gzip
import hashlib
import socket

import pytest

from seqsuite.data import discovery, upstream
from seqsuite.data.discovery import load_examples
from seqsuite.errors import UserError
from seqsuite.tasks.pos_tagging.data import wnut17
from seqsuite.tasks.pos_tagging.data.universal_dependencies import READERS

SENTENCE = "# newdoc id = a\n1\tGo\tgo\tVERB\tVB\tMood=Imp\t0\troot\t_\t_\n\n"
TREEBANKS = {reader.NAME: reader for reader in READERS}
TWEET = "Go\tO\nAnn\tB-person\n\t\nNo\tO\n"


def read(name, split, options):
    return load_examples(name, split, options, "seqsuite.tasks.pos_tagging")


def test_sources_of_the_task_are_found():
    found = discovery.sources("seqsuite.tasks.pos_tagging")
    assert {"sample", "files", "tfds", "wnut17", *TREEBANKS} == set(found)
    assert set(TREEBANKS) == {"ud_english_ewt", "ud_french_sequoia"}
    assert not set(TREEBANKS) & set(discovery.sources("seqsuite.tasks.sentiment"))
    with pytest.raises(UserError, match=r"Did you mean 'ud_english_ewt'\?"):
        load_examples("ud_english_ewtt", "train", None, "seqsuite.tasks.pos_tagging")


@pytest.mark.parametrize("name", TREEBANKS)
@pytest.mark.parametrize("folder", ["pos/{name}", "{name}", "{repository}", ""])
@pytest.mark.parametrize("packed", [False, True])
def test_a_treebank_is_read_in_every_place(tmp_path, tagging_options, name, folder, packed):
    treebank = TREEBANKS[name]
    place = tmp_path / folder.format(name=name, repository=treebank.repository)
    place.mkdir(parents=True, exist_ok=True)
    file = f"{treebank.stem}-ud-dev.conllu" + (".gz" if packed else "")
    data = gzip.compress(SENTENCE.encode()) if packed else SENTENCE.encode()
    (place / file).write_bytes(data)
    found = read(name, "validation", tagging_options(dir=str(tmp_path)))
    assert found.features["tokens"] == [("Go",)]
    assert found.labels == [("VERB",)]


@pytest.mark.parametrize("below", ["", "wnut17", "ner/wnut17"])
def test_wnut17_is_read_with_its_odd_empty_lines(tmp_path, tagging_options, below):
    (tmp_path / below).mkdir(parents=True, exist_ok=True)
    (tmp_path / below / "wnut17train.conll").write_text(TWEET)
    # The columns of a person's own files are none of upstream's.
    found = read("wnut17", "train", tagging_options(dir=str(tmp_path), label_column=5))
    assert found.features["tokens"] == [("Go", "Ann"), ("No",)]
    assert found.labels == [("O", "B-person"), ("O",)]


def test_wnut17_has_entities_only(tagging_options):
    with pytest.raises(UserError, match=r"no tags for --data\.tag_column xpos"):
        read("wnut17", "train", tagging_options(tag_column="xpos"))


@pytest.mark.parametrize("name", [*TREEBANKS, "wnut17"])
def test_absent_data_names_the_ways_out_and_touches_no_network(
    tmp_path, tagging_options, monkeypatch, name
):
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    for given in (tagging_options(dir=str(tmp_path)), tagging_options()):
        with pytest.raises(UserError, match=rf"/{name}/.*--data\.download true.*sample") as caught:
            read(name, "train", given)
        assert "\n" not in str(caught.value)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Where downloads are kept: a fresh folder."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "seqsuite"


@pytest.mark.parametrize("name", [*TREEBANKS, "wnut17"])
def test_what_is_fetched_is_upstreams_file_of_one_commit(
    tmp_path, tagging_options, monkeypatch, name
):
    asked = {}
    path = tmp_path / ("a.conll" if name == "wnut17" else "a.conllu")
    path.write_text(TWEET if name == "wnut17" else SENTENCE)

    def fetch(url, *, name, sha256):
        asked[url] = sha256
        return path

    monkeypatch.setattr(upstream, "fetch", fetch)
    for split in ("train", "validation", "test"):
        assert len(read(name, split, tagging_options(download=True)))
    assert len(asked) == len(set(asked.values())) == 3
    for url, checksum in asked.items():
        *_, commit, _ = url.split("/")
        assert url.startswith("https://raw.githubusercontent.com/")
        assert len(commit) == 40
        assert len(checksum) == 64


def test_a_download_that_is_not_what_upstream_made_is_refused(
    tmp_path, tagging_options, monkeypatch, cache
):
    file = tmp_path / "wnut17train.conll"
    file.write_text(TWEET)
    monkeypatch.setattr(wnut17, "URL", f"{tmp_path.as_uri()}/")
    with pytest.raises(UserError, match=r"Could not fetch .*wnut17train\.conll"):
        read("wnut17", "train", tagging_options(download=True))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setitem(wnut17.SHA256, "train", digest)
    assert len(read("wnut17", "train", tagging_options(download=True))) == 2
    assert (cache / "wnut17train.conll").exists()


# Sentences and words as the data sets' own descriptions state them.
SIZES = {
    "ud_english_ewt": {
        "train": (12544, 204577),
        "validation": (2001, 25147),
        "test": (2077, 25094),
    },
    "ud_french_sequoia": {"train": (2231, 50502), "validation": (412, 9999), "test": (456, 10044)},
}
ENTITIES = {"train": (3394, 1975), "validation": (1009, 836), "test": (1287, 1079)}


@pytest.mark.parametrize("name", SIZES)
def test_the_real_treebanks_have_upstreams_sizes_and_checksums(real_data, tagging_options, name):
    treebank = TREEBANKS[name]
    tags = set()
    for split, (sentences, words) in SIZES[name].items():
        found = read(name, split, tagging_options(dir=str(real_data)))
        assert (len(found), sum(map(len, found.labels))) == (sentences, words)
        tags |= {tag for labels in found.labels for tag in labels}
        assert ("xpos" in found.features) == (found.groups is not None) == ("english" in name)
        part = {"validation": "dev"}.get(split, split)
        path = real_data / "pos" / name / f"{treebank.stem}-ud-{part}.conllu.gz"
        digest = hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()
        assert digest == treebank.sha256[split]
    assert len(tags) == (17 if "english" in name else 16)


def test_the_real_wnut17_has_upstreams_sizes_and_checksums(real_data, tagging_options):
    for split, (sentences, entities) in ENTITIES.items():
        found = read("wnut17", split, tagging_options(dir=str(real_data)))
        assert len(found) == sentences
        tags = [tag for labels in found.labels for tag in labels]
        assert sum(tag.startswith("B-") for tag in tags) == entities
        assert len(set(tags)) == 13
        path = real_data / "ner" / "wnut17" / wnut17.FILES[split]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == wnut17.SHA256[split]
