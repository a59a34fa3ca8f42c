import pytest

from seqsuite.config import build_config, parse, read_recipe, to_toml
from seqsuite.errors import UserError
from seqsuite.tasks import find_task
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


@pytest.mark.parametrize("words", [["--data.horizons", "4,2"], ["--data.horizons=[4, 2]"]])
def test_arrays_are_json_or_separated_by_commas(words):
    config, _ = parse(find_task("forecasting").config_class, words)
    assert config.data.horizons == (4, 2)
    assert config.data.scored_horizons == (2, 4)


def test_arrays_keep_names_that_look_like_numbers(tmp_path):
    config_class = find_task("forecasting").config_class
    config, _ = parse(config_class, ["--data.past_covariates=1, b,", "--data.horizons="])
    assert (config.data.past_covariates, config.data.horizons) == (("1", "b"), ())
    path = tmp_path / "config.toml"
    path.write_text(to_toml(config))
    assert parse(config_class, ["--config", str(path)])[0] == config


def test_a_recipe_of_an_earlier_version_is_refused_with_the_successors_of_its_keys(tmp_path):
    path = tmp_path / "old.toml"
    path.write_text(
        '[data]\nhorizons = "96,192"\nvalidation_fraction = 0.1\njoin_validation = false\n'
        '[training]\nepochs = 3\nclass_weights = "none"\nbatch_tokens = 8192\n'
    )
    with pytest.raises(UserError) as caught:
        parse(find_task("forecasting").config_class, ["--config", str(path)])
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        "data.horizons is an array: write horizons = [96, 192]",
        "data.validation_fraction is not an option of this task: use data.validation_length",
        "training.batch_tokens is not an option of this task: use training.max_batch_size",
        "delete data.join_validation, training.class_weights, which this task never read",
    ):
        assert part in message
    assert "epochs" not in message


def test_a_flag_of_an_earlier_version_is_refused_with_its_successor():
    with pytest.raises(UserError, match=r"use training\.steps"):
        parse(find_task("char_lm").config_class, ["--training.batch_tokens=9"])


def test_options_of_a_run_that_other_flags_take_out_are_left_out(tmp_path):
    recipe_of_run = recipe(
        tmp_path,
        '[data]\nsource = "files"\ntrain = "a.csv"\ntext_column = "body"\n'
        "[training]\nweight_decay = 0.5\n",
    )
    words = ["--config", recipe_of_run, "--data.source=imdb", "--data.dir=data"]
    config, _ = parse(SentimentConfig, words, inherited=True)
    assert (config.data.source, config.data.dir) == ("imdb", "data")
    assert (config.data.train, config.data.text_column) == (None, "text")
    assert config.training == build_config(SentimentConfig).training
    # A flag itself is refused as ever.
    with pytest.raises(UserError, match=r"data\.train is read with --data\.source files only"):
        parse(SentimentConfig, [*words, "--data.train=b.csv"], inherited=True)
    with pytest.raises(UserError, match="is read with"):
        parse(SentimentConfig, words)
