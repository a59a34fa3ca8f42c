"""Handling of Ctrl-C and SIGTERM during training."""

from __future__ import annotations

import signal


class StopSignals:
    """Record Ctrl-C and SIGTERM inside the block instead of raising; the second one raises.

    Example:
        >>> with StopSignals() as stop:
        ...     signal.raise_signal(signal.SIGINT)
        ...     stop.requested
        True
    """

    def __init__(self):
        self.requested = False
        self._previous: dict = {}

    def __enter__(self) -> StopSignals:
        self.requested = False

        def request_stop(number, frame):
            self.requested = True
            signal.signal(number, signal.default_int_handler)

        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                self._previous[number] = signal.signal(number, request_stop)
            except ValueError:  # not in the main thread: the host program handles signals
                break
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
