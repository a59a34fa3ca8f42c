"""Documentation is true: names are described, examples run, links and commands work."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
import shlex
from pathlib import Path

import keras
import pytest

import seqsuite
from seqsuite import tasks
from seqsuite.cli import main, parsing, terminal

ROOT = Path(__file__).parent.parent
MODULES = ["seqsuite"] + [
    module.name
    for module in pkgutil.walk_packages(seqsuite.__path__, "seqsuite.")
    if not module.name.endswith("__main__")
]
PAGES = sorted(
    path
    for place in ("", "docs/", "tasks/**/", "saved_models/")
    for path in ROOT.glob(f"{place}*.md")
)
RECIPES = sorted(ROOT.glob("tasks/*/*.toml"))


def _public(module):
    """Public classes, functions and their public methods that a module itself defines."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", "") != module.__name__:
            continue
        if inspect.isclass(value) or inspect.isfunction(value):
            yield f"{module.__name__}.{name}", value
        if inspect.isclass(value):
            # What overrides a hook of Keras is described there, its arguments by the class.
            others = [b for b in value.__mro__ if not b.__module__.startswith("seqsuite")]
            for method, function in vars(value).items():
                hook = any(hasattr(base, method) for base in others)
                if inspect.isfunction(function) and not method.startswith("_") and not hook:
                    yield f"{module.__name__}.{name}.{method}", getattr(value, method)


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_described(name):
    module = importlib.import_module(name)
    missing = [place for place, value in _public(module) if not inspect.getdoc(value)]
    assert inspect.getdoc(module), f"{name} has no docstring"
    assert not missing, f"no docstring: {', '.join(missing)}"


@pytest.mark.parametrize("name", MODULES)
def test_described_arguments_are_the_arguments(name):
    for place, value in _public(importlib.import_module(name)):
        described = _described_arguments(value)
        if described is None:
            continue
        inherited: list[str] = []
        if inspect.isclass(value):
            # A subclass describes what it adds, and may take less than its base.
            for base in value.__mro__[1:]:
                if base.__module__.startswith("seqsuite"):
                    inherited += _described_arguments(base) or []
        taken = list(inspect.signature(value).parameters)
        wrong = [argument for argument in described if argument not in taken]
        missing = [p for p in taken if p not in (*described, *inherited, "self", "args", "kwargs")]
        assert not wrong, f"{place} describes {wrong}, which it does not take"
        assert not missing, f"{place} does not describe {missing}"


def _described_arguments(value) -> list[str] | None:
    """The names under "Args:" of a docstring of its own, or None where there is no such part."""
    match = re.search(
        r"^Args:\n(.*?)(?=^\S|\Z)", inspect.cleandoc(value.__doc__ or ""), re.M | re.S
    )
    return re.findall(r"^    \**(\w+):", match.group(1), re.M) if match else None


@pytest.mark.full
@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    keras.utils.set_random_seed(0)
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    result = doctest.testmod(module, optionflags=options, report=True)
    assert result.failed == 0, f"{result.failed} examples of {name} fail; see the output above"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_resolve(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    local = [t.split("#")[0] for t in targets if not re.match(r"[a-z]+:|#", t)]
    assert not [t for t in local if not (page.parent / t).exists()]


class Parsed(Exception):
    """Raised where a verb has read its flags and would start to work."""


def _check_command(line: str, monkeypatch) -> None:
    def stop(*args):
        raise Parsed

    monkeypatch.setattr(terminal, "quiet_tensorflow", stop)
    monkeypatch.setattr(parsing, "read_run_config", lambda *args, **keywords: None)
    monkeypatch.chdir(ROOT)
    words = shlex.split(line, comments=True)
    module = words.index("-m") + 1
    task = words[module].removeprefix("seqsuite.tasks.")
    assert task in tasks.task_names(), line
    try:
        code = main.main(tasks.find_task(task), words[module + 1 :])
    except Parsed:
        return
    pytest.fail(f"{line!r} ends with exit code {code}")


def _commands(text: str) -> list[str]:
    blocks = re.findall(r"```(?:\w*)\n(.*?)```", text, re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    found = [re.search(r"python3? -m seqsuite\.tasks\.\w.*", line) for line in lines]
    return [re.split(r"\s[|>]\s", match.group(0))[0] for match in found if match]


COMMANDS = [(page.name, line) for page in PAGES for line in _commands(page.read_text("utf-8"))]


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_commands_in_the_documentation_are_understood(page, line, monkeypatch):
    _check_command(line, monkeypatch)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: str(recipe.relative_to(ROOT)))
def test_recipes_begin_with_the_command_that_runs_them(recipe, monkeypatch):
    first = recipe.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# "), "the first line is a comment"
    command = first.removeprefix("# ")
    assert str(recipe.relative_to(ROOT)) in command
    assert f"seqsuite.tasks.{recipe.parent.name}" in command
    _check_command(command, monkeypatch)


@pytest.mark.full
@pytest.mark.parametrize("page", ["README.md", "docs/dynamics.md"])
def test_python_examples_run_and_print_what_the_page_says(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```(?:\n+```text\n(.*?)```)?", text, re.S)
    assert blocks
    for code, expected in blocks:
        capsys.readouterr()
        exec(compile(code, page, "exec"), {"__name__": "page"})
        if expected:
            assert _without_numbers(capsys.readouterr().out) == _without_numbers(expected)


def _without_numbers(text: str) -> str:
    """What other processors compute a little differently does not count."""
    return re.sub(r"\d+(\.\d+)?(e[+-]\d+)?", "#", text)
