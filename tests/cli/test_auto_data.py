"""`data=auto` takes what is available, and says so."""

from pathlib import Path

import numpy as np
import pytest

from mnist_sweep.cli.auto_data import resolve
from mnist_sweep.cli.main import conf_folder, run
from mnist_sweep.config import UserError
from mnist_sweep.tasks.image_classifier.data import download


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def unreachable(*_arguments: object) -> None:
        raise OSError("unreachable")

    monkeypatch.setattr(download, "_open", unreachable)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("MNIST_SWEEP_DATA", raising=False)
    return tmp_path


def test_other_data_sets_stay_as_they_are() -> None:
    assert resolve(["data=digits", "model=dnn"], conf_folder()) == ["data=digits", "model=dnn"]


def test_without_mnist_it_is_the_digits(offline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert resolve(["model=dnn", "data=auto"], conf_folder()) == ["model=dnn", "data=digits"]
    out = capsys.readouterr().out
    assert out.splitlines()[-1].startswith("data=auto: MNIST is unavailable, so this uses scikit-learn's digits")
    assert "Put it there" not in out


def test_help_fetches_nothing(offline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert resolve(["data=auto"], conf_folder(), look=False) == ["data=mnist"]
    assert capsys.readouterr().out == ""


def test_a_sweep_of_it_is_a_study_of_its_own(offline: Path) -> None:
    command = ["sweep", "data=auto", "model=dnn", "task=dry", "tracking=none", "search.n_trials=1"]
    assert run([*command, f"runs_folder={offline}"]) == 0
    assert (offline / "dnn-digits/summary.json").is_file()


def test_a_file_that_is_not_mnist_is_refused_rather_than_passed_over(offline: Path) -> None:
    np.savez(offline / "mnist.npz", x_train=np.zeros((2, 28, 28), np.uint8), y_train=np.zeros(2, np.uint8))
    with pytest.raises(UserError):
        resolve(["data=auto", f"data.path={offline / 'mnist.npz'}"], conf_folder())


def test_keys_that_a_configuration_does_not_have_yet_count(offline: Path) -> None:
    assert (
        resolve(["data=auto", "data.validation=kfold", "data.folds=5", "data.fold=1"], conf_folder())[0]
        == "data=digits"
    )
