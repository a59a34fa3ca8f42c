import pytest

from seqsuite.config import build_config, parse, read_recipe, to_toml
from seqsuite.errors import UserError
from seqsuite.tasks.sentiment.config import SentimentConfig

FILES = {"source": "files", "label_separator": ";"}


def recipe(tmp_path, text):
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_flag_wins_over_the_recipe_and_the_recipe_over_the_defaults(tmp_path):
    path = recipe(tmp_path, "[training]\nepochs = 3\nlearning_rate = 2e-3\n")
    config, _ = parse(SentimentConfig, ["--config", path, "--training.epochs", "5"])
    defaults = build_config(SentimentConfig)
    assert config.training.epochs == 5
    assert config.training.learning_rate == 2e-3
    assert config.model == defaults.model


def test_a_config_survives_being_written_and_read():
    config = build_config(
        SentimentConfig,
        {"data": {**FILES, "train": 'a "quoted" \\ path\tü'}, "model": {"units": 7}},
    )
    text = to_toml(config)
    assert '"a \\"quoted\\"' in text


def test_the_written_config_gives_the_same_config(tmp_path):
    values = {"data": {**FILES, "train": "a \\ b\tü.csv"}, "model": {"units": 7}}
    config = build_config(SentimentConfig, values)
    path = recipe(tmp_path, to_toml(config))
    assert parse(SentimentConfig, ["--config", path])[0] == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[training]\nepocs = 3\n", "training.epocs.*Did you mean 'epochs'"),
        ("[trainig]\nepochs = 3\n", r"\[trainig\].*Did you mean 'training'"),
        ("[model]\nepochs = 3\n", "Did you mean 'training.epochs'"),
        ("[training\n", "not valid TOML"),
        ("training = 3\n", "must be a section"),
    ],
)
def test_a_bad_recipe_is_one_clear_line(tmp_path, text, message):
    with pytest.raises(UserError, match=message) as error:
        read_recipe(recipe(tmp_path, text), SentimentConfig)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--training.epocs", "3"], "--training.epocs.*Did you mean '--training.epochs'"),
        (["--training.optimizer", "adm"], "Did you mean 'adam'"),
        (["--training.epochs", "three"], "training.epochs"),
        (["--data.limit", "1.5"], "data.limit"),
        (["--config", "absent.toml"], "absent.toml does not exist"),
        (["stray"], "stray"),
    ],
)
def test_a_bad_flag_is_one_clear_line(flags, message):
    with pytest.raises(UserError, match=message) as error:
        parse(SentimentConfig, flags)
    assert "\n" not in str(error.value)
