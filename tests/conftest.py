"""Settings that must be in place before TensorFlow is imported, and shared fixtures."""

from __future__ import annotations

import collections
import contextlib
import ctypes
import functools
import gc
import os
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# A GPU that happens to be there must not change what the tests see.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
# Workers, which inherit this, give back memory that many arenas would keep.
os.environ.setdefault("MALLOC_ARENA_MAX", "2")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Let cases of ``@pytest.mark.full(default=...)`` stay in the default level.

    ``default`` is a number of cases, the first ones, or a tuple of parts of their names.
    """
    seen = collections.Counter()
    for item in items:
        mark = item.get_closest_marker("full")
        default = mark.kwargs.get("default", 0) if mark else 0
        name = item.nodeid.partition("[")[0]
        seen[name] += 1
        stays = (
            seen[name] <= default
            if isinstance(default, int)
            else any(part in item.name for part in default)
        )
        if stays:
            item.own_markers = [own for own in item.own_markers if own.name != "full"]


def pytest_collection_finish():
    """Leave out of later garbage collections what is imported by now, half a million objects."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _memory():
    """Give the memory of a module's models back before the next."""
    yield
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of upstream data sets; tests that need it are skipped without it."""
    folder = os.environ.get("SEQSUITE_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("SEQSUITE_DATA does not name a folder of upstream data sets")
    return Path(folder)


@pytest.fixture(scope="module")
def loaded_once():
    """Let the verbs load each exported model once in a module: it is most of what they take.

    What is loaded has no state, and no test writes into an exported version.
    """
    from seqsuite.serving import exported_model

    load = functools.cache(exported_model._loaded)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exported_model, "_loaded", lambda version: load(version.absolute()))
        yield


@pytest.fixture(scope="session")
def translation_run(tmp_path_factory):
    """A translator's run and exported model: (their folder, the flags of runs on its files)."""
    from tests.tasks.translation.runs import train_and_export

    base = tmp_path_factory.mktemp("translation")
    return base, train_and_export(base)


@pytest.fixture(scope="session")
def c_api():
    """A server of exported models that has TensorFlow's shared libraries alone."""
    from tests.conformance.c_api import CApiServer

    with CApiServer.start() as process:
        yield CApiServer(process)
