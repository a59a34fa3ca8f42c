"""A person's own files: every format gives the same examples, every mistake one clear line."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqsuite.data import binary_tables
from seqsuite.data.discovery import load_examples
from seqsuite.errors import UserError

# Quotes, a delimiter, a line break and scripts: what a format may trip over.
ROWS = [
    ("good, really", "positive"),
    ('they said "no"', "negative"),
    ("two\nlines ü 漢字 🙂", "neutral"),
]
CSV = (
    'id,text,label\n1,"good, really",positive\n2,"they said ""no""",negative\n'
    '3,"two\nlines ü 漢字 🙂",neutral\n'
).encode()
JSONL = "".join(json.dumps({"label": b, "text": a}) + "\n" for a, b in ROWS).encode()


@pytest.fixture
def load(tmp_path, options):
    """Write a file, then read it as the training split."""

    def read(name, content, **changes):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        return load_examples(
            "files", "train", options(train=str(path), **changes), "seqsuite.tasks.sentiment"
        )

    return read


def pairs(examples):
    return list(zip(examples.features["text"], examples.labels, strict=True))


def tar_of(files, mode="w:gz"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
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


BOM = b"\xef\xbb\xbf"
TABLES = {
    "a.csv": CSV,
    "A.CSV": CSV,
    "bom.csv": BOM + CSV,
    "windows.csv": CSV.replace(b"\n1", b"\r\n1").replace(b"\n2", b"\r\n2"),
    "a.csv.gz": gzip.compress(CSV),
    "a.jsonl": JSONL,
    "bom.jsonl": BOM + JSONL,
    "a.jsonl.gz": gzip.compress(JSONL),
    "gaps.jsonl": JSONL.replace(b"\n", b"\n\n"),
    "a.tar.gz": tar_of({"inside/a.csv": CSV}),
    "a.tgz": tar_of({"a.jsonl": JSONL}),
    "a.tar": tar_of({"a.csv.gz": gzip.compress(CSV)}, mode="w"),
    "a.zip": zip_of({"a.csv": CSV, "__MACOSX/._a.csv": b"\x00", "readme.txt": b"hello"}),
}


@pytest.mark.parametrize("name", TABLES)
def test_every_table_gives_the_same_examples(load, name):
    assert pairs(load(name, TABLES[name])) == ROWS


def test_a_tsv_takes_quotes_as_they_are(load):
    found = load("a.tsv", b'label\ttext\r\n1\tthey said "no\r\n0\t"fine"\r\n')
    assert pairs(found) == [('they said "no', "1"), ('"fine"', "0")]


def test_parquet_excel_and_arrays_are_tables_too(load):
    parquet, excel, book = io.BytesIO(), io.BytesIO(), openpyxl.Workbook()
    pq.write_table(pa.table({"text": [t for t, _ in ROWS], "label": [n for _, n in ROWS]}), parquet)
    for row in [("label", "text"), *((name, text) for text, name in ROWS), (None, None)]:
        book.active.append(row)
    book.save(excel)
    array = json.dumps([{"text": text, "label": name} for text, name in ROWS]).encode()
    for name, data in (
        ("a.parquet", parquet.getvalue()), ("a.xlsx", excel.getvalue()), ("a.json", array),
        ("lines.json", JSONL),
    ):  # fmt: skip
        assert pairs(load(name, data)) == ROWS


def test_excel_files_need_openpyxl(load, monkeypatch):
    monkeypatch.setattr(binary_tables, "openpyxl", None)
    with pytest.raises(UserError, match=r"pip install 'seqsuite\[excel\]'"):
        load("a.xlsx", b"PK")


def test_columns_without_a_header_are_numbers_and_several_are_joined(load, capsys):
    # AG News: class, title, description.
    content = b'"3","Oil rises","Up again, by a dollar"\n"4","New chip",""\n'
    found = load("a.csv", content, text_column="1,2", label_column="0")
    assert pairs(found) == [("Oil rises Up again, by a dollar", "3"), ("New chip", "4")]
    assert "columns are named by number" in capsys.readouterr().err
    # The SMS spam collection: class, message.
    for name in ("a.tsv", "a.txt", "SMSSpamCollection"):
        found = load(name, b"ham\tok lar\nspam\twin\n", text_column="1", label_column="0")
        assert pairs(found) == [("ok lar", "ham"), ("win", "spam")]


def test_a_list_of_one_label_is_that_label(load):
    # As doccano exports it.
    assert pairs(load("a.jsonl", b'{"text": "a", "label": ["x"]}\n')) == [("a", "x")]


def test_a_column_for_each_label(load):
    content = b"id,text,toxic,insult\n1,fine,0,0\n2,bad,1,1\n3,rude,0,1\n"
    found = load("a.csv", content, label_column="toxic,insult")
    assert pairs(found) == [("fine", ()), ("bad", ("insult", "toxic")), ("rude", ("insult",))]


def test_lines_of_fasttext(load):
    content = b"__label__good fine film\n\n__label__bad __label__long dull\n"
    assert pairs(load("a.txt", content[:25])) == [("fine film", "good")]
    assert pairs(load("cooking.train", content, label_separator=";")) == [
        ("fine film", ("good",)), ("dull", ("bad", "long")),
    ]  # fmt: skip
    with pytest.raises(UserError, match="label_separator"):
        load("a.txt", content)


def test_several_files_are_one_split(tmp_path, options):
    for number in (2, 1):
        (tmp_path / f"part{number}.csv").write_text(f"text,label\nt{number},x\n")

    def texts(train):
        given = options(train=train)
        found = load_examples("files", "train", given, "seqsuite.tasks.sentiment")
        return found.features["text"]

    assert texts(f"{tmp_path}/part*.csv") == ["t1", "t2"]
    assert texts(f"{tmp_path}/part2.csv,{tmp_path}/part1.csv") == ["t2", "t1"]
    with pytest.raises(UserError, match=r"no file matches .*x\*\.csv"):
        texts(f"{tmp_path}/x*.csv")
    with pytest.raises(UserError, match=r"part3\.csv does not exist.*part"):
        texts(f"{tmp_path}/part1.csv,{tmp_path}/part3.csv")


def test_a_csv_of_a_spreadsheet_may_use_semicolons(load):
    assert pairs(load("a.csv", b"text;label\ngood, really;1\n")) == [("good, really", "1")]


def test_columns_are_named_by_the_options(load):
    found = load("a.csv", b"body,stars\nfine,4\n", text_column="body", label_column="stars")
    assert pairs(found) == [("fine", "4")]


def test_very_long_texts_are_read_whole(load):
    text = "word " * 100_000
    assert load("a.csv", f'text,label\n"{text}",x\n'.encode()).features["text"] == [text]


def test_numbers_and_truths_are_labels_in_json(load):
    found = load("a.jsonl", b'{"text": "a", "label": 0}\n{"text": "b", "label": true}')
    assert found.labels == ["0", "True"]


def test_half_a_surrogate_pair_does_not_reach_the_model(load):
    (text,) = load("a.jsonl", rb'{"text": "a \ud83d b", "label": 1}').features["text"]
    assert text == "a ? b"


FOLDER = {"neg/1.txt": b"bad", "pos/1.txt": b"good", "pos/2.txt": "süß".encode()}
FOLDER_ROWS = [("bad", "neg"), ("good", "pos"), ("süß", "pos")]


def test_a_folder_per_label(tmp_path, load):
    for name, data in FOLDER.items():
        (tmp_path / "texts" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "texts" / name).write_bytes(data)
    (tmp_path / "texts" / "readme.txt").write_text("not an example")
    (tmp_path / "texts" / "pos" / "3.txt.gz").write_bytes(gzip.compress(b"packed"))
    assert pairs(load("texts", None)) == [*FOLDER_ROWS, ("packed", "pos")]


@pytest.mark.parametrize("prefix", ["", "./", "data/", "data/train/"])
@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_an_archive_of_a_folder_per_label(load, kind, prefix):
    files = {f"{prefix}{name}": data for name, data in FOLDER.items()}
    files[f"{prefix}readme.txt"] = b"not an example"
    content = zip_of(files) if kind == "zip" else tar_of(files)
    assert pairs(load(f"a.{kind}", content)) == FOLDER_ROWS


def test_labels_are_split_into_sorted_sets_on_the_separator(load):
    content = b"text,label\na,red; blue\nb,\nc,red;red\nd\n"
    found = load("a.csv", content, label_separator=";")
    assert found.labels == [("blue", "red"), (), ("red",), ()]


def test_lists_in_json_are_sets_of_labels(load):
    content = b'{"text": "a", "label": ["y", "x"]}\n{"text": "b", "label": null}\n'
    assert load("a.jsonl", content, label_separator=";").labels == [("x", "y"), ()]


def test_rows_without_text_are_left_out_and_counted(load, capsys):
    found = load("a.csv", b"label,text\nx,one\ny,\nx,  \ny\nx,two\n")
    assert found.features["text"] == ["one", "two"]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "3 of 5 rows have no text" in captured.err


def test_a_line_of_json_may_leave_the_text_out(load, capsys):
    found = load("a.jsonl", b'{"label": 1}\n{"text": "a", "label": 1}')
    assert found.features["text"] == ["a"]
    assert "1 of 2 rows" in capsys.readouterr().err


def test_optional_splits_are_none_and_training_is_asked_for(options):
    for split in ("validation", "test"):
        assert load_examples("files", split, options(), "seqsuite.tasks.sentiment") is None
    with pytest.raises(UserError, match=r"--data\.train FILE"):
        load_examples("files", "train", options(), "seqsuite.tasks.sentiment")


def test_each_split_reads_its_own_file(tmp_path, options):
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.csv").write_text(f"text,label\n{split},x\n")
    given = options(**{s: str(tmp_path / f"{s}.csv") for s in ("train", "validation", "test")})
    for split in ("train", "validation", "test"):
        assert load_examples("files", split, given, "seqsuite.tasks.sentiment").features[
            "text"
        ] == [split]


def test_a_home_folder_is_understood(tmp_path, options, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.csv").write_text("text,label\na,x\n")
    assert (
        len(load_examples("files", "train", options(train="~/a.csv"), "seqsuite.tasks.sentiment"))
        == 1
    )


MISTAKES = {
    "empty.csv": (b"", r"empty\.csv is empty.*text and a label"),
    "bom.csv": (BOM, r"is empty"),
    "header.csv": (b"text,label\n", r"is empty"),
    "empty.jsonl": (b"\n", r"is empty"),
    "empty.zip": (zip_of({}), r"neither a table .* nor LABEL"),
    "column.csv": (b"texts,label\na,b\n", r"no column 'text'\. Did you mean 'texts'\?.*'label'"),
    "column.jsonl": (b'{"text": 1, "lable": 2}', r"no column 'label'.*'lable'.*label_column"),
    "blank.csv": (b"text,label\n ,a\n,b\n", r"no row has a text in column 'text'"),
    "label.csv": (b"text,label\na,\nb,x\nc, \n", r"2 of 3 rows have no label"),
    "label.jsonl": (b'{"text": "a", "label": ""}', r"1 of 1 rows have no label"),
    "list.jsonl": (b'{"text": "a", "label": ["x", "y"]}', r"label_separator"),
    "latin.csv": (b"text,label\nok,a\ncaf\xe9,b\n", r"latin\.csv line 3 .*UTF-8.*0xe9.*iconv"),
    "latin_bom.csv": (BOM + b"text,label\n\xe9,b\n", r"line 2 "),
    "latin.jsonl": (b'{"text": "a"}\n\n\xff', r"line 3 "),
    "latin.csv.gz": (gzip.compress(b"text,label\n\xe9,b\n"), r"line 2 "),
    "latin.zip": (zip_of({"pos/1.txt": b"a\nb\n\xe9"}), r"latin\.zip:pos/1\.txt line 3 "),
    "broken.jsonl": (b'{"text": "a", "label": 1}\n{"text": ', r"broken\.jsonl line 2 is not JSON"),
    "deep.jsonl": (b"[" * 100_000, r"line 1 is not JSON"),
    "array.jsonl": (b"[1]", r"line 1 is not a JSON object"),
    "fields.csv": (b"text,label\nwell, no,x\n", r"line 2 has more fields.*double quotes"),
    "quote.csv": (b'text,label\na,x\n"open,x\na,y\n', r"begins at line 3 cannot be read"),
    "a.ods": (b"PK", r"format \.ods is not known.*csv"),
    "a.xlsx": (b"PK", r"not a readable Excel file"),
    "a.parquet": (b"PAR1", r"not a readable Parquet file"),
    "a.json": (b"[1]", r"array of JSON objects"),
    "a.txt": (b"__label__x good\nbad\n", r"line 2 does not begin with __label__NAME"),
    "noending": (b"a", r"format without an ending"),
    "cut.csv.gz": (gzip.compress(CSV)[:-12], r"cannot be read"),
    "plain.csv.gz": (CSV, r"cannot be read"),
    "damaged.csv.gz": (gzip.compress(CSV)[:12] + b"\xff" * 40, r"cannot be read"),
    "plain.tar.gz": (CSV, r"not a readable archive"),
    "plain.zip": (CSV, r"not a readable archive"),
    "two.zip": (zip_of({"train.csv": CSV, "test.csv": CSV}), r"2 tables \(test\.csv, train\.csv\)"),
    "both.tar.gz": (tar_of({"train/x/1.txt": b"a", "test/x/1.txt": b"b"}), r"2 places .*test, tr"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_one_line(load, name):
    content, message = MISTAKES[name]
    with pytest.raises(UserError, match=message) as caught:
        load(name, content)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_a_missing_file_names_its_neighbour(tmp_path, load):
    (tmp_path / "reviews.csv").write_text("text,label\n")
    with pytest.raises(
        UserError, match=r"reveiws\.csv does not exist\. Did you mean 'reviews\.csv"
    ):
        load("reveiws.csv", None)
    with pytest.raises(UserError, match=r"nowhere/a\.csv does not exist\."):
        load("nowhere/a.csv", None)


def test_a_folder_without_texts_says_what_it_should_hold(tmp_path, load):
    (tmp_path / "texts" / "pos").mkdir(parents=True)
    with pytest.raises(UserError, match=r"no LABEL/\*\.txt"):
        load("texts", None)
