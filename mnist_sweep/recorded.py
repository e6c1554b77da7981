"""Finds a recorded trial and reads it back."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mnist_sweep import files
from mnist_sweep.config import TrialConfig, UserError, parse_trial
from mnist_sweep.config.check import nearest
from mnist_sweep.config.settings import check_study_name
from mnist_sweep.folders import StudyFolder, TrialFolder

# Without these a trial can't be compared.
NEEDED = ("config.yaml", "overrides.yaml", "environment.json", "history.csv", "metrics.json")


@dataclass(frozen=True)
class Recorded:
    """A trial as it was recorded."""

    name: str
    config: TrialConfig
    overrides: list[str]
    environment: dict[str, Any]
    rows: list[dict[str, float]]
    metrics: dict[str, Any]
    run_id: str | None


def read_recorded(folder: TrialFolder, name: str, allowed: list[str]) -> Recorded:
    """A trial from its folder; raises UserError if it has no epochs, or names what it must not."""
    for file in NEEDED:
        if not (folder.path / file).is_file():
            raise UserError(f"{name} can't be reproduced: it has no {file}, so no epoch of it has ended")
    if not files.read_history(folder.history):
        raise UserError(f"{name} can't be reproduced: its history.csv has no whole row")
    return Recorded(
        name,
        parse_trial(files.read_yaml(folder.config), allowed),
        [str(override) for override in files.read_yaml_list(folder.overrides)],
        files.read_json(folder.environment),
        files.read_history(folder.history),
        files.read_json(folder.metrics),
        files.read_json(folder.tracking).get("run_id") if folder.tracking.is_file() else None,
    )


def without_urls(recorded: Recorded) -> Recorded:
    """The same, but its data can't be fetched from where it says: it comes from a store that anybody may write to."""
    data = recorded.config.data
    if "urls" not in data.source.arguments:
        return recorded
    source = replace(data.source, arguments={**data.source.arguments, "urls": []})
    return replace(recorded, config=replace(recorded.config, data=replace(data, source=source)))


def studies(runs_folder: Path) -> list[StudyFolder]:
    """All studies, those of single trials included, by name."""
    paths = [path for path in runs_folder.iterdir() if (path / "trials").is_dir()] if runs_folder.is_dir() else []
    return [StudyFolder(path) for path in sorted(paths) if not path.name.startswith(".")]


def find_study(runs_folder: Path, name: str | None) -> StudyFolder:
    """A study by name, or the search that was worked on last; raises UserError if there is none."""
    paths = [study.path for study in studies(runs_folder)]
    if name is not None:
        check_study_name(name, "study")
        if runs_folder / name not in paths:
            raise UserError(f"study={name} is not in {runs_folder}{nearest(name, [path.name for path in paths])}")
        return StudyFolder(runs_folder / name)
    searches = [path for path in paths if (path / "summary.json").is_file()]
    if not searches:
        raise UserError(f"there is no study in {runs_folder}: start with `mnist-sweep sweep`, or give runs_folder=")
    return StudyFolder(max(searches, key=lambda path: (path / "summary.json").stat().st_mtime))


def find_trial(study: StudyFolder, trial: int | None) -> TrialFolder:
    """A trial by number, or the study's best; raises UserError if there is none."""
    if trial is None:
        best = files.read_json(study.summary).get("best") if study.summary.is_file() else None
        if best is None:
            raise UserError(f"study {study.name} has no best trial: give one with trial=NUMBER")
        trial = int(best["trial"])
    folder = study.trial(trial)
    if not folder.path.is_dir():
        numbers = [path.path.name for path in study.trials()]
        there = f"{numbers[0]} to {numbers[-1]}" if numbers else "none"
        raise UserError(f"trial={trial} is not in study {study.name}, which has {there}")
    return folder
