"""Named data sets are read in upstream's layout, fetched only when asked, and checked."""

from __future__ import annotations

import hashlib
import io
import socket
import tarfile

import pytest

from seqsuite.data import upstream
from seqsuite.data.discovery import load_examples
from seqsuite.errors import UserError
from seqsuite.tasks.sentiment.data import imdb, sst2

REVIEWS = {
    "train/pos/0_9.txt": "Lovely.<br />Really.",
    "train/neg/0_2.txt": "Dreadful.",
    "train/neg/10_1.txt": "Ten.",
    "train/pos/2_8.txt": "Two.",
    "train/pos/30_8.txt": "Thirty.",
    "train/unsup/1_0.txt": "Not labelled.",
    "test/pos/0_10.txt": "Naïve.",
    "test/neg/0_1.txt": "Awful.",
}
TRAIN_TEXTS = ["Dreadful.", "Lovely.<br />Really.", "Two.", "Ten.", "Thirty."]
TRAIN_LABELS = ["negative", "positive", "positive", "negative", "positive"]
SENTENCES = "1 a fine film\n0 a bad one\n"


def write_folder(root):
    for name, text in REVIEWS.items():
        (root / "aclImdb" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "aclImdb" / name).write_text(text, encoding="utf-8")


def write_archive(path, only=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, text in REVIEWS.items():
            if name.startswith(only):
                data = text.encode()
                info = tarfile.TarInfo(f"aclImdb/{name}")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))


def write_split_archives(root):
    for split in ("train", "test"):
        write_archive(root / f"aclImdb_{split}.tar.gz", split)


LAYOUTS = {
    "folder": write_folder,
    "archive per split": write_split_archives,
    "upstream's archive": lambda root: write_archive(root / "aclImdb_v1.tar.gz"),
}


@pytest.mark.parametrize("below", ["", "imdb", "sentiment/imdb"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_imdb_is_read_in_order_of_ids(tmp_path, options, layout, below):
    LAYOUTS[layout](tmp_path / below)
    train = load_examples("imdb", "train", options(dir=str(tmp_path)), "seqsuite.tasks.sentiment")
    assert train.features["text"] == TRAIN_TEXTS
    assert train.labels == TRAIN_LABELS
    # Ids 0, 0, 2 and 10 are neighbours; 30 lies in the next block of 25.
    assert train.groups == [0, 0, 0, 0, 1]
    test = load_examples("imdb", "test", options(dir=str(tmp_path)), "seqsuite.tasks.sentiment")
    assert test.features["text"] == ["Awful.", "Naïve."]
    assert (
        load_examples("imdb", "validation", options(dir=str(tmp_path)), "seqsuite.tasks.sentiment")
        is None
    )


def test_the_folder_may_come_from_the_environment(tmp_path, options, monkeypatch):
    write_folder(tmp_path)
    monkeypatch.setenv("SEQSUITE_DATA", str(tmp_path))
    assert len(load_examples("imdb", "test", options(), "seqsuite.tasks.sentiment")) == 2


def test_damaged_imdb_is_told_in_one_line(tmp_path, options):
    (tmp_path / "aclImdb").mkdir()
    with pytest.raises(UserError, match=r"holds no aclImdb/train/"):
        load_examples("imdb", "train", options(dir=str(tmp_path)), "seqsuite.tasks.sentiment")
    (tmp_path / "aclImdb").rmdir()
    (tmp_path / "aclImdb_train.tar.gz").write_bytes(b"not an archive")
    with pytest.raises(UserError, match=r"aclImdb_train\.tar\.gz is not a readable archive"):
        load_examples("imdb", "train", options(dir=str(tmp_path)), "seqsuite.tasks.sentiment")


@pytest.mark.parametrize("below", ["sst2", "sentiment/sst2"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_sst2_is_read_in_both_layouts(tmp_path, options, below, newline):
    folder = tmp_path / below
    folder.mkdir(parents=True, exist_ok=True)
    with_header = "sentence\tlabel\na fine film\t1\na bad one\t0\n"
    (folder / "train.tsv").write_text(with_header, newline=newline)
    (folder / "stsa.binary.dev").write_text(SENTENCES, newline=newline)
    for split in ("train", "validation"):
        found = load_examples("sst2", split, options(dir=str(tmp_path)), "seqsuite.tasks.sentiment")
        assert found.features["text"] == ["a fine film", "a bad one"]
        assert found.labels == ["positive", "negative"]


@pytest.mark.parametrize("content", ["text,label\n", "2 what\n", "sentence\tlabel\nno label\n"])
def test_another_file_in_the_place_of_sst2_is_refused(tmp_path, options, content):
    (tmp_path / "sst2").mkdir()
    (tmp_path / "sst2" / "train.tsv").write_text(content)
    with pytest.raises(UserError, match=r"train\.tsv is not an SST-2 file"):
        load_examples("sst2", "train", options(dir=str(tmp_path)), "seqsuite.tasks.sentiment")


@pytest.mark.parametrize("name", ["imdb", "sst2"])
def test_absent_data_names_the_ways_out_and_touches_no_network(
    tmp_path, options, monkeypatch, name
):
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    expected = rf"sentiment/{name}/.*--data\.download true.*--data\.source sample"
    for given in (options(dir=str(tmp_path)), options()):
        with pytest.raises(UserError, match=expected) as caught:
            load_examples(name, "train", given, "seqsuite.tasks.sentiment")
        assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match=r"nowhere .*does not exist"):
        load_examples(
            name, "train", options(dir=str(tmp_path / "nowhere")), "seqsuite.tasks.sentiment"
        )


@pytest.mark.parametrize("name", ["imdb", "sst2"])
def test_without_a_network_a_download_fails_at_once_and_clearly(options, monkeypatch, cache, name):
    def refuse(*args, timeout, **kwargs):
        assert timeout <= 10
        raise OSError("unreachable")

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(UserError, match=r"no network.*unreachable.*--data\.dir.*sample"):
        load_examples(name, "train", options(download=True), "seqsuite.tasks.sentiment")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Where downloads are kept: a fresh folder."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "seqsuite"


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def test_imdb_is_fetched_once_checked_and_kept(tmp_path, options, monkeypatch, cache, capsys):
    archive = tmp_path / "upstream" / "aclImdb_v1.tar.gz"
    write_archive(archive)
    monkeypatch.setattr(imdb, "URL", archive.as_uri())
    monkeypatch.setattr(imdb, "MD5", md5(archive))
    fetched = load_examples("imdb", "train", options(download=True), "seqsuite.tasks.sentiment")
    assert fetched.features["text"] == TRAIN_TEXTS
    assert (cache / "aclImdb_v1.tar.gz").exists()
    # What is in the cache needs no network, and no upstream.
    archive.unlink()
    monkeypatch.setattr(upstream, "probe", pytest.fail)
    assert (
        len(load_examples("imdb", "test", options(download=True), "seqsuite.tasks.sentiment")) == 2
    )
    assert capsys.readouterr().out == ""


def test_a_download_that_is_not_what_upstream_made_is_refused(
    tmp_path, options, monkeypatch, cache
):
    (tmp_path / "stsa.binary.train").write_text(SENTENCES)
    monkeypatch.setattr(sst2, "URL", (tmp_path / "stsa.binary.").as_uri())
    with pytest.raises(UserError, match=r"Could not fetch .*stsa\.binary\.train"):
        load_examples("sst2", "train", options(download=True), "seqsuite.tasks.sentiment")


def test_sst2_is_fetched_in_upstreams_own_format(tmp_path, options, monkeypatch, cache):
    file = tmp_path / "stsa.binary.dev"
    file.write_text(SENTENCES)
    monkeypatch.setattr(sst2, "URL", (tmp_path / "stsa.binary.").as_uri())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setitem(sst2.SHA256, "validation", digest)
    found = load_examples("sst2", "validation", options(download=True), "seqsuite.tasks.sentiment")
    assert found.labels == ["positive", "negative"]


def test_the_real_sst2_has_upstreams_sizes_and_checksums(real_data, options):
    for split, size in (("train", 6920), ("validation", 872), ("test", 1821)):
        found = load_examples(
            "sst2", split, options(dir=str(real_data)), "seqsuite.tasks.sentiment"
        )
        assert len(found) == size
        # Upstream's file is the same sentences with the label in front.
        digits = {"negative": "0", "positive": "1"}
        lines = [
            f"{digits[label]} {text}\n"
            for text, label in zip(found.features["text"], found.labels, strict=True)
        ]
        assert hashlib.sha256("".join(lines).encode()).hexdigest() == sst2.SHA256[split]


def test_the_real_imdb_is_balanced_and_grouped(real_data, options):
    found = load_examples("imdb", "test", options(dir=str(real_data)), "seqsuite.tasks.sentiment")
    assert len(found) == 25_000
    assert sum(label == "positive" for label in found.labels) == 12_500
    assert sorted(set(found.groups)) == list(range(500))
    assert all(found.features["text"])
