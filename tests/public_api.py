"""The public names of seqsuite and their signatures, as text.

``python -m tests.public_api`` rewrites ``tests/public_api.txt``; do that when a change of the
public interface is meant, and say it in CHANGELOG.md.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

SNAPSHOT = Path(__file__).with_suffix(".txt")
PACKAGES = (
    "layers", "models", "losses", "metrics", "decoding", "text", "preprocessor",
    "schedules",
)  # fmt: skip
ROOT = Path(__file__).parent.parent / "seqsuite"


def describe() -> str:
    """Return one line per public name: where it is, what it is called with."""
    lines = [line for name in PACKAGES if _exists(name) for line in _module_lines(name)]
    return "\n".join(lines) + "\n"


def _exists(name: str) -> bool:
    return (ROOT / f"{name}.py").is_file() or (ROOT / name / "__init__.py").is_file()


def _module_lines(name: str) -> Iterator[str]:
    module = importlib.import_module(f"seqsuite.{name}")
    for public in sorted(_public_names(module)):
        value = getattr(module, public)
        place = f"{module.__name__}.{public}"
        if inspect.isclass(value):
            yield f"{place}{_constructor(value)}"
            for method in filter(inspect.isfunction, vars(value).values()):
                if not method.__name__.startswith("_") and not _is_keras_hook(value, method):
                    yield f"{place}.{method.__name__}{_signature(method)}"
        elif callable(value):
            yield f"{place}{_signature(value)}"
        else:
            yield f"{place} = {value!r}"


def _public_names(module) -> list[str]:
    """What ``__all__`` lists, else what the module itself defines without an underscore."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    names = []
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names.append(node.targets[0].id)
    return [name for name in names if not name.startswith("_") and name != "Tensor"]


def _constructor(value: type) -> str:
    """The signature of a class; what a Keras base class alone defines may change with Keras."""
    own = [base for base in value.__mro__ if base.__module__.startswith("seqsuite")]
    return _signature(value.__init__) if any("__init__" in vars(base) for base in own) else ""


def _is_keras_hook(value: type, method) -> bool:
    """Whether a method only fulfils a contract of Keras; ``call`` has arguments of its own."""
    others = [base for base in value.__mro__ if not base.__module__.startswith("seqsuite")]
    return method.__name__ != "call" and any(hasattr(base, method.__name__) for base in others)


def _signature(function) -> str:
    signature = inspect.signature(function)
    parameters = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    kept = [p for p in parameters if p.name != "self"]
    return str(inspect.Signature(kept))


if __name__ == "__main__":
    SNAPSHOT.write_text(describe(), encoding="utf-8")
    print(f"Wrote {SNAPSHOT}")
