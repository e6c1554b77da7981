"""A trial that can be trained again and compared: from its folder, from a best.yaml alone, or fetched from MLflow.

Its configuration and its files are checked, as they may come from anywhere; `results.trial` reads what a study's own
driver has written, trials without an epoch too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from mnist_sweep import files
from mnist_sweep.config import TrialConfig, UserError, parse_trial
from mnist_sweep.config.check import check
from mnist_sweep.config.image_classifier import ImageClassifierConfig
from mnist_sweep.config.schema import CONFIG, Count, Int
from mnist_sweep.config.study_settings import check_study_name
from mnist_sweep.config.task import build_task, metric_table, stored_traits
from mnist_sweep.storage.environment import Environment, check_environment
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.state import TrialState, read_state
from mnist_sweep.tasks.data import Description
from mnist_sweep.tasks.image_classifier.evaluation import Predictions, read_predictions

# Without these a trial can't be compared.
NEEDED = ("config.yaml", "overrides.yaml", "environment.json", "history.csv", "metrics.json")
FETCHED = (*NEEDED, "predictions.npz")


@dataclass(frozen=True)
class RecordedTrial:
    """A trial as it was recorded; a best.yaml alone has no rows and no predictions."""

    name: str
    config: TrialConfig
    overrides: list[str]
    environment: Environment
    rows: list[dict[str, float]]
    metrics: dict[str, Any]
    epochs: int
    predictions: Predictions | None = None
    run_id: str | None = None
    experiment_id: str | None = None


@checked(frozen=True, config=CONFIG)
class Result:
    """The `recorded` section of a best.yaml, with which the trial can be reproduced from this file alone."""

    study: str
    trial: Annotated[Int, Field(ge=0)]
    epochs: Count
    overrides: list[str]
    metrics: dict[str, float]
    environment: Environment


# Of a trial's environment.json, what goes into best.yaml.
ENVIRONMENT = ("weights_digest", "data", "sources", "versions", "commit", "dirty", "diff", "processor",
               "processor_features", "processor_caches", "machine_class", "threads", "kernels")  # fmt: skip


def result_of(folder: TrialFolder, study: str, overrides: Sequence[str]) -> dict[str, Any]:
    """Returns the record of a trial for its study's best.yaml, as plain data.

    Args:
        folder: The trial's folder.
        study: The study's name.
        overrides: The trial's overrides, as its driver knows them: the task could have written over their file.
    """
    environment = files.read_json_or_empty(folder.environment)
    return {"study": study, "trial": int(folder.path.name), "epochs": environment.get("epochs"),
            "overrides": list(overrides),
            "metrics": files.read_json_or_empty(folder.metrics),
            "environment": {key: environment.get(key) for key in ENVIRONMENT}}  # fmt: skip


def _missing(config: TrialConfig, metrics: Mapping[str, float]) -> str | None:
    """Returns the metric that a trial of this task must have and that is not there."""
    primary = metric_table(build_task(config.task), config.plain()).primary
    return primary if primary is not None and primary not in metrics else None


def read_best(file: Path, allowed: list[str]) -> RecordedTrial:
    """Returns a trial from a best.yaml.

    Args:
        file: The best.yaml, wherever it lies.
        allowed: The modules whose functions a configuration may name.

    Raises:
        UserError: The file has no record, or one that can't be reproduced.
    """
    content = files.read_yaml(file)
    if "recorded" not in content:
        raise UserError(f"{file} has no `recorded`, so there is nothing to compare with: give a study's best.yaml")
    result = check(Result, content["recorded"], "recorded")
    check_study_name(result.study, "recorded.study")
    config = parse_trial(content, allowed)
    primary = metric_table(build_task(config.task), config.plain()).primary
    if result.environment.weights_digest is None or _missing(config, result.metrics):
        raise UserError(f"{file} can't be reproduced: it has no weights_digest or no {primary or 'metrics'}")
    name = f"{result.study}-{result.trial:04d}"
    if config.epochs is not None and result.epochs > config.epochs:
        raise UserError(f"recorded.epochs must be at most train.epochs, {config.epochs}, got {result.epochs}")
    return RecordedTrial(name, config, result.overrides, result.environment, [], result.metrics, result.epochs)


def read_recorded(folder: TrialFolder, name: str, allowed: list[str]) -> RecordedTrial:
    """Returns a trial from its folder.

    Args:
        folder: The trial's folder.
        name: What it is called in messages.
        allowed: The modules whose functions a configuration may name.

    Raises:
        UserError: No epoch of it has ended, a file is damaged, or its configuration names what is not allowed.
    """
    state = read_state(folder.state)
    if state is not None and state.state is TrialState.FAIL:
        raise UserError(f"{name} has failed ({state.reason}): only complete and pruned trials can be trained again")
    for file in NEEDED:
        if not (folder.path / file).is_file():
            raise UserError(f"{name} has no {file}: no epoch of it has ended")
    rows = folder.rows()
    if not rows:
        raise UserError(f"{name} has no complete row in its history.csv")
    environment = check_environment(folder.environment, f"{name}: environment.json")
    metrics = check(dict[str, float], files.read_json(folder.metrics), f"{name}: metrics.json")
    config = parse_trial(files.read_yaml(folder.config), allowed)
    if missing := _missing(config, metrics):
        raise UserError(f"{name}: metrics.json has no {missing}")
    noted = files.read_json_or_empty(folder.tracking)
    return RecordedTrial(
        name,
        config,
        [str(override) for override in files.read_yaml_list(folder.overrides)],
        environment,
        rows,
        metrics,
        len(rows),
        read_predictions(folder.predictions) if folder.predictions.is_file() else None,
        noted.get("run_id"),
        noted.get("experiment_id"),
    )


def reproducible(study: StudyFolder) -> list[TrialFolder]:
    """Returns the folders of a study's trials of which at least one epoch has ended, and that have not failed."""
    return [folder for folder in study.trials()
            if folder.rows() and all((folder.path / name).is_file() for name in NEEDED)
            and not ((state := read_state(folder.state)) and state.state is TrialState.FAIL)]  # fmt: skip


def check_trained(study: StudyFolder) -> None:
    """Raises UserError for a study whose task trains nothing."""
    plain = files.read_yaml(study.config) if study.config.is_file() else {}
    if note := stored_traits(plain).note:
        raise UserError(f"study={study.name} can't be judged: {note[0].lower()}{note[1:]}")


def without_urls(recorded: RecordedTrial) -> RecordedTrial:
    """Returns the trial without the addresses of its data: it comes from a store that anybody may write to."""
    config = recorded.config
    if not isinstance(config, ImageClassifierConfig) or "urls" not in config.data.source.arguments:
        return recorded
    source = replace(config.data.source, arguments={**config.data.source.arguments, "urls": []})
    return replace(recorded, config=replace(config, data=replace(config.data, source=source)))


def check_data(before: Mapping[str, str], now: Description, name: str) -> None:
    """Checks that the data set here is what a trial was trained on; only what both know is compared.

    Args:
        before: The SHA-256 of each part, as recorded.
        now: The data set here.
        name: What the trial is called in messages.

    Raises:
        UserError: A part is another one.
    """
    for part, digest in now.digests.items():
        if part in before and before[part] != digest:
            raise UserError(
                f"data={now.name} is not what {name} was trained on: the SHA-256 of its {part.replace('_', ' ')} was "
                f"{before[part][:16]}..., got {digest[:16]}..."
            )
