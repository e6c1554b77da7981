"""What Python composes is what the command line composes."""

from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

from mnist_sweep.api.compose import composed
from mnist_sweep.config import UserError


def test_overrides_are_told_apart_and_hydra_is_left_as_it_was() -> None:
    before = GlobalHydra.instance().is_initialized()
    found = composed("sweep", ["model=dnn", "model.dropout=interval(0.0,0.5)"], None, searches=True)
    assert (found.overrides, found.sweeps) == (["model=dnn"], {"model.dropout": "interval(0.0,0.5)"})
    assert found.choices["model"] == "dnn"
    assert found.line == "mnist-sweep sweep model=dnn 'model.dropout=interval(0.0,0.5)'"
    assert GlobalHydra.instance().is_initialized() == before
    assert found.composer.config({"model.dropout": "0.25"}).plain()["model"]["dropout"] == 0.25


def test_a_folder_of_ones_own_has_options_too(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text("_target_: mnist_sweep.models.dnn\nunits: [3]\ndropout: 0.0\n")
    found = composed("train", ["model=mine"], tmp_path, searches=False)
    assert found.config["model"]["units"] == [3]
    assert found.flags == ["--config-dir", str(tmp_path)]
    assert found.composer.config({"model": "dnn"}).title == "dnn-mnist"
    with pytest.raises(UserError, match="config_dir must be a folder"):
        composed("train", [], tmp_path / "nowhere", searches=False)


def test_a_stored_configuration_is_the_base(own_runs: Path) -> None:
    best = own_runs / "dnn-digits" / "best.yaml"
    found = composed("sweep", [str(best), "model.dropout=interval(0.0,0.5)"], None, searches=True)
    assert found.config["model"]["units"] == [16]
    assert found.sweeps == {"model.dropout": "interval(0.0,0.5)"}
    assert found.line == f"mnist-sweep sweep {best} 'model.dropout=interval(0.0,0.5)'"
    assert found.flags == [str(best)]
    assert found.config["sampler"]["_target_"] == "mnist_sweep.search.TPESampler"
    assert found.composer.config({"model.dropout": "0.25"}).plain()["model"]["units"] == [16]
    single = composed("train", [str(best), "train.epochs=1"], None, searches=False)
    assert (single.config["train"]["epochs"], single.config["model"]["units"]) == (1, [16])
    with pytest.raises(UserError, match=r"nowhere\.yaml is not there; give a configuration file"):
        composed("train", ["nowhere.yaml"], None, searches=False)
