import io
import sys

from seqsuite.training.progress import ProgressLine, TensorBoardWriter


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_progress_line_counts_real_tokens(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    line = ProgressLine("train", 0, 3, batches=2)
    line.update(1, tokens=10, loss=0.5)
    line.update(2, tokens=30, loss=0.25)
    assert line.tokens == 40
    assert line.close() > 0
    assert "train 1/3" in terminal.getvalue()
    assert "2/2" in terminal.getvalue()
    assert "loss 0.2500" in terminal.getvalue()


def test_a_log_file_gets_no_progress_line(capsys):
    line = ProgressLine("train", 0, 3, batches=1)
    line.update(1, tokens=10, loss=0.5)
    line.close()
    assert capsys.readouterr().out == ""


def test_tensorboard_gets_the_numbers_of_an_epoch(tmp_path):
    TensorBoardWriter(tmp_path, "train", enabled=False).write({"loss": 1.0}, 1)
    assert not (tmp_path / "tensorboard").exists()
    TensorBoardWriter(tmp_path, "train", enabled=True).write({"loss": 1.0, "phase": "train"}, 1)
    (file,) = (tmp_path / "tensorboard" / "train").iterdir()
    assert b"loss" in file.read_bytes()
