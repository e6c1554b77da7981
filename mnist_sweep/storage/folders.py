"""Where a study and its trials keep what."""

import re
from dataclasses import dataclass
from pathlib import Path

from mnist_sweep.storage.history import read_history


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
    def record(self) -> Path:
        """What MLflow is to know of it besides its other files: name, parameters, tags, data set, start."""
        return self.path / "record.json"

    @property
    def tracking(self) -> Path:
        """The trial's MLflow run, and the state in which it has been mirrored."""
        return self.path / "mlflow.json"

    @property
    def lock(self) -> Path:
        """Held while a single trial is at work."""
        return self.path / ".lock"

    def rows(self) -> list[dict[str, float]]:
        """The epochs that have ended."""
        return read_history(self.history)


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
    def driver(self) -> Path:
        """Who holds the lock."""
        return self.path / ".driver.json"

    @property
    def best(self) -> Path:
        """The best trial's configuration, runnable by `mnist-sweep train`."""
        return self.path / "best.yaml"

    @property
    def summary(self) -> Path:
        """Counts, the best trial and times, for scripts."""
        return self.path / "summary.json"

    @property
    def readme(self) -> Path:
        """The answer in words, in Markdown."""
        return self.path / "README.md"

    @property
    def figures(self) -> Path:
        """The folder of the pictures of the whole study."""
        return self.path / "figures"

    @property
    def test_set(self) -> Path:
        """How often the test images were opened, when, and for which finalists."""
        return self.path / "test_set.json"

    @property
    def confirmed(self) -> Path:
        """What the finalists came to on fresh seeds, by the test images."""
        return self.path / "confirmed.json"

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.path / "report.html"

    @property
    def hardest(self) -> Path:
        """The validation images that most trials get wrong."""
        return self.path / "hardest.json"

    @property
    def audit(self) -> Path:
        """The verdicts on all trials, where they have all been reproduced."""
        return self.path / "audit.json"

    @property
    def winner(self) -> Path:
        """The recommended finalist, ready for experiments/."""
        return self.path / "winner.yaml"

    @property
    def record(self) -> Path:
        """What MLflow is to know of it besides its other files."""
        return self.path / "record.json"

    @property
    def tracking(self) -> Path:
        """The study's MLflow run."""
        return self.path / "mlflow.json"

    @property
    def settled(self) -> Path:
        """As old as the last time that everything about all trials that had ended was written."""
        return self.path / "settled.json"

    def trial(self, number: int) -> TrialFolder:
        """A trial's folder, which may not be there yet."""
        return TrialFolder(self.path / "trials" / f"{number:04d}")

    def confirmation(self, number: int, seed: int) -> TrialFolder:
        """Where a finalist is trained again on one of the fresh seeds, counted from 0; it may not be there yet."""
        return TrialFolder(self.path / "confirm" / f"{number:04d}-{seed}")

    def confirmations(self) -> list[TrialFolder]:
        """The folders of all finalists that were trained again."""
        folders = self.path / "confirm"
        return [TrialFolder(path) for path in sorted(folders.glob("[0-9]*-[0-9]*"))] if folders.is_dir() else []

    def trials(self) -> list[TrialFolder]:
        """The folders of all trials, by number."""
        folders = self.path / "trials"
        numbered = [path for path in folders.iterdir() if re.fullmatch("[0-9]+", path.name)] if folders.is_dir() else []
        return [TrialFolder(path) for path in sorted(numbered, key=lambda path: int(path.name))]
