"""Overrides as an option of the group `experiment`."""

import pytest
import yaml
from hydra import compose
from hydra.core.global_hydra import GlobalHydra

from mnist_sweep.config import parse_trial
from mnist_sweep.config.compose import Composer, plain
from mnist_sweep.confirm.winner import experiment, register_winner
from mnist_sweep.files import write_json
from mnist_sweep.storage.folders import StudyFolder, TrialFolder


@pytest.mark.usefixtures("hydra_conf")
@pytest.mark.parametrize(
    "overrides",
    [
        ["model.filters_1=8", "optimizer.learning_rate=0.0012345678901234567", "train.batch_size=64"],
        ["data=digits", "model=dnn", "model.units=[32,16]", "optimizer=sgd", "optimizer.momentum=0.5"],
        ["experiment=seed_dnn", "optimizer=adamw", "train.early_stopping_patience=null", "study.seed=4294967295"],
        ["model._target_=mine.network", "+model.width=3", "train.loss='categorical_crossentropy'"],
    ],
)
def test_it_composes_the_same_configuration(overrides: list[str], tmp_path, monkeypatch) -> None:
    composer = Composer(GlobalHydra.instance().config_loader(), "config", [], [])
    wanted = plain(compose("config", overrides))
    content = experiment([*overrides, "runtime.allowed_targets=[mine]"], parse_trial(wanted, ["mine"]), composer)
    assert "runtime" not in content
    (tmp_path / "experiment").mkdir()
    text = "# @package _global_\n" + yaml.safe_dump(content, sort_keys=False)
    (tmp_path / "experiment/mine.yaml").write_text(text)
    where = f"hydra.searchpath=[file://{tmp_path}]"
    ours = plain(compose("config", ["experiment=mine", where]))
    for section in ("data", "model", "optimizer", "train", "study"):
        assert ours[section] == wanted[section]


@pytest.mark.usefixtures("hydra_conf")
def test_it_names_every_value_that_is_trained() -> None:
    composer = Composer(GlobalHydra.instance().config_loader(), "config", [], [])
    whole = plain(compose("config", ["model=dnn", "train.batch_size=32"]))
    content = experiment(["model=dnn", "train.batch_size=32"], parse_trial(whole), composer)
    # What is null where nothing is stored to begin with.
    assert content["train"] == {key: value for key, value in whole["train"].items() if not key.startswith("initial_")}
    assert content["optimizer"] == {key: value for key, value in whole["optimizer"].items() if key != "_target_"}


def test_a_winner_that_mlflow_does_not_have_is_not_registered(tmp_path) -> None:
    folder = TrialFolder(tmp_path / "0001-0")
    folder.path.mkdir()
    said: list[str] = []
    for written in (None, {}):  # trained with tracking=none; or of a study that was copied
        if written is not None:
            write_json(folder.tracking, written)
        register_winner(StudyFolder(tmp_path), None, folder, None, tmp_path, said.append)  # type: ignore[arg-type]
    assert len(said) == 2
    assert all("`mnist-sweep sync " in line for line in said)
