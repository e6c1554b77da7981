"""Studies that are renamed, moved, copied, or have lost a trial's folder."""

import json
import shutil
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.storage.folders import StudyFolder

pytestmark = pytest.mark.usefixtures("no_report")

DRY = ["data=digits", "model=dnn", "model.units=[8]", "train.epochs=2", "model.dropout=interval(0.0,0.5)",
       "task=dry", "pruner=none"]  # fmt: skip


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    assert run(["sweep", f"runs_folder={tmp_path}", *DRY, "study.name=first", "search.n_trials=3"]) == 0
    return StudyFolder(tmp_path / "first")


def sweep(study: StudyFolder, trials: int) -> int:
    where = f"runs_folder={study.path.parent}"
    return run(["sweep", where, *DRY, f"study.name={study.name}", f"search.n_trials={trials}"])


def runs_of(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """Of each study in MLflow: the id of its run, and the names of those below it."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("mnist_sweep").experiment_id], max_results=100)
    found = {one.info.run_id: (one.info.run_name, []) for one in runs if one.data.tags["kind"] == "study"}
    for one in runs:
        if one.data.tags["kind"] == "trial":
            parent = found[one.data.tags["mlflow.parentRunId"]]
            assert one.data.tags["study"] == parent[0]
            parent[1].append(one.info.run_name)
    return {name: (run_id, sorted(children)) for run_id, (name, children) in found.items()}


def names(study: str, trials: int) -> list[str]:
    return [f"{study}-{number:04d}" + ("-baseline" if number == 0 else "") for number in range(trials)]


@pytest.mark.parametrize("command", ["sweep", "sync"])
@pytest.mark.parametrize("keep_times", [False, True])
def test_a_copy_is_another_study(study, capsys, command, keep_times) -> None:
    copy = StudyFolder(study.path.with_name("second"))
    shutil.copytree(study.path, copy.path, copy_function=shutil.copy2 if keep_times else shutil.copy)
    before = runs_of(study.path.parent)
    original = {file: file.read_bytes() for file in study.path.rglob("*") if file.is_file()}
    trials = 5 if command == "sweep" else 3
    done = sweep(copy, trials) if command == "sweep" else run(["sync", f"runs_folder={study.path.parent}", "second"])
    assert done == 0
    assert f"Study second is a copy of {study.path}: another study from now on" in capsys.readouterr().out
    found = runs_of(study.path.parent)
    assert found["first"] == before["first"]
    assert found["second"][1] == names("second", trials)
    assert {file: file.read_bytes() for file in original} == original
    assert run(["sync", f"runs_folder={study.path.parent}"]) == 0
    said = capsys.readouterr().out
    assert "is a copy" not in said
    assert said.count("nothing was behind") == 2


@pytest.mark.parametrize("command", ["sweep", "sync"])
def test_a_study_that_is_renamed_keeps_its_runs(study, capsys, command) -> None:
    (before,) = runs_of(study.path.parent).values()
    new = StudyFolder(study.path.rename(study.path.with_name("renamed")))
    trials = 4 if command == "sweep" else 3
    assert (sweep(new, trials) if command == "sweep" else run(["sync", f"runs_folder={new.path.parent}"])) == 0
    assert "is a copy" not in capsys.readouterr().out
    assert runs_of(new.path.parent) == {"renamed": (before[0], names("renamed", trials))}
    assert json.loads(new.trial(1).record.read_text())["tags"]["folder"] == str(new.trial(1).path)


def test_a_trial_without_its_folder_is_told_and_left_out(study, capsys) -> None:
    best = json.loads(study.summary.read_text())["best"]
    shutil.rmtree(study.trial(best["trial"]).path)
    assert sweep(study, 4) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"left out of every ranking: trials {best['trial']}; to train one again: mnist-sweep train " in said
    assert not study.trial(best["trial"]).path.exists()
    assert json.loads(study.summary.read_text())["best"]["trial"] != best["trial"]
    assert run(["show", f"runs_folder={study.path.parent}"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()[:1].isdigit()]
    assert str(best["trial"]) not in listed
    assert len(listed) == 3
