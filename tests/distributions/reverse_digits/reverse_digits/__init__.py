"""A task of another distribution: strings of digits, reversed."""

from reverse_digits.config import ReverseDigitsConfig
from seqsuite.task import TaskSpec

__all__ = ["TASK", "ReverseDigitsConfig"]

TASK = TaskSpec(
    package=__name__,
    summary="strings of digits, reversed",
    config_class=ReverseDigitsConfig,
    task="task:ReverseDigits",
    client="client:ReverseDigitsClient",
)
