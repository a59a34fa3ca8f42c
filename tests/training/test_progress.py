import io

from seqsuite.training import progress
from seqsuite.training.progress import ProgressLine


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_the_share_done_and_a_clear_line_at_the_end(monkeypatch):
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_DRAWS", 0.0)
    terminal = Terminal()
    line = ProgressLine("train 1/3", stream=terminal)
    line(1, 2, lambda: "loss 0.5000")
    assert "train 1/3 [============            ] 1/2  loss 0.5000" in terminal.getvalue()
    line(2, 2)
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_the_line_is_drawn_ten_times_a_second_at_most():
    terminal = Terminal()
    line = ProgressLine("compress", stream=terminal)
    for done in range(100):
        line(done, 1000)
    assert terminal.getvalue().count("\r") <= 2


def test_a_log_file_gets_no_progress_line():
    log = io.StringIO()
    ProgressLine("train 1/3", stream=log)(1, 2)
    assert log.getvalue() == ""
