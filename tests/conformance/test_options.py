"""Every option of every task is read, or refused in one line while nothing would read it."""

import contextlib
import dataclasses
import itertools
import typing

import pytest

from seqsuite.config import build_config, fields_of
from seqsuite.configuration.conditions import check_conditions, conditions_of, without_unread
from seqsuite.configuration.options import sections_of
from seqsuite.errors import UserError
from seqsuite.tasks import find_task, task_names

TASKS = {name: find_task(name).config_class for name in task_names()}
CONDITIONAL = [
    (task, f"{section}.{option}")
    for task, config_class in TASKS.items()
    for section, section_class in sections_of(config_class).items()
    for option in conditions_of(section_class)
]
TEXTS = [
    "files", "sample", "imdb", "tfds:x", "fsdd", "associative_recall", "word", "a.arpa", "utf-8",
    "",
]  # fmt: skip
CANDIDATES = {bool: [True, False], int: [0, 1, 2, 3, 30], float: [0.0, 0.25, 0.75], str: TEXTS}


def candidates(config_class, name):
    """Return values that an option may have."""
    section, option = name.split(".")
    hint = typing.get_type_hints(sections_of(config_class)[section])[option]
    parts = typing.get_args(hint) if type(None) in typing.get_args(hint) else (hint,)
    found = []
    for part in parts:
        if typing.get_origin(part) is typing.Literal:
            found += typing.get_args(part)
        elif typing.get_origin(part) is tuple:
            found += [(), *((value,) for value in CANDIDATES[typing.get_args(part)[0]])]
        else:
            found += CANDIDATES.get(part, [None])
    return found


def changed(config, values):
    """Return a configuration with other values; None where it refuses them."""
    with contextlib.suppress(UserError):
        for name, value in values.items():
            section, option = name.split(".")
            part = dataclasses.replace(getattr(config, section), **{option: value})
            config = dataclasses.replace(config, **{section: part})
        return config
    return None


def value_of(config, name):
    section, option = name.split(".")
    return getattr(getattr(config, section), option)


def needed(config_class, name):
    """Return the options that the condition of an option names, and those that these need."""
    section, option = name.split(".")
    condition = conditions_of(sections_of(config_class)[section]).get(option)
    options = condition.options if condition else ()
    direct = [other if "." in other else f"{section}.{other}" for other in options]
    return dict.fromkeys([*itertools.chain(*(needed(config_class, o) for o in direct)), *direct])


def settings(config_class, name):
    """Yield configurations that differ in an option, and in those that it needs."""
    default = config_class()
    names = [*needed(config_class, name), name]
    for values in itertools.product(*(candidates(config_class, one) for one in names)):
        if values[-1] == value_of(default, name):
            continue
        config = changed(default, dict(zip(names, values, strict=True)))
        if config is not None:
            yield config


@pytest.mark.parametrize(("task", "name"), CONDITIONAL)
def test_a_conditional_option_is_taken_where_it_is_read_and_refused_elsewhere(task, name):
    taken, refused = False, []
    for config in settings(TASKS[task], name):
        try:
            check_conditions(config)
            taken = True
        except UserError as error:
            if str(error).startswith(f"{name} is read "):
                refused.append((str(error), config))
        if taken and refused:
            break
    assert taken
    assert refused
    message, config = refused[0]
    assert "\n" not in message
    # A run of an earlier version, or a run under other flags, is read without it.
    mended = without_unread(config)
    check_conditions(mended)
    assert value_of(mended, name) == value_of(TASKS[task](), name)


@pytest.mark.parametrize("task", task_names())
def test_a_condition_names_options_that_exist(task):
    known = fields_of(TASKS[task])
    for section, section_class in sections_of(TASKS[task]).items():
        for option, condition in conditions_of(section_class).items():
            assert option in known[section]
            for other in condition.options:
                where, _, key = other.rpartition(".")
                assert key in known[where or section]


def test_an_option_that_would_be_ignored_is_one_line_of_the_command_line():
    with pytest.raises(UserError) as caught:
        build_config(TASKS["sentiment"], {"training": {"plateau_patience": 5}})
    assert str(caught.value) == (
        "training.plateau_patience is read with --training.schedule reduce_on_plateau only. "
        "Found training.schedule 'cosine': change that, or leave it at 2."
    )
