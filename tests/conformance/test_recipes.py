"""Every recipe parses, names its command first, and builds its model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seqsuite.config import build_config, parse
from seqsuite.data.discovery import sources
from seqsuite.data.examples import Examples
from seqsuite.tasks import find_task, task_names
from seqsuite.training import splits
from tests.small import small

RECIPES = sorted((Path(__file__).parents[2] / "tasks").glob("*/*.toml"))


def test_every_task_has_a_recipe_for_its_sample_and_a_readme():
    for name in task_names():
        folder = Path(__file__).parents[2] / "tasks" / name
        assert (folder / "sample.toml").is_file()
        assert (folder / "README.md").is_file()


def test_every_folder_of_recipes_is_a_task():
    assert {path.parent.name for path in RECIPES} <= set(task_names())


def with_covariates(examples, settings):
    """Give series the columns that a recipe reads; other examples are as they are."""
    roles = getattr(settings, "covariates", {})
    names = roles.get("past", []) + roles.get("future", [])
    if not names:
        return examples
    series = examples.features["series"]
    columns = [{name: np.arange(one.num_rows, dtype=float) for name in names} for one in series]
    paired = zip(series, columns, strict=True)
    return Examples({"series": [replace(one, covariates=columns) for one, columns in paired]})


def with_features(examples, settings):
    """Give utterances the ready features that a recipe reads; other examples are as they are."""
    if getattr(settings, "input", "") != "features":
        return examples
    frames = [np.zeros((9, 13), np.float32)] * len(examples)
    return Examples({"features": frames}, examples.labels, examples.groups)


@pytest.mark.full(default=("sample",))
@pytest.mark.parametrize("path", RECIPES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_recipe_parses_and_builds(path):
    task_class = find_task(path.parent.name)
    config, _ = parse(task_class.config_class, ["--config", str(path)])
    assert config.data.source.split(":")[0] in sources(task_class.package)
    command = path.read_text(encoding="utf-8").splitlines()[0]
    assert command.startswith("#")
    assert command.endswith(f"python -m seqsuite.tasks.{task_class.name} --config "
                            f"tasks/{path.parent.name}/{path.name}")  # fmt: skip
    # The data may not be here; the model is built on the sample, in the recipe's shape.
    settings = small(task_class, 60)["data"] | {
        name: value for name, value in vars(config.data).items() if name == "scheme"
    }
    sample = task_class(build_config(task_class.config_class, {"data": settings}))
    task = task_class(config)
    train = with_covariates(splits.load_splits(sample).train, config.data)
    train = with_features(train, config.data)
    preprocessor = task.build_preprocessor(train)
    model = task.build_model(preprocessor)
    assert task.phases(preprocessor, model, None)[-1].model is model
    assert model.count_params() > 0
