"""environment.json: what a trial's result may depend on besides its configuration, and what came of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic.dataclasses import dataclass as checked

from mnist_sweep.config.check import check
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.kernels import Kernels, tensorflows_own
from mnist_sweep.config.schema import LOOSE
from mnist_sweep.files import read_json, write_json
from mnist_sweep.storage.folders import StudyFolder


@checked(frozen=True, config=LOOSE)
class RecordedData:
    """What is read of the description of a trial's data: the SHA-256 of each part, numbers of images, class names."""

    digests: dict[str, str] = field(default_factory=dict)
    validation_images: int = 0
    train_images: int = 0
    name: str = ""
    digest: str = ""
    class_names: list[str] = field(default_factory=list)


@checked(frozen=True, config=LOOSE)
class Environment:
    """What is read of environment.json.

    Attributes:
        data: The data set that it was trained on.
        command: The command that repeats the trial.
        versions: Of Python and of the packages that a result may depend on.
        sources: The digest of each module of somebody's own that the configuration names; None before it was recorded.
        commit, dirty, diff: The checkout: its commit, whether it had changes, and the digest of these.
        processor, processor_features, processor_caches, cores, platform: The machine.
        machine_class: Equal for machines that give the same bits; None for trials from before it was recorded.
        node: What the machine is called in its cluster, None where the driver's own machine trained.
        threads: How many threads computed.
        kernels: What TensorFlow computed with; see `trained_with` for trials from before it was recorded.
        trial_seed: The seed of everything random in the trial.
        weights_digest: The SHA-256 of the trained weights, None without a complete epoch.
        epochs: How many epochs are complete.
        stopped: Whether the trial was pruned or stopped after them; None for trials from before it was recorded.
        resumed_after: The epoch of the checkpoint from which it went on after it was lost, None where it was not.
    """

    data: RecordedData
    command: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] | None = None
    commit: str | None = None
    dirty: bool | None = None
    diff: str | None = None
    processor: str | None = None
    processor_features: list[str] | None = None
    processor_caches: list[str] | None = None
    machine_class: str | None = None
    node: str | None = None
    cores: int | None = None
    platform: str | None = None
    threads: int | None = None
    kernels: Kernels | None = None
    trial_seed: int | None = None
    weights_digest: str | None = None
    epochs: int | None = None
    stopped: bool | None = None
    resumed_after: float | None = None

    @property
    def trained_with(self) -> Kernels | None:
        """What TensorFlow computed with: as recorded, else what it chooses for the recorded CPU; None if unknown."""
        return self.kernels or (tensorflows_own(self.processor_features) if self.processor_features else None)


@dataclass(frozen=True)
class Outcome:
    """What a trial adds to the environment that its driver has recorded; what is None is left out.

    Attributes:
        weights_digest: The SHA-256 of the trained weights, None without a complete epoch.
        epochs: How many epochs are complete.
        ended: When the training ended, in seconds since 1970.
        started: When it began.
        threads: How many threads computed.
        kernels: What TensorFlow computed with.
        study_seed, trial_seed, split_seed: The seeds.
        stopped: Whether it was pruned or stopped.
        resumed_after: The epoch of the checkpoint from which it went on, None where it did not.
    """

    weights_digest: str | None
    epochs: int
    ended: float
    started: float | None = None
    threads: int | None = None
    kernels: Kernels | None = None
    study_seed: int | None = None
    trial_seed: int | None = None
    split_seed: int | None = None
    stopped: bool | None = None
    resumed_after: float | None = None


def write_environment(file: Path, environment: Mapping[str, Any], outcome: Outcome) -> None:
    """Writes environment.json.

    Args:
        file: The trial's environment.json.
        environment: What the driver has recorded: `provenance.environment` and the description of the data.
        outcome: What the trial adds.
    """
    added = {key: value for key, value in asdict(outcome).items() if value is not None}
    write_json(file, {**environment, **added, "weights_digest": outcome.weights_digest})


def check_environment(file: Path, key: str | None = None) -> Environment:
    """Returns the content of environment.json.

    Args:
        file: The trial's environment.json.
        key: What it is called in messages, its path by default.

    Raises:
        UserError: It is missing or damaged.
    """
    return check(Environment, read_json(file), key or str(file))


def read_environment(file: Path) -> Environment | None:
    """Returns the content of environment.json, None where it is missing or damaged."""
    try:
        return check_environment(file)
    except UserError:
        return None


def first_environment(study: StudyFolder) -> Environment | None:
    """Returns the environment of a study's first trained trial, None where there is none."""
    found = (read_environment(trial.environment) for trial in study.trials())
    return next((environment for environment in found if environment), None)


def machine_class_of(study: StudyFolder) -> str | None:
    """Returns the class of machine that a study's first trial was trained on, None where none is recorded."""
    return first.machine_class if (first := first_environment(study)) else None


def kernels_of(study: StudyFolder) -> Kernels | None:
    """Returns what a study's trials are trained with: as its first one was; None for a study without a trained one."""
    return first.trained_with if (first := first_environment(study)) else None
