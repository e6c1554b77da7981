"""A study that was begun when the defaults were others."""

from pathlib import Path

import pytest
import yaml

from mnist_sweep.cli.main import run
from mnist_sweep.storage.folders import StudyFolder

pytestmark = pytest.mark.usefixtures("no_report")

DRY = ["data=digits", "model=dnn", "model.units=[8]", "tracking=none", "task=dry", "runtime.workers=1"]
OTHERS = {"train": {"epochs": 4, "learning_rate_schedule": "cosine"}, "optimizer": {"learning_rate": 0.005}}


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    """Begun with other defaults, and before there was label smoothing."""
    assert run(["sweep", f"runs_folder={tmp_path}", *DRY, "search.n_trials=2"]) == 0
    folder = StudyFolder(tmp_path / "dnn-digits")
    content = yaml.safe_load(folder.config.read_text())
    for section, values in OTHERS.items():
        content[section] |= values
    del content["train"]["label_smoothing"]
    content["search"]["space"] = {"model.dropout": "interval(0.1,0.2)"}
    folder.config.write_text(yaml.safe_dump(content))
    return folder


def go_on(study: StudyFolder, *more: str) -> int:
    return run(["sweep", f"runs_folder={study.path.parent}", *DRY, "search.n_trials=4", *more])


def test_it_goes_on_with_those_it_began_with(study, capsys) -> None:
    assert go_on(study) == 0
    said = capsys.readouterr().out
    assert "was begun with other defaults and goes on with its own: " in said
    for text in ("train.epochs=4", "train.learning_rate_schedule=cosine", "optimizer.learning_rate=0.005",
                 "train.label_smoothing=0.0", "search.space"):  # fmt: skip
        assert text in said
    for number in (2, 3):
        config = yaml.safe_load(study.trial(number).config.read_text())
        assert config["train"]["epochs"] == 4
        assert config["train"]["label_smoothing"] == 0
        assert config["optimizer"]["learning_rate"] == 0.005
        assert 0.1 <= config["model"]["dropout"] <= 0.2
        overrides = yaml.safe_load(study.trial(number).overrides.read_text())
        assert {"train.epochs=4", "train.label_smoothing=0.0"} <= set(overrides)


def test_what_may_change_may(study) -> None:
    assert go_on(study, "study.keep_models=1", "search.timeout=1000") == 0


@pytest.mark.parametrize(
    "more", ["optimizer.beta_1=0.6", "model.dropout=interval(0,0.9)", "study.seed=3", "optimizer=sgd"]
)
def test_another_command_is_another_study(study, capsys, more) -> None:
    before = study.journal.read_bytes()
    assert go_on(study, more) == 2
    assert "was begun with another configuration" in capsys.readouterr().err
    assert study.journal.read_bytes() == before


def test_a_study_whose_command_is_lost_is_refused(study, capsys) -> None:
    study.record.unlink()
    assert go_on(study) == 2
    assert "was begun with another configuration" in capsys.readouterr().err
