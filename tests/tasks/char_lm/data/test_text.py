"""Running text: nothing is lost when it is read, and its splits are contiguous slices."""

from __future__ import annotations

import gzip
import hashlib
import io
import socket
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import tensorflow_datasets as tfds

from seqsuite.data import discovery, upstream
from seqsuite.data.discovery import load_examples
from seqsuite.errors import UserError
from seqsuite.tasks.char_lm.data import tiny_shakespeare
from seqsuite.tasks.char_lm.data.text import bytes_of_text, contiguous_split, text_of_bytes
from tests.data.sections import section_builder

SPLITS = ("train", "validation", "test")
# No two places look alike, so that a slice tells where it was cut.
NUMBERS = "".join(f"{n:04d}." for n in range(1000))


def in_turns(train, validation):
    """The text that was cut: a piece to learn from, a block held out, and so on."""
    assert len(train) == len(validation) + 1
    return "".join("".join(pair) for pair in zip(train, [*validation, ""], strict=True))


@pytest.fixture
def text_options(monkeypatch):
    """Build a data section of running text; the surroundings' data folder is out of sight."""
    monkeypatch.delenv("SEQSUITE_DATA", raising=False)
    return section_builder(unit="character", validation_fraction=0.1)


@pytest.fixture
def write(tmp_path):
    """Write a file of text or bytes; its path is returned as flags give it."""

    def to_file(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return str(path)

    return to_file


def read(split, options, source="files"):
    found = load_examples(source, split, options, "seqsuite.tasks.char_lm")
    if found is None:
        return None
    assert found.labels is None
    assert found.groups is None
    return found.features["text"]


def test_sources_of_the_task_are_found():
    assert set(discovery.sources("seqsuite.tasks.char_lm")) == {
        "sample",
        "files",
        "tfds",
        "tiny_shakespeare",
    }


@pytest.mark.parametrize("unit", ["character", "byte"])
def test_any_bytes_survive_reading(unit):
    # Among them a byte order mark, CRLF, NUL, half of an emoji, and a surrogate in UTF-8.
    odd = b"\xef\xbb\xbfa\r\nb\r\0\xff\xe2\x82\xed\xa0\x80" + "ü😀\u2028".encode() + b"\xf0\x9f"
    for data in (odd, bytes(range(256)), b""):
        assert bytes_of_text(text_of_bytes(data, unit), unit) == data
    assert [ord(c) for c in text_of_bytes(bytes(range(256)), "byte")] == list(range(256))


def test_the_unknown_character_is_written_in_utf8_with_either_unit():
    for unit in ("character", "byte"):
        assert bytes_of_text("a\ufffd", unit) == b"a\xef\xbf\xbd"


@pytest.mark.parametrize("fraction", [0.001, 0.1, 0.5])
def test_slices_are_contiguous_and_make_the_text(write, text_options, fraction):
    text = NUMBERS[:-3]
    options = text_options(train=write("a.txt", text), validation_fraction=fraction)
    train, validation, test = (read(split, options) for split in SPLITS)
    # 4,997 characters: int(4497.3) are for learning.
    assert "".join(test) == text[4497:]
    assert in_turns(train, validation) == text[:4497]
    assert len("".join(validation)) == round(4497 * fraction)


@pytest.mark.parametrize(("count", "blocks"), [(1, 1), (999, 1), (2500, 2), (80_000, 8)])
def test_what_is_held_out_is_spread_and_never_next_to_the_test_text(count, blocks):
    text = "".join(chr(0x4E00 + index % 20_000) for index in range(200_000))
    options = SimpleNamespace(validation_fraction=count / 180_000)
    train, validation, test = (
        contiguous_split(split, options, lambda _: [text]).features["text"] for split in SPLITS
    )
    assert len(validation) == blocks
    assert in_turns(train, validation) + "".join(test) == text
    assert min(map(len, train)) >= (180_000 - count) // blocks // 2 - 2
    assert max(map(len, validation)) - min(map(len, validation)) <= 1


def test_what_is_given_is_not_cut(write, text_options):
    train, validation, test = (write(f"{split}.txt", split + NUMBERS) for split in SPLITS)
    own = text_options(train=train, validation=validation, test=test)
    assert [read(split, own) for split in SPLITS] == [[split + NUMBERS] for split in SPLITS]
    text = "train" + NUMBERS  # 5,005 characters, of which 4,504 and a half are nine tenths
    with_test = text_options(train=train, test=test)
    fitted, held_out = read("train", with_test), read("validation", with_test)
    assert in_turns(fitted, held_out) == text
    assert [len(part) for part in held_out] == [500]
    assert read("test", with_test) == ["test" + NUMBERS]
    with_validation = text_options(train=train, validation=validation)
    assert read("train", with_validation) + read("test", with_validation) == [
        text[:4504],
        text[4504:],
    ]
    # What scores a finished model has no training text.
    assert read("test", text_options(test=test)) == ["test" + NUMBERS]


def test_a_cut_may_go_through_a_document_and_leaves_no_empty_one():
    documents = ["a" * 700, "", "b" * 500, "c" * 800]
    options = SimpleNamespace(validation_fraction=0.25)
    found = {s: contiguous_split(s, options, lambda _: documents) for s in SPLITS}
    # Of 2,000 characters 1,800 are for learning, and 450 of them, from 675 on, for validation.
    assert found["train"].features["text"] == ["a" * 675, "b" * 75, "c" * 600]
    assert found["validation"].features["text"] == ["a" * 25, "b" * 425]
    assert found["test"].features["text"] == ["c" * 200]


def tar_of(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zip_of(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


CRLF = ("ligne é\r\n\x00漢字 e\u0301 😀\r\n" * 100).encode()
FILES = {
    "2.txt": b"second\n" * 200,
    "1/b.txt.gz": gzip.compress(CRLF),
    "1/.hidden.txt": b"no",
    "readme.md": b"no",
}


def test_folders_and_archives_give_the_texts_in_them(write, text_options):
    expected = [CRLF.decode(), "second\n" * 200]
    for name, data in FILES.items():
        folder = write(f"folder/{name}", data).removesuffix(f"/{name}")
    write("folder/directory.txt/readme", b"no")
    given = [folder, write("a.zip", zip_of(FILES)), write("a.tar.gz", tar_of(FILES))]
    for path in given:
        assert read("test", text_options(test=path)) == expected


@pytest.mark.parametrize("name", ["a.txt", "a", "a.md", "a.txt.gz"])
def test_a_file_is_read_whatever_its_name_and_line_ends(write, text_options, name):
    path = write(name, gzip.compress(CRLF) if name.endswith(".gz") else CRLF)
    assert read("test", text_options(test=path)) == [CRLF.decode("utf-8")]
    assert read("test", text_options(test=path, unit="byte")) == [CRLF.decode("latin-1")]


def test_bytes_that_are_not_utf8_are_kept_and_counted(write, text_options, capsys):
    path = write("a.txt", b"caf\xe9 au lait " * 100)
    assert read("test", text_options(test=path)) == ["caf\udce9 au lait " * 100]
    note = capsys.readouterr().err
    assert "100 of 1,300 characters of the test text are bytes that are not UTF-8" in note
    assert note.count("\n") == 1
    assert read("test", text_options(test=path, unit="byte")) == ["café au lait " * 100]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the training text is empty"),
        (b"short", "has 4 characters, expected at least 1,000"),
        (b"a" * 1200, r"has 972 characters, expected at least 1,000\. Give a longer text"),
        (
            bytes(range(256)) * 20,
            r"2,\d+ of 4,147 char.*not UTF-8.*encoding.*--data\.unit byte",
        ),
    ],
)
def test_a_file_that_teaches_nothing_is_refused_in_one_line(write, text_options, content, message):
    with pytest.raises(UserError, match=message) as caught:
        read("train", text_options(train=write("a.txt", content)))
    assert "a.txt" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_mistakes_of_files_are_told_in_one_line(write, text_options, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    long = write("long.txt", NUMBERS)
    for options, message in {
        (None, None): "needs --data.train FILE",
        (str(tmp_path / "lon.txt"), None): r"Did you mean 'long\.txt'\? Give a text file",
        (str(empty), None): r"holds no \.txt file",
        (write("a.zip", zip_of({"a.csv": b"x"})), None): r"a\.zip holds no \.txt file",
        (write("b.zip", b"x"), None): r"b\.zip is not a readable archive",
        (write("a.gz", b"x"), None): r"a\.gz cannot be read",
        (long, write("empty.txt", b"")): r"empty\.txt: the test text is empty",
    }.items():
        train, test = options
        with pytest.raises(UserError, match=message) as caught:
            read("test", text_options(train=train, test=test))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("below", ["char_lm/tinyshakespeare", "tinyshakespeare", ""])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_tiny_shakespeare_is_read_in_every_place(
    write, text_options, tmp_path, monkeypatch, capsys, below, end
):
    data = NUMBERS.encode()
    write(f"./{below}/input.txt{end}", gzip.compress(data) if end else data)
    options = text_options(dir=str(tmp_path))
    assert read("test", options, "tiny_shakespeare") == [NUMBERS[4500:]]
    assert "is not upstream's file" in capsys.readouterr().err
    monkeypatch.setattr(tiny_shakespeare, "SHA256", hashlib.sha256(data).hexdigest())
    texts = [read(split, options, "tiny_shakespeare") for split in SPLITS]
    middle = NUMBERS[2025:2475]
    assert texts == [[NUMBERS[:2025], NUMBERS[2475:4500]], [middle], [NUMBERS[4500:]]]
    assert capsys.readouterr().err == ""


def test_absent_data_names_the_ways_out_and_touches_no_network(tmp_path, text_options, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    for options in (text_options(dir=str(tmp_path)), text_options()):
        with pytest.raises(UserError, match=r"input\.txt.*--data\.download true.*sample") as caught:
            read("train", options, "tiny_shakespeare")
        assert "\n" not in str(caught.value)


def test_what_is_fetched_is_upstreams_file_of_one_commit(write, text_options, monkeypatch):
    path = write("a.txt", NUMBERS)
    asked = []

    def fetch(url, *, name, sha256):
        asked.append((url, name, sha256))
        return Path(path)

    monkeypatch.setattr(upstream, "fetch", fetch)
    read("train", text_options(download=True), "tiny_shakespeare")
    [(url, name, sha256)] = asked
    commit = url.removesuffix("/data/tinyshakespeare/input.txt").rsplit("/", 1)[1]
    assert (len(commit), len(sha256), name) == (40, 64, "tiny_shakespeare.txt")


def test_the_real_tiny_shakespeare_is_upstreams(real_data, text_options, capsys):
    texts = {
        split: "".join(read(split, text_options(dir=str(real_data)), "tiny_shakespeare"))
        for split in SPLITS
    }
    assert capsys.readouterr().err == ""
    # nanoGPT's sizes: 1,003,854 for learning, 111,540 to score.
    assert {split: len(text) for split, text in texts.items()} == {
        "train": 903_469,
        "validation": 100_385,
        "test": 111_540,
    }
    assert len(set("".join(texts.values()))) == 65


@pytest.mark.parametrize("unit", ["character", "byte"])
def test_the_sample_is_the_manual_without_what_it_repeats(text_options, unit):
    train, validation, test = ("".join(read(s, text_options(unit=unit), "sample")) for s in SPLITS)
    assert train.startswith('The "assert" statement\n')
    assert 200_000 < len(train) < 300_000
    assert len(test) > 20_000
    for held_out in (validation, test):
        lines = [line for line in held_out.split("\n") if len(line) > 40]
        recited = [line for line in lines if line in train]
        assert len(recited) < 0.05 * len(lines)


def test_the_sample_needs_no_options():
    assert len(load_examples("sample", "test", None, "seqsuite.tasks.char_lm")) == 1


@pytest.fixture
def stored(tmp_path_factory):
    """A builder of texts as it lies on disk; its only splits are train and test."""
    folder = tmp_path_factory.mktemp("tfds")
    tfds.dataset_builders.store_as_tfds_dataset(
        name="my_texts",
        version="1.0.0",
        features=tfds.features.FeaturesDict(
            {"body": tfds.features.Text(), "title": tfds.features.Text()}
        ),
        split_datasets={
            "train": [
                (0, {"body": NUMBERS, "title": "t"}),
                (1, {"body": "ü\r\n" * 100, "title": "t"}),
            ],
            "test": [(0, {"body": b"caf\xe9 au lait " * 100, "title": "t"})],
        },
        data_dir=folder,
        disable_shuffling=True,
    )
    return str(folder)


def test_a_builders_texts_are_read_and_what_it_lacks_is_cut(stored, text_options, capsys):
    options = text_options(source="tfds:my_texts", dir=stored)
    assert read("test", options, options.source) == ["caf\udce9 au lait " * 100]
    assert "text features body, title; body is used" in capsys.readouterr().err
    text = NUMBERS + "ü\r\n" * 100
    train, validation = (read(s, options, options.source) for s in ("train", "validation"))
    held_out = "".join(validation)
    assert len(held_out) == round(0.1 * len(text))
    assert "".join(train) == text.replace(held_out, "")


@pytest.fixture
def mocked(monkeypatch):
    """Public builders as if prepared, with made-up rows and the splits of tiny_shakespeare."""
    info = {
        name: tfds.core.SplitInfo(name=name, shard_lengths=[1], num_bytes=1, filename_template=None)
        for name in SPLITS
    }
    monkeypatch.setattr(tfds.core.DatasetBuilder, "is_prepared", lambda self: True)
    monkeypatch.setattr(tfds.core.DatasetInfo, "splits", property(lambda self: info))
    # Mocked texts are a line each; what is tested is where they come from.
    monkeypatch.setattr("seqsuite.tasks.char_lm.data.text.MIN_TRAINING_LENGTH", 1)
    with tfds.testing.mock_data(num_examples=1):
        yield


@pytest.mark.filterwarnings("ignore")
def test_the_public_builder_maps_onto_the_task(mocked, text_options):
    options = text_options(source="tfds:tiny_shakespeare")
    for split in SPLITS:
        [text] = read(split, options, options.source)
        assert isinstance(text, str)


@pytest.mark.filterwarnings("ignore")
def test_a_builder_without_text_says_what_it_has(mocked, text_options):
    options = text_options(source="tfds:mnist")
    with pytest.raises(UserError, match=r"no text feature, only image, label.*tiny_shakespeare"):
        read("train", options, options.source)


def test_utf16_is_read_by_its_mark_or_refused(write, text_options):
    text = "So foul and fair a day I have not seen. " * 50
    options = text_options(test=write("a.txt", text.encode("utf-16")))
    assert read("test", options) == [text]
    with pytest.raises(UserError, match="UTF-16 without a byte order mark"):
        read("test", text_options(test=write("b.txt", text.encode("utf-16-le"))))
    named = text_options(test=write("b.txt", text.encode("utf-16-le")))
    named.encoding = "utf-16-le"
    assert read("test", named) == [text]
