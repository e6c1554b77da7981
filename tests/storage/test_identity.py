"""What a study is: what may change between its calls, and names of earlier versions."""

from pathlib import Path

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.identity import changed, check_no_search, check_not_another, identity, keep_identity

PLAIN = {"search": {"n_trials": 5, "space": {"a": "choice(1,2)"}}, "study": {"seed": 0}, "runtime": {"workers": None},
         "sampler": {"_target_": "mnist_sweep.search.TPESampler", "group": True},
         "pruner": {"_target_": "mnist_sweep.search.SuccessiveHalvingPruner", "min_resource": 1}}  # fmt: skip


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    (tmp_path / "one").mkdir()
    folder = StudyFolder(tmp_path / "one")
    keep_identity(folder, identity(PLAIN, "abc"))
    return folder


def test_more_trials_or_workers_are_the_same_study(study: StudyFolder) -> None:
    more = {**PLAIN, "search": {**PLAIN["search"], "n_trials": 50}, "runtime": {"workers": 3}}
    assert changed(study, identity(more, "abc")) == []
    check_not_another(study, identity(more, "abc"))


def test_another_space_seed_or_data_set_is_another_study(study: StudyFolder) -> None:
    other = {**PLAIN, "study": {"seed": 1}}
    assert changed(study, identity(other, "def")) == ["study.seed: 0 -> 1", "data_digest: abc -> def"]
    with pytest.raises(UserError, match=r"was begun with another configuration .study.seed: 0 -> 1.; use study.name="):
        check_not_another(study, identity(other, "abc"))


@pytest.mark.parametrize("sampler", ["TPESampler", "GridSampler"])
def test_a_study_of_an_earlier_version_goes_on_under_its_old_names(tmp_path: Path, sampler: str) -> None:
    old = {**PLAIN, "sampler": {**PLAIN["sampler"], "_target_": f"mnist_sweep.study.{sampler}"},
           "pruner": {**PLAIN["pruner"], "_target_": "optuna.pruners.SuccessiveHalvingPruner"}}  # fmt: skip
    (tmp_path / "old").mkdir()
    folder = StudyFolder(tmp_path / "old")
    keep_identity(folder, identity(old, "abc"))
    now = {**PLAIN, "sampler": {**PLAIN["sampler"], "_target_": f"mnist_sweep.search.{sampler}"}}
    assert changed(folder, identity(now, "abc")) == []
    other = {**now, "pruner": {"_target_": "optuna.pruners.MedianPruner"}}
    assert changed(folder, identity(other, "abc"))


def test_single_trials_are_not_added_to_a_search(study: StudyFolder) -> None:
    check_no_search(study)
    study.journal.touch()
    with pytest.raises(UserError, match=r"study.name=one is a search"):
        check_no_search(study)


def test_a_study_from_before_groups_goes_on(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    folder = StudyFolder(tmp_path / "one")
    old = {**PLAIN, "data": {"name": "mnist", "path": None}}
    keep_identity(folder, identity(old, "abc"))
    now = {**PLAIN, "data": {"name": "mnist", "path": None, "split": "stratified", "groups": None}}
    assert changed(folder, identity(now, "abc")) == []
    assert changed(folder, identity({**now, "data": {**now["data"], "groups": "a.npz"}}, "abc")) == []
    other = {**now, "data": {**now["data"], "split": "grouped"}}
    assert changed(folder, identity(other, "abc")) == ["data.split: stratified -> grouped"]
