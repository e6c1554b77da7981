"""What Python composes is what the command line composes."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir, version
from hydra.core.global_hydra import GlobalHydra

from mnist_sweep.api.compose import composed, hydra_set_aside
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


def test_a_callers_own_hydra_goes_on(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("mine: 1\n")
    with initialize_config_dir(str(tmp_path), version_base="1.2"):
        outer, base = GlobalHydra.instance().hydra, version.getbase()
        with hydra_set_aside():
            assert not GlobalHydra.instance().is_initialized()
            assert composed("train", ["model=dnn"], None, searches=False).config["model"]["units"] == [1000]
        assert (GlobalHydra.instance().hydra, version.getbase()) == (outer, base)
        assert compose("config").mine == 1


@pytest.mark.parametrize("name", ["my conf", "größe", "a%20b"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name / "model").mkdir(parents=True)
    (tmp_path / name / "model/mine.yaml").write_text("_target_: mnist_sweep.models.dnn\nunits: [3]\ndropout: 0.0\n")
    assert composed("train", ["model=mine"], tmp_path / name, searches=False).config["model"]["units"] == [3]


def test_what_would_have_no_effect_is_refused_as_on_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^hydra.run.dir can't be set, it would have no effect"):
        composed("sweep", ["hydra.run.dir=x"], None, searches=True)
    (tmp_path / "model").mkdir()
    (tmp_path / "model/cnn.yaml").write_text("_target_: mnist_sweep.models.dnn\nunits: [3]\ndropout: 0.0\n")
    with pytest.raises(UserError, match=r"model/cnn.yaml would not be used: a shipped option has its name"):
        composed("sweep", ["model=cnn"], tmp_path, searches=True)


def test_parameters_for_hydras_sweepers_count(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    file = tmp_path / "experiment/mine.yaml"
    file.write_text("# @package _global_\nhydra: {sweeper: {params: {model.dropout: 'interval(0.0,0.2)'}}}\n")
    found = composed("sweep", ["experiment=mine"], tmp_path, searches=True)
    assert found.sweeps == {"model.dropout": "interval(0.0,0.2)"}
    assert composed("sweep", ["experiment=mine", "model.dropout=0.1"], tmp_path, searches=True).sweeps == {}
    file.write_text("# @package _global_\nhydra: {callbacks: {note: {_target_: noting.Note}}}\n")
    with pytest.raises(UserError, match=r"^hydra.callbacks.note can't be set in a configuration file"):
        composed("sweep", ["experiment=mine"], tmp_path, searches=True)


def test_a_group_without_an_option_is_none_of_the_choices() -> None:
    assert "experiment" not in composed("train", ["model=dnn"], None, searches=False).choices
