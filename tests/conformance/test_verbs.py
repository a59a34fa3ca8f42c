"""Every task answers to all four verbs, on its own sample, and they read all options."""

import json

import pytest

from seqsuite.cli import predict as predict_verb
from seqsuite.cli.main import main
from seqsuite.cli.parsing import Parser
from seqsuite.config import fields_of, parse
from seqsuite.configuration.conditions import is_read
from seqsuite.data.discovery import reader
from seqsuite.task import TaskSpec
from seqsuite.tasks import find_task, task_names
from seqsuite.tasks.char_lm.data import sample as python_manual
from seqsuite.training import runs
from tests.conformance.c_api import read_warm_up
from tests.conformance.recorded_config import recording, recording_flags
from tests.small import as_flags, small

pytestmark = pytest.mark.usefixtures("loaded_once")

# What else makes a task small.
FURTHER = {"char_lm": ["--evaluation.windows=4", "--evaluation.window=16"]}


# Columns and units of files, which `predict` reads too, whatever the source of training was;
# how a split is cut, which the samples have (test_splits.py).
OF_FILES = {
    "forecasting": (
        "validation_length",
        "time_column",
        "id_column",
        "target_column",
        "decimal_comma",
        "thousands", "timezone",
    ),
    "handwriting": ("rescale", "tolerance", "max_points"),
    "music": ("steps_per_beat",),
    "pos_tagging": ("tag_column", "token_column", "label_column"),
}  # fmt: skip
OF_CUTS = ("data.validation_fraction",)
# Read after an epoch without progress (test_trainer.py).
READ_LATER = ("training.plateau_patience",)
# Read by exports alone, beside the section serving.
SERVED = ("decoding.num_alternatives",)


@pytest.fixture
def reads(monkeypatch):
    """The options that the verbs read, ``section.option``."""
    found = set()
    exported_config = predict_verb.exported_config

    def configured(spec, config):
        return spec.task_class(recording(config, found))

    monkeypatch.setattr(TaskSpec, "__call__", configured)
    monkeypatch.setattr(
        predict_verb, "exported_config", lambda *given: recording(exported_config(*given), found)
    )
    return found


@pytest.fixture
def flag_reads(monkeypatch):
    """The flags of `predict`, and those that are read: (names, read names)."""
    names, found, parse = set(), set(), Parser.parse_intermixed_args

    def parsed(self, words):
        options = parse(self, words)
        names.update(vars(options))
        return recording_flags(options, found)

    monkeypatch.setattr(Parser, "parse_intermixed_args", parsed)
    return names, found


def options_to_be_read(task, flags):
    """Return all options but those of other sources and those that a condition takes out."""
    config, _ = parse(task.config_class, flags)
    every = {f"{section}.{o}" for section, names in fields_of(type(config)).items() for o in names}
    of_files = {f"data.{option}" for option in OF_FILES.get(task.name, ())}
    return {name for name in every if is_read(config, name)} - of_files - {*OF_CUTS, *READ_LATER}


@pytest.fixture(autouse=True)
def _small_sample(monkeypatch):
    """Make the sample small where `data.limit` does not reach: held-out examples, running text.

    What is tested is that the verbs work, not what the model and the baseline learn.
    """

    def few(load):
        def load_few(split, options):
            found = load(split, options)
            if found is None or split == "train":
                return found
            return found.select(range(min(60, len(found))))

        return load_few

    for name in task_names():
        sample = reader("sample", find_task(name).package)
        monkeypatch.setattr(sample, "load", few(sample.load))
    monkeypatch.setattr(python_manual, "MAX_CHARACTERS", 30_000)


def given(item, path):
    """Return what `predict` is given: the item's text, or a file of its bytes."""
    if not isinstance(item, bytes):
        return str(item.tolist())
    if path.stem != "audio":
        return item.decode("utf-8")
    path.parent.mkdir()
    path.write_bytes(item)
    return str(path)


@pytest.mark.full(default=("sentiment",))
@pytest.mark.parametrize("name", task_names())
def test_train_evaluate_export_and_predict(name, tmp_path, capsys, monkeypatch, reads, flag_reads):
    task = find_task(name)
    run_dir, served = str(tmp_path / "run"), str(tmp_path / "served")
    flags = [
        "--run_dir",
        run_dir,
        "--export_dir",
        served,
        "--model.units=8",
        *as_flags(small(task, 150, epochs=1)),
        *FURTHER.get(name, []),
    ]
    exported = []
    with monkeypatch.context() as patch:
        # `train` calls what `export` calls, which takes seconds: it is done once.
        patch.setattr(
            runs, "export_run", lambda run, folder, serving: exported.append(folder) or folder
        )
        assert main(task, ["train", *flags]) == 0
    assert exported == [tmp_path / "served"]
    printed = capsys.readouterr().out
    assert "predict --model" in printed
    for wanted in ("config.toml", "metrics.json", "history.csv", "model_card.md", "model.keras"):
        assert (tmp_path / "run" / wanted).is_file()
    assert list((tmp_path / "run" / "plots").glob("*.png"))

    assert main(task, ["evaluate", "--run_dir", run_dir, "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    result, written = json.loads(line), json.loads((tmp_path / "run/metrics.json").read_text())
    assert result["metrics"] == pytest.approx(written["metrics"], abs=1e-6)
    assert result["baseline"]

    assert main(task, ["export", "--run_dir", run_dir, "--output", served]) == 0
    assert (tmp_path / "served" / "1" / "saved_model.pb").is_file()
    capsys.readouterr()

    requests = read_warm_up(str(tmp_path / "served" / "1"))
    (inputs,) = [inputs for signature, inputs in requests if signature == "serving_default"]
    items = [
        given(item, tmp_path / str(index) / f"{task.client_class.input_name}.wav")
        for index, item in enumerate(inputs[task.client_class.input_name])
    ]
    assert main(task, ["predict", "--model", served, "--json", "--", *items]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["input"] for row in rows] == items
    assert main(task, ["predict", "--model", served, "--", *items]) == 0
    assert capsys.readouterr().out.strip()

    assert options_to_be_read(task, flags[4:]) - reads == set()
    names, found = flag_reads
    assert names - found == {"model"}


# Settings under which options are read that are not by default, a run for each.
ADAMW = ["--training.optimizer=adamw", "--training.schedule=reduce_on_plateau"]
OTHER_SETTINGS = {
    "char_lm": [["--evaluation.adaptive=true", *ADAMW]],
    "forecasting": [
        ["--model.output=quantiles", "--model.scaling=revin", *ADAMW],
        ["--model.architecture=encoder_decoder", "--training.sampling_schedule=linear"],
        ["--model.architecture=autoregressive", "--model.num_paths=20"],
    ],
    "handwriting": [["--model.condition_on_label=true", *ADAMW]],
    "memory": [
        [
            "--data.source=associative_recall", "--data.length=8", "--data.num_examples=99",
            "--data.num_held_out=40", "--model.attention=additive", *ADAMW,
        ],
    ],
    "music": [ADAMW],
    "pos_tagging": [["--data.scheme=bioes", "--model.adversarial=adversarial", *ADAMW]],
    "sentiment": [
        [
            "--model.adversarial=adversarial", "--model.word_vectors=true",
            "--training.pretraining_epochs=1", *ADAMW,
        ],
    ],
    "speech_recognition": [
        ["--decoding.language_model=word", "--decoding.hot_words=one", *ADAMW],
    ],
    "translation": [["--training.sampling_schedule=linear", *ADAMW]],
}  # fmt: skip


@pytest.mark.full
@pytest.mark.parametrize(
    ("name", "settings"), [(name, one) for name, many in OTHER_SETTINGS.items() for one in many]
)
def test_other_settings_are_read_too(name, settings, tmp_path, reads):
    task = find_task(name)
    flags = ["--model.units=8", *as_flags(small(task, 150, epochs=1)), *FURTHER.get(name, [])]
    flags += settings
    runs.train(task(parse(task.config_class, flags)[0]), tmp_path / "run")
    wanted = {one for one in options_to_be_read(task, flags) if not one.startswith("serving.")}
    assert wanted - reads - {*SERVED} == set()


def test_every_task_has_other_settings():
    assert set(OTHER_SETTINGS) == set(task_names())
