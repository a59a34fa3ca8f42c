"""Each task on its sample, once for all conformance tests: encoded, built and exported."""

import pytest

from seqsuite.config import build_config
from seqsuite.serving import export
from seqsuite.tasks import find_task, task_names
from seqsuite.training import runs
from seqsuite.training.splits import load_splits
from tests.small import small

# So that requests beyond the limits are small, too.
LIMITS = {"max_length": 300, "max_request": 3000}
SMALL_LIMITS = {
    "char_lm": LIMITS | {"max_generated": 40},
    "forecasting": {"max_rows": 5},
    "handwriting": LIMITS | {"max_generated": 40},
    "music": LIMITS | {"max_generated": 40},
    "speech_recognition": {"max_seconds": 30, "max_request_seconds": 35},
}


@pytest.fixture(scope="package", params=task_names())
def prepared(request):
    """A task on its sample: (task, splits, preprocessor, encoded training examples)."""
    task_class = find_task(request.param)
    # Small enough for seconds; every task's sample must be learnable to this extent with it.
    settings = small(task_class, 240, epochs=3, batch_tokens=1024)
    settings["serving"] = SMALL_LIMITS.get(request.param, LIMITS)
    if request.param == "translation":
        # Untrained, it never comes to an end by itself.
        settings["decoding"] = {"max_length": 12}
    task = task_class(build_config(task_class.config_class, settings))
    runs.set_seeds(0)
    splits = load_splits(task)
    preprocessor = task.build_preprocessor(splits.train)
    return task, splits, preprocessor, preprocessor.encode(splits.train, training=True)


@pytest.fixture(scope="package")
def untrained(prepared):
    """A model as it is built; the tests that share it leave its weights as they are."""
    task, _, preprocessor, _ = prepared
    runs.set_seeds(0)
    return task.build_model(preprocessor)


@pytest.fixture(scope="package")
def exported(prepared, untrained, tmp_path_factory):
    """The folder of the exported model."""
    task, _, preprocessor, _ = prepared
    return export.export(task, preprocessor, untrained, tmp_path_factory.mktemp("exported"))
