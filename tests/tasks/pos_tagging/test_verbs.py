"""Tagging as a person types it: CoNLL-U and column files in, CoNLL-U and JSON out, mistakes."""

import gzip
import io
import json

import pytest

from seqsuite.cli.main import main
from seqsuite.data.examples import Examples
from seqsuite.tasks import find_task
from seqsuite.tasks.pos_tagging.data import sample

pytestmark = [pytest.mark.usefixtures("loaded_once"), pytest.mark.full]

TAGGING = find_task("pos_tagging")
SMALL = [
    "--model.units=8", "--model.embedding_size=8", "--model.affix_size=8", "--training.epochs=1",
]  # fmt: skip
TRICKY = (
    "# sent_id = 1\n# text = I cannot see\u00a0it .\n1\tI\ti\tX\t_\tCase=Nom\t0\troot\t_\t_\n"
    "2-3\tcannot\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n2\tcan\t_\tX\t_\t_\t_\t_\t_\t_\n"
    "3\tnot\t_\tX\t_\t_\t_\t_\t_\tGloss=no|Other\n3.1\tdo\t_\tX\t_\t_\t_\t_\t_\t_\n"
    "4\t很好\t_\tX\t_\t_\t_\t_\t_\t_\n\n# only a comment\n\n1\t.\t_\tX\t_\t_\t_\t_\t_\t_\n\n"
)


def run(*words):
    return main(TAGGING, [str(word) for word in words])


def conllu(sentences, tags):
    text = ""
    for words, row in zip(sentences, tags, strict=True):
        for number, (word, tag) in enumerate(zip(words, row, strict=True), start=1):
            text += f"{number}\t{word}\t_\t{tag}\t_\t_\t_\t_\t_\t_\n"
        text += "\n"
    return text


def columns(sentences, tags):
    return "".join(
        "".join(f"{word}\t{tag}\n" for word, tag in zip(words, row, strict=True)) + "\n"
        for words, row in zip(sentences, tags, strict=True)
    )


@pytest.fixture(scope="module")
def examples():
    return sample.generate("validation")


@pytest.fixture(scope="module")
def tagger(examples, tmp_path_factory):
    """A folder with a person's own treebank and the tagger trained on it."""
    base = tmp_path_factory.mktemp("tagger")
    words = examples.features["tokens"]
    (base / "train.conllu").write_text(conllu(words[:80], examples.labels[:80]))
    (base / "test.conllu").write_text(conllu(words[80:100], examples.labels[80:100]))
    code = run(
        "train", "--data.source=files", f"--data.train={base / 'train.conllu'}",
        f"--data.test={base / 'test.conllu'}", "--run_dir", base / "run",
        "--export_dir", base / "served", *SMALL,
    )  # fmt: skip
    assert code == 0
    return base


@pytest.fixture(scope="module")
def entities(examples, tmp_path_factory):
    """The same from two columns with spans."""
    base = tmp_path_factory.mktemp("entities")
    spans = [sample.noun_phrases(row) for row in examples.labels]
    words = examples.features["tokens"]
    (base / "train.conll").write_text(columns(words[:80], spans[:80]))
    (base / "test.conll").write_text(columns(words[80:100], spans[80:100]))
    code = run(
        "train", "--data.source=files", f"--data.train={base / 'train.conll'}",
        f"--data.test={base / 'test.conll'}", "--data.scheme=bioes", "--run_dir", base / "run",
        "--export_dir", base / "served", *SMALL, "--model.character_encoder=none",
        "--model.affix_size=0",
    )  # fmt: skip
    assert code == 0
    return base


@pytest.mark.full
def test_a_run_says_what_the_issue_of_tagging_needs(tagger):
    result = json.loads((tagger / "run" / "metrics.json").read_text())
    assert {"accuracy", "sentence_accuracy", "f1/NOUN", "calibration_error"} <= set(
        result["metrics"]
    )
    assert set(result["baseline"]) == {"most frequent tag", "logistic regression over a window"}
    files = {path.name for path in (tagger / "run" / "plots").iterdir()}
    assert {"confusion_matrix.png", "reliability_diagram.png", "learning_curves.png"} <= files


@pytest.mark.full
def test_entities_are_scored_first(entities):
    result = json.loads((entities / "run" / "metrics.json").read_text())
    assert next(iter(result["metrics"])) == "entity_f1"
    assert {"entity_precision", "entity_recall", "f1/phrase"} <= set(result["metrics"])
    metrics = result["metrics"]
    assert metrics["entity_f1_low"] <= metrics["entity_f1"] <= metrics["entity_f1_high"]
    card = (entities / "run" / "model_card.md").read_text()
    assert "interval of this model's entity_f1" in card
    for baseline in result["baseline"].values():
        assert "entity_f1" in baseline


def test_conllu_comes_back_with_one_column_changed(tagger, tmp_path):
    source, target = tmp_path / "in.conllu", tmp_path / "out.conllu"
    source.write_bytes(TRICKY.encode())
    assert run("predict", "--model", tagger / "served", "--input", source,
               "--output", target) == 0  # fmt: skip
    before, after = TRICKY.split("\n"), target.read_bytes().decode().split("\n")
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        if old[:1].isdigit() and old.split("\t")[0].isdigit():
            old_fields, new_fields = old.split("\t"), new.split("\t")
            assert old_fields[:3] + old_fields[4:] == new_fields[:3] + new_fields[4:]
            assert new_fields[3] in {tag for tag, *_ in sample.TAGS.values()}
        else:
            assert old == new


def test_entities_are_written_to_misc(entities, capsys, monkeypatch):
    class Pipe:
        buffer = io.BytesIO(TRICKY.encode())

    monkeypatch.setattr("sys.stdin", Pipe)
    assert run("predict", "--model", entities / "served", "--input", "-") == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.split("\n") if "\t" in line]
    words = [row for row in rows if row[0].isdigit()]
    assert all("NER=" in row[9] for row in words)
    assert words[2][9].startswith("Gloss=no|")
    assert {row[9].rpartition("NER=")[2] for row in words} <= {"O", "B-phrase", "I-phrase"}


def pipe(monkeypatch, text):
    class Pipe:
        buffer = io.BytesIO(text.encode())

    monkeypatch.setattr("sys.stdin", Pipe)


@pytest.mark.parametrize("batch_size", [1, 2, 500])
def test_sentences_before_a_damaged_line_of_a_pipe_are_answered(
    tagger, batch_size, capsys, monkeypatch
):
    pipe(monkeypatch, TRICKY + "1\tonly\tthree\n\n" + TRICKY)
    code = run("predict", "--model", tagger / "served", "--input", "-",
               "--batch_size", batch_size)  # fmt: skip
    assert code == 2
    printed = capsys.readouterr()
    assert printed.out.count("\n") == TRICKY.count("\n")
    assert "\t_\tX\t" not in printed.out.replace("3.1\tdo\t_\tX\t", "")
    assert f"input line {TRICKY.count(chr(10)) + 1} has 3 columns" in printed.err


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_columns_come_back_with_one_more(entities, tmp_path, newline):
    text = "-DOCSTART-\n\nthe\ncan\n\n\nI\n".replace("\n", newline)
    source, target = tmp_path / "in.bio", tmp_path / "out.bio"
    source.write_bytes(text.encode())
    assert run("predict", "--model", entities / "served", "--input", source,
               "--output", target) == 0  # fmt: skip
    before = text.split(newline)
    after = target.read_bytes().decode().split(newline)
    for old, new in zip(before, after, strict=True):
        word, tab, tag = new.partition("\t")
        assert word == old
        has_tag = old in {"-DOCSTART-", "the", "can", "I"}
        assert (tag in {"O", "B-phrase", "I-phrase"}) == bool(tab) == has_tag


def test_columns_can_be_asked_for_and_left(tagger, tmp_path, capsys):
    source = tmp_path / "in.conll"
    source.write_text("the\tDET\ncan\tNOUN\n\nI\tPRON\n")
    words = ["predict", "--model", tagger / "served", "--input", source]
    assert run(*words, "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["tokens"] for row in rows] == [["the", "can"], ["I"]]
    assert run(*words, "--format", "conllu") == 0
    assert capsys.readouterr().out.count("# text = ") == 2
    assert run("predict", "--model", tagger / "served", "--format", "columns", "the can") == 0
    lines = capsys.readouterr().out.split("\n")
    tags = [tag for row in rows[:1] for tag in row["tags"]]
    assert lines == [f"the\t{tags[0]}", f"can\t{tags[1]}", "", ""]


def test_plain_text_is_read_from_a_pipe_and_written_in_every_format(tagger, capsys, monkeypatch):
    for output_format in ("text", "json", "conllu"):

        class Pipe:
            buffer = io.BytesIO(b"I can't see the can.\n\n# no comment\n")

        monkeypatch.setattr("sys.stdin", Pipe)
        assert run("predict", "--model", tagger / "served", "--input", "-",
                   "--format", output_format) == 0  # fmt: skip
        printed = capsys.readouterr().out
        if output_format == "text":
            assert printed.startswith("I/")
            assert len(printed.splitlines()) == 3
        elif output_format == "json":
            rows = [json.loads(line) for line in printed.splitlines()]
            assert rows[0]["tokens"] == ["I", "ca", "n't", "see", "the", "can", "."]
            assert [len(row["tags"]) for row in rows] == [row["length"] for row in rows]
            assert rows[1]["tokens"] == []
            assert all(0 < p <= 1 for p in rows[0]["confidence"])
        else:
            assert printed.count("# text = ") == 3
            assert "2\tca\t_\t" in printed


def test_very_long_sentences_and_words_get_an_answer(tagger, tmp_path, capsys):
    source = tmp_path / "long.txt"
    source.write_text("word " * 5000 + "\n" + "x" * 10_000 + "\n\t\n😀 ไทย\n", encoding="utf-8")
    assert run("predict", "--model", tagger / "served", "--input", source, "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["length"] for row in rows][:3] == [5000, 1, 0]


@pytest.mark.full
def test_tags_that_training_never_saw_count_as_wrong(tagger, tmp_path, capsys):
    other = tmp_path / "other.conllu"
    other.write_text("1\tthe\t_\tNEW\t_\t_\t_\t_\t_\t_\n\n")
    code = run("evaluate", "--run_dir", tagger / "run", "--data.test", other, "--json")
    assert code == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["metrics"]["accuracy"] == 0
    note = "1 of 1 words have a tag that training never saw, and count as wrong: NEW (1)"
    assert printed.err.count(note) == 1


def test_a_damaged_file_is_named_with_its_line_before_anything_is_written(tagger, tmp_path, capsys):
    source = tmp_path / "damaged.conllu"
    source.write_text(TRICKY + "1\tonly\tthree\n\n", encoding="utf-8")
    assert run("predict", "--model", tagger / "served", "--input", source) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"{source} line {TRICKY.count(chr(10)) + 1} has 3 columns" in printed.err


def test_training_on_a_damaged_file_is_one_clear_line(tmp_path, capsys):
    source = tmp_path / "train.conllu"
    source.write_text("1\tthe\t_\tDET\n\n")
    code = run("train", "--data.source=files", f"--data.train={source}",
               "--run_dir", tmp_path / "run", "--export_dir", tmp_path / "served")  # fmt: skip
    assert code == 2
    assert "line 1" in capsys.readouterr().err


def test_words_and_tags_that_differ_in_number_are_told(tmp_path, capsys):
    source = tmp_path / "train.conll"
    source.write_text("the\tDET\ncan\n\n")
    code = run("train", "--data.source=files", f"--data.train={source}",
               "--run_dir", tmp_path / "run", "--export_dir", tmp_path / "served")  # fmt: skip
    assert code == 2
    assert "line 2" in capsys.readouterr().err


def test_word_vectors_of_another_size_are_told_with_the_remedy(tagger, tmp_path, capsys):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("the 0.1 0.2 0.3\n")
    code = run("train", "--data.source=files", f"--data.train={tagger / 'train.conllu'}",
               f"--data.word_vectors={vectors}", "--run_dir", tmp_path / "run",
               "--export_dir", tmp_path / "served", *SMALL)  # fmt: skip
    assert code == 2
    assert "--model.embedding_size" in capsys.readouterr().err


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_byte_order_mark_does_not_hide_conllu_in_a_pipe(tagger, newline, capsys, monkeypatch):
    text = "\ufeff" + TRICKY.replace("\n", newline)

    class Pipe:
        buffer = io.BytesIO(text.encode())

    monkeypatch.setattr("sys.stdin", Pipe)
    assert run("predict", "--model", tagger / "served", "--input", "-") == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"\ufeff# sent_id = 1{newline}")
    assert printed.count("\n") == TRICKY.count("\n")


def test_a_byte_order_mark_is_no_part_of_a_word(tagger, capsys, monkeypatch):
    class Pipe:
        buffer = io.BytesIO("\ufeffthe can\n".encode())

    monkeypatch.setattr("sys.stdin", Pipe)
    assert run("predict", "--model", tagger / "served", "--input", "-", "--json") == 0
    assert json.loads(capsys.readouterr().out)["tokens"] == ["the", "can"]


@pytest.mark.parametrize("name", ["cut.txt.gz", "cut.conllu.gz"])
def test_a_damaged_archive_is_one_clear_line(tagger, tmp_path, capsys, name):
    source = tmp_path / name
    text = TRICKY if "conllu" in name else "the can\n" * 999
    source.write_bytes(gzip.compress(text.encode())[:-10])
    assert run("predict", "--model", tagger / "served", "--input", source) == 2
    assert f"{source} cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--explain"], "no --explain"),
        (["--json", "--format", "conllu"], "--json and --format conllu"),
        (["--batch_size", "0"], "--batch_size must be at least 1"),
    ],
)
def test_flags_that_cannot_be_followed_leave_the_output_alone(
    tagger, tmp_path, capsys, flags, message
):
    output = tmp_path / "kept.txt"
    output.write_text("kept")
    words = ["predict", "--model", tagger / "served", "the can", "--output", output, *flags]
    assert run(*words) == 2
    assert message in capsys.readouterr().err
    assert output.read_text() == "kept"


def test_one_sentence_is_too_few_to_cut_from(tmp_path, capsys):
    source = tmp_path / "train.conll"
    source.write_text("the\tDET\ncan\tNOUN\n")
    code = run("train", "--data.source=files", f"--data.train={source}",
               "--run_dir", tmp_path / "run", "--export_dir", tmp_path / "served")  # fmt: skip
    assert code == 2
    error = capsys.readouterr().err
    assert "found 1" in error
    assert "empty line" in error


def test_words_are_known_from_the_examples_that_are_fitted():
    fitted = Examples({"tokens": [("a", "b"), ("a", "b")]}, [("X", "Y")] * 2)
    every = Examples({"tokens": [*fitted.features["tokens"], ("new", "new")]}, [("X", "Y")] * 3)
    assert TAGGING().build_preprocessor(every, fitted).vocabulary == ["a", "b"]
    assert TAGGING().build_preprocessor(every).vocabulary == ["a", "b", "new"]


@pytest.mark.parametrize(("tags", "noted"), [(("B-x", "I-x"), True), (("NOUN", "O"), False)])
def test_spans_without_a_scheme_are_noted(tags, noted, capsys):
    TAGGING().build_preprocessor(Examples({"tokens": [("a", "b"), ("a", "b")]}, [tags] * 2))
    assert ("--data.scheme bio" in capsys.readouterr().err) == noted
