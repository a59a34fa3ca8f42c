"""seqsuite: applied recurrent sequence tasks in Keras 3 and TensorFlow.

Importing this package imports neither TensorFlow nor Keras, so that command-line help and
configuration errors answer at once.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

__version__ = "0.1.0"


def lazy_attribute(package: str, homes: Mapping[str, str], name: str) -> Any:
    """Return a public name of a package whose modules are imported on first use.

    For the ``__getattr__`` of a package, so that importing one light module of it costs no more.

    Args:
        package: The package's ``__name__``.
        homes: Public name -> module of the package.
        name: The name that is looked up.

    Raises:
        AttributeError: The package has no such name.

    Example:
        >>> lazy_attribute("seqsuite.metrics", {"Metric": "metric"}, "Metric").__name__
        'Metric'
    """
    if name not in homes:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)
