from seqsuite.training.tensorboard import EpochScalarsCallback


def test_tensorboard_gets_the_numbers_of_an_epoch(tmp_path):
    EpochScalarsCallback(tmp_path / "train").on_epoch_end(0, {"loss": 1.0, "note": "text"})
    (file,) = (tmp_path / "train").iterdir()
    assert b"loss" in file.read_bytes()
