"""The command that fetches a data set and says what it is."""

import pytest

from mnist_sweep.cli.main import run


def test_what_is_there_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "data=digits"]) == 0
    said = capsys.readouterr().out
    assert "digits: 1,077 images to train, 360 to validate, 28x28x1, 10 classes, SHA-256 " in said


def test_one_data_set_is_fetched_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "data=digits", "data.validation_fraction=interval(0.1,0.3)"]) == 2
    assert "must be one value" in capsys.readouterr().err
