"""Character language models as a person uses them: own files in, text and small files out."""

import io
import json
import subprocess
import sys

import pytest

from seqsuite.cli.main import main
from seqsuite.tasks import find_task
from tests.tasks.char_lm.character_models import TEXT

pytestmark = [pytest.mark.full, pytest.mark.usefixtures("loaded_once")]

CHAR_LM = find_task("char_lm")
SMALL = [
    "--model.units=8", "--model.embedding_size=8", "--training.epochs=1",
    "--training.max_batch_size=4", "--training.steps=32", "--evaluation.windows=4",
    "--evaluation.window=16",
]  # fmt: skip
# What a model of TEXT does not know, line ends of three kinds, and no text at all.
STRANGE = {
    "empty": b"",
    "one character": b"a",
    "two characters": b"th",
    "an unknown character": "☃".encode(),
    "text": TEXT[:250].encode(),
    "line ends": b"the door\r\nthe sea\rthe end\n\n",
    "NUL bytes": b"\0the\0\0 wind\0",
    "unknown characters": "nobody ☃ went é à 東京 😀".encode(),
    "binary": bytes(range(256)),
    "invalid UTF-8": b"the \xff\xfe wind \xc3",
    "a byte order mark": b"\xef\xbb\xbfthe",
}


def run(*words):
    return main(CHAR_LM, [str(word) for word in words])


def train(base, name, text, *flags):
    """Train on a text of one's own and return the run and the exported model."""
    source = base / f"{name}.txt"
    source.write_bytes(text)
    code = run(
        "train", "--data.source=files", f"--data.train={source}", "--run_dir", base / name,
        "--export_dir", base / f"{name}-served", *SMALL, *flags,
    )  # fmt: skip
    assert code == 0
    return base / name, base / f"{name}-served"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return train(tmp_path_factory.mktemp("characters"), "run", TEXT.encode())


@pytest.fixture(scope="module")
def bytes_trained(tmp_path_factory):
    text = ("ü☃\r\n\0" * 4 + TEXT).encode()
    flags = ("--data.unit=byte", "--model.cell=gru", "--model.num_layers=2",
             "--model.connection=highway")  # fmt: skip
    return train(tmp_path_factory.mktemp("bytes"), "run", text, *flags)


@pytest.fixture(params=["trained", "bytes_trained"])
def served(request):
    return request.getfixturevalue(request.param)[1]


def predict(capsys, served, *words):
    code = run("predict", "--model", served, *words)
    printed = capsys.readouterr()
    assert code == 0, printed.err
    return printed.out


@pytest.mark.full
def test_a_run_reports_both_protocols_beside_the_baseline(trained):
    result = json.loads((trained[0] / "metrics.json").read_text())
    names = {"nats_per_character", "bits_per_character", "perplexity"}
    assert names | {"nats_per_character_windowed"} <= set(result["metrics"])
    (baseline,) = [value for name, value in result["baseline"].items() if "n-gram" in name][:1]
    assert names <= set(baseline)


@pytest.mark.full
def test_text_is_streamed_as_it_is_served(served, capsys):
    for flags in (["--seed=3"], ["--temperature=0"], ["--top_k=4", "--top_p=0.9", "--seed=-1"]):
        words = ["the ", "Nobody\twent", "--length=30", *flags]
        streamed = predict(capsys, served, *words)
        rows = [
            json.loads(line) for line in predict(capsys, served, *words, "--json").split("\n")[:-1]
        ]
        assert streamed == "".join(f"{row['input']}{row['text']}\n" for row in rows)
        assert [row["input"] for row in rows] == ["the ", "Nobody\twent"]


def test_a_seed_is_a_text_and_the_batch_does_not_matter(trained, capsys):
    words = ["the ", "a", "the ", "--json", "--length=20"]
    first = predict(capsys, trained[1], *words, "--seed=5")
    assert predict(capsys, trained[1], *words, "--seed=5", "--batch_size=1") == first
    assert predict(capsys, trained[1], *words, "--seed=6") != first
    rows = [json.loads(line)["text"] for line in first.splitlines()]
    assert rows[0] == rows[2]
    assert [len(row) for row in rows] == [20, 20, 20]


@pytest.mark.parametrize("prompt", ["", "☃", "é à 東京", "\0", "\r\n", "x" * 3000, "\udcff"])
def test_any_prompt_gets_an_answer(served, prompt, capsys):
    text = predict(capsys, served, prompt, "--length=5")
    shown = prompt.replace("\udcff", "?")
    assert text.startswith(shown)
    assert text.endswith("\n")
    (row,) = predict(capsys, served, prompt, "--length=5", "--json").splitlines()
    assert text == f"{shown}{json.loads(row)['text']}\n"


def test_length_zero_writes_the_prompt_alone(served, capsys):
    assert predict(capsys, served, "the ", "--length=0") == "the \n"
    assert json.loads(predict(capsys, served, "the ", "--length=0", "--json"))["text"] == ""


def test_prompts_are_read_from_files_and_pipes(trained, tmp_path, capsys, monkeypatch):
    source = tmp_path / "prompts.txt"
    source.write_bytes(b"the sea\r\n\r\nthe door\n")
    words = ("--length=4", "--seed=2")
    lines = predict(capsys, trained[1], "--input", source, *words, "--json").splitlines()
    assert [json.loads(line)["input"] for line in lines] == ["the sea", "", "the door"]

    class Pipe:
        buffer = io.BytesIO(b"the sea\nthe door")

    monkeypatch.setattr("sys.stdin", Pipe)
    output = tmp_path / "out.txt"
    assert run("predict", "--model", trained[1], "--input", "-", "--output", output, *words) == 0
    text = output.read_text(encoding="utf-8")
    assert "the sea" in text
    assert "the door" in text


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--length=-1"], "--length"),
        (["--temperature=-0.5"], "--temperature"),
        (["--temperature=nan"], "--temperature"),
        (["--top_k=-1"], "--top_k"),
        (["--top_p=0"], "--top_p"),
        (["--top_p=1.5"], "--top_p"),
        (["--top_p=nan"], "--top_p"),
        (["--length=3000000000"], "--length"),
        (["--top_k=3000000000"], "--top_k"),
        (["--seed=3000000000"], "--seed"),
        (["--length=many"], "--length"),
        (["--explain"], "--explain"),
    ],
)
def test_flags_out_of_range_are_one_clear_line(trained, flags, message, capsys):
    assert run("predict", "--model", trained[1], "the ", *flags) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("name", STRANGE)
def test_any_file_comes_back_bit_by_bit(served, name, tmp_path, capsys):
    source = tmp_path / "text.bin"
    source.write_bytes(STRANGE[name])
    assert run("compress", "--model", served, source) == 0
    assert "gzip" in capsys.readouterr().out
    source.unlink()
    assert run("decompress", "--model", served, tmp_path / "text.bin.seqz") == 0
    assert source.read_bytes() == STRANGE[name]


def test_lanes_are_in_the_file_and_the_size_agrees_with_the_model(trained, tmp_path, capsys):
    source, target = tmp_path / "text", tmp_path / "small"
    source.write_bytes(TEXT[:400].encode())
    for lanes in (1, 3):
        words = ["--model", trained[1], "--output", target]
        assert run("compress", source, *words, "--lanes", lanes) == 0
        printed = capsys.readouterr().out
        assert "bits per character" in printed
        restored = tmp_path / f"restored-{lanes}"
        assert run("decompress", target, "--model", trained[1], "--output", restored) == 0
        assert restored.read_bytes() == source.read_bytes()


@pytest.mark.full
def test_another_process_restores_the_very_bytes(trained, tmp_path, repository):
    source = tmp_path / "text"
    source.write_bytes(TEXT[:900].encode() + STRANGE["unknown characters"] + b"\xff\0\r\n")
    small = tmp_path / "text.seqz"
    assert run("compress", "--model", trained[1], source, "--lanes", "3") == 0
    here = small.read_bytes()
    restored = tmp_path / "restored"
    command = [sys.executable, "-m", "seqsuite.tasks.char_lm"]
    found = subprocess.run(
        [*command, "decompress", "--model", trained[1], small, "--output", restored],
        cwd=repository, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert restored.read_bytes() == source.read_bytes()
    assert small.read_bytes() == here


def test_the_wrong_model_is_refused_and_nothing_is_written(
    trained, bytes_trained, tmp_path, capsys
):
    source = tmp_path / "text"
    source.write_bytes(b"the door")
    assert run("compress", "--model", trained[1], source) == 0
    source.unlink()
    assert run("decompress", "--model", bytes_trained[1], tmp_path / "text.seqz") == 2
    assert "model" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["text.seqz"]


def test_a_damaged_file_is_refused_and_nothing_is_written(trained, tmp_path, capsys):
    source, small = tmp_path / "text", tmp_path / "text.seqz"
    source.write_bytes(TEXT[:300].encode())
    assert run("compress", "--model", trained[1], source) == 0
    source.unlink()
    whole = small.read_bytes()
    flipped = bytearray(whole)
    flipped[-5] ^= 1
    for blob in (whole[:-3], bytes(flipped), whole + b"x", b"", b"plain text", whole[:10]):
        small.write_bytes(blob)
        capsys.readouterr()
        assert run("decompress", "--model", trained[1], small) == 2
        assert capsys.readouterr().err.count("\n") == 1
        assert not source.exists()


def test_files_are_not_overwritten_by_accident(trained, tmp_path, capsys):
    source, small = tmp_path / "text", tmp_path / "text.seqz"
    source.write_bytes(b"the door")
    assert run("compress", "--model", trained[1], source) == 0
    source.write_bytes(b"newer")
    assert run("decompress", "--model", trained[1], small) == 2
    assert "exists" in capsys.readouterr().err
    assert source.read_bytes() == b"newer"
    assert run("decompress", "--model", trained[1], small, "--output", source) == 0
    assert source.read_bytes() == b"the door"


def test_mistakes_of_the_verbs_are_one_clear_line(trained, tmp_path, capsys):
    model, source = ["--model", trained[1]], tmp_path / "text"
    source.write_bytes(b"the door")
    for words, message in [
        (["compress", *model, tmp_path / "none"], "is not a file"),
        (["compress", source], "--model"),
        (["compress", "--model", tmp_path, source], "no exported model"),
        (["compress", *model, source, "--lanes", "0"], "lanes"),
        (["compress", *model, source, "--lanes", "-2"], "lanes"),
        (["compress", *model, source, "--output", tmp_path / "no" / "folder"], "no/folder"),
        (["compress", *model, source, "--output", source], "itself"),
        (["decompress", *model, source], "--output"),
        (["decompres", *model, source], "Did you mean"),
    ]:
        assert run(*words) in (1, 2)
        printed = capsys.readouterr()
        assert message in printed.err
        assert printed.err.count("\n") == 1
    assert source.read_bytes() == b"the door"


def bad_training(tmp_path, capsys, text, *flags):
    source = tmp_path / "bad.txt"
    source.write_bytes(text)
    code = run(
        "train", "--data.source=files", f"--data.train={source}", "--run_dir", tmp_path / "run",
        "--export_dir", tmp_path / "served", *SMALL, *flags,
    )  # fmt: skip
    assert code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("text", [b"", b"a", b"ab", b"too short " * 20])
def test_text_too_short_to_learn_from_is_told(text, tmp_path, capsys):
    assert "bad.txt" in bad_training(tmp_path, capsys, text)


def test_more_streams_than_the_text_has_are_told_with_the_remedy(tmp_path, capsys):
    error = bad_training(tmp_path, capsys, TEXT.encode(), "--training.max_batch_size=800")
    assert "--training.max_batch_size" in error


def test_a_binary_file_is_told_with_the_remedy(tmp_path, capsys):
    assert "--data.unit byte" in bad_training(tmp_path, capsys, bytes(range(128, 256)) * 20)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_one_character_to_be_scored_on_is_told_before_training(split, tmp_path, capsys):
    held_out = tmp_path / "held_out.txt"
    held_out.write_bytes(b"a")
    error = bad_training(tmp_path, capsys, TEXT.encode() * 2, f"--data.{split}={held_out}")
    assert "held_out.txt" in error
    assert not (tmp_path / "run" / "best.npz").exists()


def test_two_characters_shorter_than_every_window_are_scored(trained, tmp_path, capsys):
    held_out = tmp_path / "held_out.txt"
    held_out.write_bytes(b"th")
    code = run("evaluate", "--run_dir", trained[0], f"--data.test={held_out}", "--json")
    assert code == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert metrics["nats_per_character"] > 0
    assert metrics["nats_per_character_windowed"] == pytest.approx(
        metrics["nats_per_character"], rel=1e-4
    )


def test_a_text_of_unknown_characters_is_scored_as_unknown(trained, tmp_path, capsys):
    held_out = tmp_path / "held_out.txt"
    held_out.write_text("☃☃☃", encoding="utf-8")
    assert run("evaluate", "--run_dir", trained[0], f"--data.test={held_out}", "--json") == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["nats_per_character"] > 0


def test_another_unit_than_that_of_the_run_is_refused(trained, capsys):
    assert run("evaluate", "--run_dir", trained[0], "--data.unit=byte") == 2
    assert "--data.unit" in capsys.readouterr().err


def test_line_ends_are_characters_like_others(bytes_trained):
    symbols = json.loads(next(bytes_trained[1].rglob("symbols.json")).read_text())
    assert symbols["unit"] == "byte"
    assert {0, 10, 13} <= set(symbols["symbols"])
