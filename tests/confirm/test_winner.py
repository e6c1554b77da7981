"""Overrides as an option of the group `experiment`."""

import pytest
import yaml
from hydra import compose
from hydra.core.global_hydra import GlobalHydra

from mnist_sweep.config.compose import Composer, plain
from mnist_sweep.confirm.winner import experiment


@pytest.mark.usefixtures("hydra_conf")
@pytest.mark.parametrize(
    "overrides",
    [
        ["model.filters_1=8", "optimizer.learning_rate=0.0012345678901234567", "train.batch_size=64"],
        ["data=digits", "model=dnn", "model.units=[32,16]", "optimizer=sgd", "optimizer.momentum=0.5"],
        ["experiment=seed_dnn", "optimizer=adamw", "train.early_stopping_patience=null", "study.seed=4294967295"],
        ["+optimizer.clipnorm=1.0", "model.padding_1='valid'"],
        ["experiment=cnn_sweep", "model=dnn"],
    ],
)
def test_it_composes_the_same_configuration(overrides: list[str], tmp_path, monkeypatch) -> None:
    composer = Composer(GlobalHydra.instance().config_loader(), "config", [], [])
    content = experiment([*overrides, "runtime.allowed_targets=[mine]"], composer)
    assert "runtime" not in content
    (tmp_path / "experiment").mkdir()
    text = "# @package _global_\n" + yaml.safe_dump(content, sort_keys=False)
    (tmp_path / "experiment/mine.yaml").write_text(text)
    where = f"hydra.searchpath=[file://{tmp_path}]"
    ours = plain(compose("config", ["experiment=mine", where]))
    wanted = plain(compose("config", overrides))
    for section in ("data", "model", "optimizer", "train", "study"):
        assert ours[section] == wanted[section]
