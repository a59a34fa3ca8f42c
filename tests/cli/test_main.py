"""The four verbs as a person types them, on their own files, and what mistakes say."""

import csv
import gzip
import io
import json
import random
import subprocess
import sys
import time

import pytest

from seqsuite.cli.main import main
from seqsuite.tasks import find_task
from seqsuite.training import runs

pytestmark = pytest.mark.usefixtures("loaded_once")

SENTIMENT = find_task("sentiment")
WORDS = {
    "refund": ["money", "refund", "charged", "invoice"],
    "delivery": ["parcel", "late", "courier", "address"],
    "praise": ["thanks", "great", "lovely", "happy"],
}
SMALL = [
    "--model.units=8",
    "--model.embedding_size=8",
    "--training.batch_tokens=512",
    "--training.learning_rate=0.02",
]
# Where the model hardly matters.
TINY = [*SMALL, "--model.bidirectional=false", "--model.hidden_units=0"]


def run(*words):
    return main(SENTIMENT, [str(word) for word in words])


@pytest.fixture
def unexported(monkeypatch):
    """Let `train` export nothing, where what is exported is not looked at."""
    monkeypatch.setattr(runs, "export_run", lambda run, directory, serving: directory / "1")


def write_csv(path, rows, columns=("text", "label")):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def messages(count, seed):
    generator = random.Random(seed)
    filler = ["the", "my", "order", "was", "about", "please", "again", "today"]
    rows = []
    for _ in range(count):
        label = generator.choice(sorted(WORDS))
        words = generator.choices(filler, k=generator.randint(2, 9))
        words.insert(generator.randint(0, len(words)), generator.choice(WORDS[label]))
        rows.append((" ".join(words), label))
    return rows


@pytest.fixture(scope="module")
def three_labels(tmp_path_factory):
    """A model trained from a person's own csv with three labels."""
    base = tmp_path_factory.mktemp("own")
    write_csv(base / "train.csv", messages(400, 0))
    write_csv(base / "test.csv", messages(100, 1))
    code = run(
        "train", "--data.source=files", f"--data.train={base / 'train.csv'}",
        f"--data.test={base / 'test.csv'}", "--training.epochs=12", "--run_dir", base / "run",
        "--export_dir", base / "served", *SMALL,
    )  # fmt: skip
    assert code == 0
    return base


def test_train_leaves_everything_in_the_run_directory(three_labels):
    files = {p.relative_to(three_labels / "run").as_posix() for p in
             (three_labels / "run").rglob("*") if p.is_file()}  # fmt: skip
    assert files >= {
        "config.toml", "metrics.json", "history.csv", "model_card.md", "mistakes.jsonl",
        "best.npz", "last.npz", "preprocessor.json", "plots/learning_curves.png",
        "plots/confusion_matrix.png", "plots/reliability_diagram.png", "plots/length_accuracy.png",
    }  # fmt: skip
    result = json.loads((three_labels / "run" / "metrics.json").read_text())
    assert result["task"] == "sentiment"
    assert result["examples"] == 100
    assert result["metrics"]["accuracy"] > 0.8
    assert {"f1/delivery", "f1/praise", "f1/refund", "roc_auc"} <= set(result["metrics"])
    assert len(result["baseline"]) == 3


def test_evaluate_prints_one_json_object_with_the_numbers_of_training(three_labels, capsys):
    assert run("evaluate", "--run_dir", three_labels / "run", "--json") == 0
    (line,) = capsys.readouterr().out.splitlines()
    written = json.loads((three_labels / "run" / "metrics.json").read_text())
    result = json.loads(line)
    assert result["metrics"]["accuracy"] == written["metrics"]["accuracy"]
    assert set(result) == {"task", "metrics", "baseline", "examples"}


@pytest.mark.full
def test_evaluate_leaves_the_baselines_out(three_labels, capsys, monkeypatch):
    monkeypatch.setattr("seqsuite.tasks.sentiment.task.text_baselines", None)
    words = ("evaluate", "--run_dir", three_labels / "run", "--baselines", "false")
    assert run(*words) == 0
    assert "Baselines: not fitted (--baselines false)." in capsys.readouterr().out
    assert run(*words, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["baseline"], result["baseline_note"]) == ({}, "not fitted (--baselines false)")
    written = json.loads((three_labels / "run" / "metrics.json").read_text())
    assert result["metrics"] == pytest.approx(written["metrics"])


def test_evaluate_takes_another_test_file(three_labels, capsys):
    other = write_csv(three_labels / "other.csv", messages(30, 2))
    assert run("evaluate", "--run_dir", three_labels / "run", "--data.test", other, "--json") == 0
    assert json.loads(capsys.readouterr().out)["examples"] == 30


def test_export_writes_the_next_version(three_labels, capsys):
    served = three_labels / "served"
    assert run("export", "--run_dir", three_labels / "run", "--output", served) == 0
    assert (served / "2" / "saved_model.pb").is_file()
    assert "predict --model" in capsys.readouterr().out


def test_predict_answers_items_in_order(three_labels, capsys):
    items = ["my parcel is late", "thanks , great", "refund my money"]
    assert run("predict", "--model", three_labels / "served", "--json", *items) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["input"] for row in rows] == items
    assert [row["label"] for row in rows] == ["delivery", "praise", "refund"]
    for row in rows:
        assert row["labels"] == ["delivery", "praise", "refund"]
        assert sum(row["probabilities"]) == pytest.approx(1, abs=1e-5)
        assert row["probability"] == max(row["probabilities"])


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".jsonl"])
def test_predict_reads_files_and_writes_files(three_labels, suffix, tmp_path):
    texts = [text for text, _ in messages(150, 3)]
    source, target = tmp_path / f"in{suffix}", tmp_path / "out.jsonl"
    if suffix == ".csv":
        write_csv(source, [(text, "") for text in texts])
    elif suffix == ".jsonl":
        source.write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    else:
        source.write_text("\n".join(texts) + "\n")
    code = run("predict", "--model", three_labels / "served", "--input", source,
               "--output", target, "--json")  # fmt: skip
    assert code == 0
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert [row["input"] for row in rows] == texts


def test_predict_reads_a_pipe(three_labels, capsys, monkeypatch):
    class Pipe:
        buffer = io.BytesIO("thanks a lot\n\nça va 😀\n".encode())

    monkeypatch.setattr(sys, "stdin", Pipe)
    assert run("predict", "--model", three_labels / "served", "--input", "-") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("praise\t")


def test_explain_marks_the_word_that_decides(three_labels, capsys):
    item = "my order today refund again"
    assert run("predict", "--model", three_labels / "served", "--explain", item) == 0
    assert "[+refund]" in capsys.readouterr().out
    assert run("predict", "--model", three_labels / "served", "--explain", "--json", item) == 0
    explanation = dict(json.loads(capsys.readouterr().out)["explanation"])
    assert max(explanation, key=explanation.get) == "refund"


@pytest.mark.full
def test_several_labels_at_once(tmp_path, capsys):
    rows = []
    for (a, first), (b, second) in zip(messages(300, 4), messages(300, 5), strict=True):
        rows.append((f"{a} {b}", f"{first};{second}"))
    rows += [("the order was about today", "")] * 20
    train, test = write_csv(tmp_path / "a.csv", rows[20:]), write_csv(tmp_path / "b.csv", rows[:60])
    code = run(
        "train", "--data.source=files", f"--data.train={train}", f"--data.test={test}",
        "--data.label_separator=;", "--training.epochs=2", "--training.class_weights=balanced",
        "--run_dir", tmp_path / "run", "--export_dir", tmp_path / "served", *TINY,
    )  # fmt: skip
    assert code == 0
    capsys.readouterr()
    assert run("predict", "--model", tmp_path / "served", "--json", "refund of my parcel") == 0
    row = json.loads(capsys.readouterr().out)
    chosen = [name for name, p in zip(row["labels"], row["probabilities"], strict=True) if p >= 0.5]
    assert row["labels_chosen"] == chosen
    assert row["label"] == ";".join(chosen)


def mistake(capsys, *words):
    code = run(*words)
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert "Traceback" not in captured.err
    return code, captured.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], "Did you mean 'train'"),
        (["--data.source=imbd"], "Did you mean 'imdb'"),
        (["--data.source=files"], "--data.train"),
        (["--data.source=files", "--data.train=absent.csv"], "absent.csv does not exist"),
        (["--resume"], "--run_dir"),
        (["evaluate"], "--run_dir"),
        (["evaluate", "--run_dir=."], "not a run directory"),
        (["export", "--run_dir=."], "not a run directory"),
        (["predict", "hello"], "--model"),
        (["predict", "--model=.", "hello"], "no exported model"),
        (["predict", "--model=."], "Nothing to predict"),
        (["train", "--run_dir=.", "--resume"], "not a run directory"),
        (["--training.epochs=0"], "epochs must be at least 1"),
        (["--model.token_dropout=1.5"], "token_dropout must be between 0 and 0.99"),
        (["--data.validation_fraction=2"], "validation_fraction must be between"),
        (["--training.seed=-1"], "seed must be at least 0"),
        (["--export_dir=/dev/null/models"], "--export_dir"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, error = mistake(capsys, *words)
    assert code == 2
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.full
@pytest.mark.usefixtures("unexported")
def test_a_mistake_in_the_model_does_not_block_the_corrected_command(tmp_path, capsys):
    run_dir = tmp_path / "run"
    rest = ["--data.limit=60", "--training.epochs=1", "--run_dir", run_dir,
            "--export_dir", tmp_path / "served", *TINY]  # fmt: skip
    code, error = mistake(capsys, "--model.pooling=men", *rest)
    assert code == 2
    assert "men" in error
    assert run("--model.pooling=mean", *rest) == 0


@pytest.mark.full
@pytest.mark.usefixtures("unexported")
def test_one_file_is_enough_and_rare_labels_stay_in_training(tmp_path, capsys):
    rows = messages(120, 7) + [(f"something rare {i}", f"rare{i}") for i in range(6)]
    train = write_csv(tmp_path / "a.csv", rows)
    code = run("--data.source=files", f"--data.train={train}", "--data.validation_fraction=0.3",
               "--training.epochs=1", "--run_dir", tmp_path / "run",
               "--export_dir", tmp_path / "served", *TINY)  # fmt: skip
    assert code == 0
    assert "no test split" in capsys.readouterr().err
    result = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert {f"f1/rare{i}" for i in range(6)} <= set(result["metrics"])


@pytest.mark.full
@pytest.mark.usefixtures("unexported")
def test_words_that_all_occur_once_still_train(tmp_path):
    rows = [(f"only{i} here{i}", ["a", "b"][i % 2]) for i in range(40)]
    train = write_csv(tmp_path / "a.csv", rows)
    code = run(
        "--data.source=files", f"--data.train={train}", "--training.epochs=1",
        "--run_dir", tmp_path / "run", "--export_dir", tmp_path / "served", *TINY,
    )  # fmt: skip
    assert code == 0


def test_files_are_predicted_as_they_are_trained_on(three_labels, tmp_path):
    def predict(name, content):
        (tmp_path / name).write_bytes(content)
        code = run("predict", "--model", three_labels / "served", "--input", tmp_path / name,
                   "--output", tmp_path / "out", "--json")  # fmt: skip
        assert code == 0
        lines = (tmp_path / "out").read_text().splitlines()
        return [json.loads(line)["input"] for line in lines]

    assert predict("a.csv", "\ufefftext,x\ngood,1\n".encode()) == ["good"]
    assert predict("a.csv", b"text;x\ngood, really;1\n") == ["good, really"]
    assert predict("a.tsv", b'text\tx\n"open\t1\nb\t2\nc\t3\n') == ['"open', "b", "c"]
    assert predict("a.jsonl", b'{"text": null}\n{"text": "\\ud83d ok"}\n') == ["", "? ok"]
    assert predict("a.csv.gz", gzip.compress(b"text\ngood\n")) == ["good"]


def test_one_label_only_is_refused(tmp_path, capsys):
    train = write_csv(tmp_path / "a.csv", [(text, "same") for text, _ in messages(50, 0)])
    code, error = mistake(capsys, "--data.source=files", f"--data.train={train}",
                          f"--data.test={train}", "--run_dir", tmp_path / "run")  # fmt: skip
    assert code == 2
    assert "two labels" in error


def test_a_test_label_that_training_never_showed_is_named(three_labels, capsys):
    other = write_csv(three_labels / "unknown.csv", [("hello there", "greeting")])
    code, error = mistake(
        capsys, "evaluate", "--run_dir", three_labels / "run", "--data.test", other
    )
    assert code == 2
    assert "'greeting'" in error


def test_a_run_is_not_overwritten(three_labels, capsys):
    code, error = mistake(capsys, "train", "--run_dir", three_labels / "run")
    assert code == 2
    assert "already holds a run" in error


def test_resume_refuses_other_settings(three_labels, capsys):
    code, error = mistake(
        capsys, "train", "--run_dir", three_labels / "run", "--resume", "--model.units=9"
    )
    assert code == 2
    assert "--resume takes the configuration of the run" in error


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("sentiment", ["--help"]),
        ("sentiment", ["evaluate", "--help"]),
        ("sentiment", ["predict", "--help"]),
        ("forecasting", ["backtest", "--help"]),
    ],
)
def test_help_answers_without_importing_tensorflow(task, words):
    code = "import sys; from seqsuite.cli.main import main; from seqsuite.tasks import find_task\n"
    code += f"try: main(find_task({task!r}), sys.argv[1:])\n"
    code += "except SystemExit: pass\n"
    code += "assert not {'tensorflow', 'keras', 'sklearn', 'matplotlib'} & set(sys.modules)"
    started = time.monotonic()
    process = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    assert "--" in process.stdout
    # The promise is one second; the bound is wider because tests may share the machine.
    assert time.monotonic() - started < 5
