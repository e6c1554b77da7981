"""The files of a study and of its trials: where each one lies and what it holds."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, overload

from mnist_sweep.storage.history import read_history


class Located(Protocol):
    """Anything that lies in a folder."""

    @property
    def path(self) -> Path:
        """The folder."""


@dataclass(frozen=True)
class File:
    """A file or folder of fixed name; as an attribute of a folder it is its path, whether or not it exists.

    Attributes:
        name: Its name within the folder.
        description: What it holds, as a sentence for the documentation.
    """

    name: str
    description: str

    @overload
    def __get__(self, folder: None, owner: type) -> Self: ...
    @overload
    def __get__(self, folder: Located, owner: type) -> Path: ...
    def __get__(self, folder: Located | None, owner: type) -> Self | Path:
        """Returns the path within a folder; asked of the class, the file itself."""
        return self if folder is None else folder.path / self.name


@dataclass(frozen=True)
class TrialFolder:
    """The files of one trial.

    Attributes:
        path: The folder, which may not exist yet.
    """

    path: Path

    config = File("config.yaml", "The composed configuration: data, model, optimizer, train and study.seed.")
    overrides = File("overrides.yaml", "The overrides that produce the configuration, as a list.")
    history = File("history.csv", "One row for each epoch, appended as the epoch ends.")
    metrics = File("metrics.json", "The metrics of a complete or pruned trial.")
    environment = File("environment.json", "Versions, commit, processor, digests, seeds and command.")
    predictions = File("predictions.npz", "Probabilities, predicted labels and labels of the validation images.")
    figures = File("figures", "Learning curves, confusion matrix and error gallery.")
    summary = File("model.txt", "The model's layers, as text.")
    model = File("model.keras", "The trained network; only of the best few trials.")
    weights = File("model.weights.h5", "The weights of a network that can't be saved without its code.")
    checkpoint = File("checkpoint.bin", "Where a running or interrupted trial goes on from; removed when it ends.")
    seeds = File("seeds", "The runs on further seeds of the search (search.seeds), each like a trial's folder.")
    usage = File("usage.json", "CPU seconds and peak memory of the trial's process, measured from outside.")
    log = File("log.txt", "Everything that the trial printed, tracebacks included.")
    state = File("state.json", "How the trial ended, written by the driver: state, reason, searched values.")
    record = File("record.json", "Metadata of the MLflow run: name, parameters, tags, data set, start.")
    tracking = File("mlflow.json", "The id of the MLflow run, and the state in which it was mirrored last.")
    lock = File(".lock", "Held while a single trial is running.")

    def on_seed(self, index: int) -> "TrialFolder":
        """Returns the folder of the trial's run on a further seed of the search, which may not exist yet."""
        return TrialFolder(self.seeds / str(index))

    def has_begun(self) -> bool:
        """Returns whether the trial has begun to train."""
        return self.history.exists()

    def rows(self) -> list[dict[str, float]]:
        """Returns the complete epochs of history.csv, in order."""
        return read_history(self.history)


@dataclass(frozen=True)
class StudyFolder:
    """The files of one study.

    Attributes:
        path: The folder, which may not exist yet; its name is the study's.
    """

    path: Path

    config = File("config.yaml", "The composed base configuration with its search space.")
    journal = File("study.journal", "Optuna's storage.")
    lock = File(".lock", "Held by the driver while it is running.")
    driver = File(".driver.json", "The process that holds the lock.")
    best = File("best.yaml", "The best trial's configuration, runnable by `mnist-sweep train`.")
    summary = File("summary.json", "Counts, the best trial and times, for scripts.")
    readme = File("README.md", "The result in words, in Markdown.")
    figures = File("figures", "The figures of the study as a whole.")
    test_set = File("test_set.json", "Every access to the test set: when, and for which finalists.")
    test_set_lock = File(".test_set.lock", "Held while test_set.json is written.")
    confirmed = File("confirmed.json", "The finalists' results on fresh seeds, evaluated on the test set.")
    report = File("report.html", "The study as one HTML page.")
    hardest = File("hardest.json", "The validation images that most trials misclassify.")
    audit = File("audit.json", "The verdicts of reproducing every trial.")
    winner = File("winner.yaml", "The recommended finalist, ready for experiments/.")
    requests = File("requests", "Requests to the running driver that wait for their answers.")
    request_log = File("requests.jsonl", "All requests to the running driver, by whom and when, and its answers.")
    deleted = File("deleted.json", "The trials that were deleted, by whom and when; their numbers are not used again.")
    record = File("record.json", "Metadata of the study's MLflow run.")
    tracking = File("mlflow.json", "The id of the study's MLflow run.")
    settled = File("settled.json", "Since when all files of the trials that had ended are known to be complete.")

    @property
    def name(self) -> str:
        """The study's name."""
        return self.path.name

    def trial(self, number: int) -> TrialFolder:
        """Returns a trial's folder, which may not exist yet."""
        return TrialFolder(self.path / "trials" / f"{number:04d}")

    def confirmation(self, number: int, seed: int) -> TrialFolder:
        """Returns the folder of a finalist's run on a fresh seed, which may not exist yet.

        Args:
            number: The number of the finalist's trial.
            seed: The number of the fresh seed, from 0.
        """
        return TrialFolder(self.path / "confirm" / f"{number:04d}-{seed}")

    def confirmations(self) -> list[TrialFolder]:
        """Returns the folders of all confirmation runs, by name."""
        folders = self.path / "confirm"
        return [TrialFolder(path) for path in sorted(folders.glob("[0-9]*-[0-9]*"))] if folders.is_dir() else []

    def trials(self) -> list[TrialFolder]:
        """Returns the folders of all trials, by number."""
        folders = self.path / "trials"
        numbered = [path for path in folders.iterdir() if re.fullmatch("[0-9]+", path.name)] if folders.is_dir() else []
        return [TrialFolder(path) for path in sorted(numbered, key=lambda path: int(path.name))]


def files_of(folder: type[TrialFolder] | type[StudyFolder]) -> list[tuple[str, str]]:
    """Returns name and description of every file that a kind of folder may hold, for the documentation."""
    return [(file.name, file.description) for file in vars(folder).values() if isinstance(file, File)]
