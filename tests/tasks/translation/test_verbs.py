"""The verbs of translation, on files of one's own."""

from __future__ import annotations

import json

import pytest
import tensorflow as tf

from seqsuite.cli.main import main
from seqsuite.serving import exported_model, versions
from tests.tasks.translation.runs import TRANSLATION

pytestmark = [pytest.mark.usefixtures("loaded_once"), pytest.mark.full]


@pytest.fixture(scope="module")
def trained(translation_run):
    """A run on files of one's own, sampled from itself, and its exported model."""
    base, _ = translation_run
    return base / "run", base / "served"


@pytest.mark.full
def test_a_run_tells_the_protocol_beside_its_scores(trained):
    result = json.loads((trained[0] / "metrics.json").read_text())
    wanted = {"bleu", "bleu_low", "bleu_high", "bleu_lowercased", "chrf", "perplexity",
              "perplexity_free_running"}  # fmt: skip
    assert wanted == set(result["metrics"])
    assert "tok:13a" in result["protocol"]["bleu"]
    assert "tok:13a" in (trained[0] / "model_card.md").read_text()
    assert list(result["baseline"]) == ["copy of the source", "word by word, IBM model 1"]
    assert (trained[0] / "plots" / "attention.png").is_file()
    lines = (trained[0] / "mistakes.jsonl").read_text().splitlines()
    scores = [json.loads(line)["chrf"] for line in lines]
    assert scores == sorted(scores)


def test_lines_stay_aligned_and_json_is_json(trained, tmp_path, capsys):
    lines = ["the dog", "", "  ", "☃", "a red house"]
    file = tmp_path / "lines.txt"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = ["predict", f"--model={trained[1]}", f"--input={file}"]
    capsys.readouterr()
    assert main(TRANSLATION, words) == 0
    printed = capsys.readouterr().out.split("\n")
    assert len(printed) == 6
    assert printed[1:3] == ["", ""]
    assert main(TRANSLATION, [*words, "--json"]) == 0
    rows = [json.loads(line, parse_constant=pytest.fail)
            for line in capsys.readouterr().out.splitlines()]  # fmt: skip
    assert [row["input"] for row in rows] == lines
    assert [row["translation"] for row in rows] == printed[:5]
    for row in rows:
        assert len(row["pieces"]) == len(row["alignment"])
        assert all(0 <= place < len(row["source_pieces"]) for place in row["alignment"])
        assert len(row["alternatives"]) == len(row["alternative_scores"]) >= 1


def test_an_exported_model_scores_pairs(trained):
    server = exported_model.ExportedModel(versions.latest_version(trained[1]))
    found = server(source=tf.constant(["the dog", ""]), translation=tf.constant(["der Hund", "x"]))
    assert found["log_probability"].shape == (2,)
    assert (found["log_probability"].numpy() < 0).all()


def test_files_of_different_length_are_one_line(tmp_path, capsys):
    (tmp_path / "a").write_text("one\ntwo\n")
    (tmp_path / "b").write_text("eins\n")
    words = ["--data.source=files", f"--data.train={tmp_path}/a,{tmp_path}/b"]
    assert main(TRANSLATION, [*words, f"--run_dir={tmp_path}/r", f"--export_dir={tmp_path}/s"]) == 2
    (line,) = [x for x in capsys.readouterr().err.splitlines() if x.startswith("error")]
    assert "2" in line
    assert "1" in line
