"""Combinations that no network can be built from: told beforehand, and not drawn."""

import json
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.storage.folders import StudyFolder

DRY = ["data=digits", "model=cnn", "search=default", "train.epochs=1", "tracking=none", "task=dry",
       "search.n_trials=9", "model.padding_1=valid", "model.padding_2=valid", "sampler=grid",
       "model.pool_size_2=1", "model.kernel_size_2=1"]  # fmt: skip
KEYS = ("model.kernel_size_1", "model.kernel_size_2")
SPACE = ["search.space.model.kernel_size_1=choice(3,20,26)", "search.space.model.kernel_size_2=choice(1,3,4)"]


def test_they_are_counted_in_the_plan(tmp_path, capsys) -> None:
    """Behind a kernel of 20 nine pixels are left, pooled 4; behind one of 26 three, pooled 1: none of 3 or 4 fits."""
    assert run(["plan", *DRY, *SPACE, f"runs_folder={tmp_path}"]) == 0
    assert (
        "2 of 9 combinations of model.kernel_size_1, model.kernel_size_2 can't be built, and are not drawn; "
        "the first: model."
    ) in capsys.readouterr().out


@pytest.mark.parametrize("sampler", ["grid", "random", "tpe"])
def test_a_search_does_not_draw_them(tmp_path: Path, sampler: str) -> None:
    assert run(["sweep", *DRY, *SPACE, f"sampler={sampler}", f"runs_folder={tmp_path}"]) == 0
    states = [json.loads(trial.state.read_text()) for trial in StudyFolder(tmp_path / "cnn-digits").trials()]
    assert {state["state"] for state in states} == {"COMPLETE"}
    sizes = {tuple(state["overrides"].get(key) for key in KEYS) for state in states[1:]}
    assert len(sizes) == len(states) - 1 >= 6
    assert sizes <= {("3", "1"), ("3", "3"), ("3", "4"), ("20", "1"), ("20", "3"), ("20", "4"), ("26", "1")}


def test_lists_of_different_lengths_are_searched_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lists = ["model=blocks", "model.filters=choice([4,4],[4,8],[4,4,4])", "model.convolutions=choice([1,1],[1,1,1],1)"]
    base = ["data=digits", "search=default", "train.epochs=1", "tracking=none", "task=dry", f"runs_folder={tmp_path}"]
    assert run(["sweep", *base, *lists, "sampler=grid"]) == 0
    out = capsys.readouterr().out
    assert "3 of 9 combinations of model.filters, model.convolutions can't be built" in out
    assert "never drawn" not in out
    states = [json.loads(trial.state.read_text()) for trial in StudyFolder(tmp_path / "blocks-digits").trials()]
    assert [state["state"] for state in states] == ["COMPLETE"] * 7


def test_a_space_without_any_network_is_refused(tmp_path, capsys) -> None:
    space = ["model.kernel_size_1=choice(27,28)", "model.pool_size_1=choice(3,4)"]
    assert run(["sweep", *DRY, *space, f"runs_folder={tmp_path}"]) == 2
    assert "error: search.space" in capsys.readouterr().err


def test_a_range_is_listed_too(tmp_path, capsys) -> None:
    space = ["model.kernel_size_1=range(3,27)", "search.space.model.kernel_size_2=choice(1,3)"]
    assert run(["plan", *DRY, *space, f"runs_folder={tmp_path}"]) == 0
    assert "3 of 48 combinations of model.kernel_size_1, model.kernel_size_2 can't be built" in capsys.readouterr().out


def test_conditions_are_counted_as_they_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lists that only one option of a group has, which the base configuration does not have."""
    (tmp_path / "search").mkdir()
    (tmp_path / "search/mine.yaml").write_text("""
defaults: [default, _self_]
space: {model: "choice(cnn,blocks)"}
when:
  model=blocks:
    model.filters: choice([4,4],[4,4,4])
    model.convolutions: choice([1,1],[1,1,1],1)
""")
    base = ["data=digits", "task=dry", "search=mine", "--config-dir", str(tmp_path), f"runs_folder={tmp_path}/runs"]
    assert run(["plan", *base]) == 0
    assert "2 of 7 combinations of model, model.filters, model.convolutions" in capsys.readouterr().out


def test_a_value_that_is_never_drawn_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It goes with the base configuration, whose other list is searched, too."""
    lists = ["model.filters=choice([4,4],[4,4,4,4])", "model.convolutions=choice([1,1],[1,1,1])"]
    base = ["data=digits", "model=blocks", "search=default", "task=dry", f"runs_folder={tmp_path}"]
    assert run(["plan", *base, *lists]) == 0
    assert "; never drawn: model.convolutions=[1,1,1], model.filters=[4,4,4,4]" in capsys.readouterr().out
    assert run(["plan", *base, lists[0], "model.convolutions=choice([1,1],[1,1,1],1)"]) == 0
    assert "; never drawn: model.convolutions=[1,1,1]\n" in capsys.readouterr().out
