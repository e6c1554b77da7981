"""Folders of studies and trials, and writes that are whole or not there at all."""

import csv
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mnist_sweep.config import UserError


def write_text(file: Path, text: str) -> None:
    """Writes beside, then renames: a reader sees the old file or the new one."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)


def write_json(file: Path, content: Any) -> None:
    """JSON for people and scripts."""
    write_text(file, json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_yaml(file: Path, content: Any, header: str = "") -> None:
    """YAML in the order given, behind a header of comments."""
    write_text(file, header + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object; raises UserError where there is none."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file} can't be read: {error}") from None
    if not isinstance(content, dict):
        raise UserError(f"{file} must hold a JSON object, got {type(content).__name__}")
    return content


def _load_yaml(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"{file} can't be read: {error}") from None


def read_yaml(file: Path) -> dict[str, Any]:
    """A YAML mapping, read without tags and without interpolation; raises UserError where there is none."""
    content = _load_yaml(file)
    if not isinstance(content, Mapping):
        raise UserError(f"{file} must hold a mapping, got {type(content).__name__}")
    return {str(key): value for key, value in content.items()}


def read_yaml_list(file: Path) -> list[Any]:
    """A YAML list, read in the same way."""
    content = _load_yaml(file)
    if not isinstance(content, list):
        raise UserError(f"{file} must hold a list, got {type(content).__name__}")
    return content


def read_history(file: Path) -> list[dict[str, float]]:
    """The rows of a history.csv; a last line that was not written whole is left out."""
    if not file.is_file():
        return []
    whole, _, _ = file.read_text(encoding="utf-8").rpartition("\n")
    rows = list(csv.reader(whole.splitlines()))
    header, complete = rows[0] if rows else [], [row for row in rows[1:] if len(row) == len(rows[0])]
    return [{name: float(value) for name, value in zip(header, row, strict=True)} for row in complete]


@dataclass(frozen=True)
class TrialFolder:
    """One trial's files."""

    path: Path

    @property
    def config(self) -> Path:
        """The composed configuration: data, model, optimizer, train and study.seed."""
        return self.path / "config.yaml"

    @property
    def overrides(self) -> Path:
        """The overrides that make it, as a list."""
        return self.path / "overrides.yaml"

    @property
    def history(self) -> Path:
        """A row for each epoch, written as it ends."""
        return self.path / "history.csv"

    @property
    def metrics(self) -> Path:
        """The metrics of a trial that has ended well or was pruned."""
        return self.path / "metrics.json"

    @property
    def environment(self) -> Path:
        """Versions, commit, processor, digests, seeds, command."""
        return self.path / "environment.json"

    @property
    def predictions(self) -> Path:
        """Probabilities, predicted labels and labels of the validation images."""
        return self.path / "predictions.npz"

    @property
    def figures(self) -> Path:
        """The folder of the pictures."""
        return self.path / "figures"

    @property
    def summary(self) -> Path:
        """The model's layers, as text."""
        return self.path / "model.txt"

    @property
    def model(self) -> Path:
        """The trained network, of the best few trials."""
        return self.path / "model.keras"

    @property
    def log(self) -> Path:
        """All that the trial printed, tracebacks included."""
        return self.path / "log.txt"

    @property
    def state(self) -> Path:
        """How it ended, from the driver: state, reason, what was searched, command."""
        return self.path / "state.json"

    @property
    def tracking(self) -> Path:
        """The trial's MLflow run."""
        return self.path / "mlflow.json"


@dataclass(frozen=True)
class StudyFolder:
    """One study's files."""

    path: Path

    @property
    def name(self) -> str:
        """The study's name."""
        return self.path.name

    @property
    def config(self) -> Path:
        """The composed base configuration with its space."""
        return self.path / "config.yaml"

    @property
    def journal(self) -> Path:
        """Optuna's storage."""
        return self.path / "study.journal"

    @property
    def lock(self) -> Path:
        """Held by the driver at work."""
        return self.path / ".lock"

    @property
    def best(self) -> Path:
        """The best trial's configuration, runnable by `mnist-sweep train`."""
        return self.path / "best.yaml"

    @property
    def summary(self) -> Path:
        """Counts, the best trial and times, for scripts."""
        return self.path / "summary.json"

    @property
    def tracking(self) -> Path:
        """The study's MLflow run."""
        return self.path / "mlflow.json"

    def trial(self, number: int) -> TrialFolder:
        """A trial's folder, which may not be there yet."""
        return TrialFolder(self.path / "trials" / f"{number:04d}")

    def trials(self) -> list[TrialFolder]:
        """The folders of all trials, by number."""
        folders = self.path / "trials"
        numbered = [path for path in folders.iterdir() if path.name.isdigit()] if folders.is_dir() else []
        return [TrialFolder(path) for path in sorted(numbered, key=lambda path: int(path.name))]
