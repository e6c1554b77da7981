"""What a job finds in its folder, and what an earlier try leaves there."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from mnist_sweep.config.image_classifier import CURVES
from mnist_sweep.execution.executor import Job
from mnist_sweep.execution.job_folder import (
    clear,
    folder_of,
    has_begun,
    next_folder,
    remove_checkpoint,
    stored,
    write_job,
)
from mnist_sweep.files import read_yaml
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.history import begin_history

COLUMNS = ("epoch", *CURVES, "seconds", "timestamp")

COMMAND = "mnist-sweep sweep"


def job_in(folder: Path, kind: str = "train") -> Job:
    settings = {"environment": {"command": COMMAND}}
    return Job(3, kind, {"train": {"epochs": 2}}, str(folder), settings, ["train.epochs=2"])


def test_a_job_finds_its_configuration_and_its_overrides(tmp_path: Path) -> None:
    job = job_in(tmp_path / "0003")
    write_job(job)
    folder = folder_of(job)
    assert read_yaml(folder.config) == stored(job.config)
    assert folder.config.read_text().startswith(f"# {COMMAND}\n")
    assert folder.overrides.read_text() == "- train.epochs=2\n"
    assert not has_begun(job)
    begin_history(folder.history, COLUMNS)
    assert has_begun(job)


def test_what_is_no_trial_gets_no_folder(tmp_path: Path) -> None:
    write_job(job_in(tmp_path / "0003", kind="probe"))
    assert not (tmp_path / "0003").exists()


def test_another_try_keeps_the_name_of_its_run_and_its_checkpoint_alone(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path)
    (tmp_path / "figures").mkdir()
    for file in (folder.tracking, folder.lock, folder.checkpoint, folder.history, tmp_path / "figures/curves.png"):
        file.write_text("something")
    clear(folder)
    assert set(tmp_path.iterdir()) == {folder.tracking, folder.lock, folder.checkpoint}
    clear(TrialFolder(tmp_path / "nothing"))


def test_a_job_that_has_ended_has_no_checkpoint(tmp_path: Path) -> None:
    job = job_in(tmp_path)
    folder_of(job).checkpoint.write_text("something")
    remove_checkpoint(replace(job, kind="probe"))
    assert folder_of(job).checkpoint.exists()
    for _ in range(2):
        remove_checkpoint(job)
        assert not folder_of(job).checkpoint.exists()


def test_no_two_callers_get_the_same_folder(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path / "train")
    with ThreadPoolExecutor(8) as threads:
        numbers = [number for number, _ in threads.map(lambda _: next_folder(study), range(24))]
    assert sorted(numbers) == list(range(24))
    assert all(study.trial(number).path.is_dir() for number in numbers)


def test_a_link_that_a_trial_has_made_is_removed_alone(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    folder = TrialFolder(tmp_path / "0001")
    folder.path.mkdir()
    (folder.path / "latest").symlink_to(kept)
    clear(folder)
    assert list(folder.path.iterdir()) == []
    assert (kept / "file").exists()
