"""Recorded experiments stay what they are when the defaults of conf/ change."""

from pathlib import Path

import pytest
import yaml
from hydra import compose

from mnist_sweep.config.compose import plain

FOLDER = Path(__file__).parents[1] / "experiments"
FILES = sorted(FOLDER.rglob("*.yaml"))


@pytest.mark.usefixtures("hydra_conf")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize("section", ["model", "optimizer", "train"])
def test_an_experiment_names_every_value_that_is_trained(file, section):
    own = yaml.safe_load(file.read_text())[section]
    composed = plain(compose("config", [f"experiment={file.relative_to(FOLDER).with_suffix('').as_posix()}"]))[section]
    # What is null where nothing is stored to begin with.
    composed = {key: value for key, value in composed.items() if value is not None or not key.startswith("initial_")}
    assert {"_target_": composed["_target_"], **own} == composed if "_target_" in composed else own == composed
