"""A task of another distribution: strings of digits, reversed."""

from typing import Any

from reverse_digits.config import ReverseDigitsConfig

__all__ = ["TASK", "ReverseDigitsConfig"]


def __getattr__(name: str) -> Any:
    if name != "TASK":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from reverse_digits.task import TASK

    return TASK
