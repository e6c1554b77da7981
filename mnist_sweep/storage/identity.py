"""What a study is: the configuration that it began with, which later calls must repeat."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from mnist_sweep import files
from mnist_sweep.config import UserError
from mnist_sweep.config.flatten import differences
from mnist_sweep.config.image_classifier import SPLIT_BEFORE
from mnist_sweep.config.schema import TrainConfig
from mnist_sweep.config.search_settings import SearchConfig
from mnist_sweep.config.secrets import masked
from mnist_sweep.config.task import task_section
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.revisions import KEY

# Parts of the configuration that don't change what a study is: it can go on with others.
MAY_CHANGE = ("search.n_trials", "search.timeout", "search.target", "search.max_failures", "search.audit",
              "search.until", "search.patience", "search.min_delta", "search.start", "search.prior", "runtime",
              "tracking", "runs_folder", "study.name", "study.fork", "study.revise", "study.note", "study.tags",
              "study.on_event", "study.keep_models", "data.path", "data.groups", "train.initial_model")  # fmt: skip
SHOWN = 4


# What studies of earlier versions call samplers and pruners that are the same as today's.
RENAMED = {
    "mnist_sweep.study.TPESampler": "mnist_sweep.search.TPESampler",
    "mnist_sweep.study.GridSampler": "mnist_sweep.search.GridSampler",
    "optuna.pruners.SuccessiveHalvingPruner": "mnist_sweep.search.SuccessiveHalvingPruner",  # the same decisions
}


def _default(field: Field[Any]) -> Any:
    """The default of a dataclass's field, MISSING where it has none."""
    return field.default if field.default_factory is MISSING else field.default_factory()


# What keys that a configuration lacks meant before there was a choice.
BEFORE: dict[str, Mapping[str, Any]] = {
    "data": SPLIT_BEFORE,
    **{
        section: {field.name: default for field in fields(kind) if (default := _default(field)) is not MISSING}
        for section, kind in (("train", TrainConfig), ("search", SearchConfig))
    },
}


def _with_present_names(config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a configuration with the present names of its sampler and its pruner, and every key of its sections."""
    found = {**config, "task": task_section(config)}
    for key, defaults in BEFORE.items():
        if isinstance(section := config.get(key), Mapping):
            found[key] = {**defaults, **section}
    for key in ("sampler", "pruner"):
        if isinstance(section := config.get(key), Mapping):
            target = section.get("_target_")
            found[key] = {**section, "_target_": RENAMED.get(str(target), target)}
    return found


def identity(plain: dict[str, Any], data_digest: str) -> dict[str, Any]:
    """Returns what makes a study: its composed configuration, space included, and the digest of its data."""
    known: dict[str, Any] = json.loads(masked(json.dumps(plain)))  # as config.yaml has it
    if isinstance(known.get("study"), dict):
        known["study"].pop("on_event", None)  # what runs a command is written into no file
    return {**known, "data_digest": data_digest}


def changed(folder: StudyFolder, now: dict[str, Any]) -> list[str]:
    """Returns what differs from the identity that a study began with, a line for each key; empty for a new one."""
    if not folder.config.exists():
        return []
    stored = {key: value for key, value in files.read_yaml(folder.config).items() if key != KEY}
    return [
        line
        for line in differences(_with_present_names(stored), _with_present_names(now))
        if not any(line.startswith((f"{key}:", f"{key}.")) for key in MAY_CHANGE)
    ]


def check_not_single(folder: StudyFolder) -> None:
    """Raises UserError for a folder of single trials."""
    if folder.trials() and not folder.journal.exists():
        raise UserError(f"study.name={folder.name} holds single trials of `train`: use another name for a search")


def check_no_search(folder: StudyFolder) -> None:
    """Raises UserError for the folder of a search: single trials can't be added to it."""
    if folder.journal.exists():
        raise UserError(f"study.name={folder.name} is a search: single trials can't be added; use another name")


def check_not_another(folder: StudyFolder, now: dict[str, Any]) -> None:
    """Raises UserError where a study was begun as another one."""
    check_not_single(folder)
    if different := changed(folder, now):
        is_space = all(line.startswith(("search.space", "search.when")) for line in different)
        revise = " study.revise=true to go on with this search space," if is_space else ""
        more = f" and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
        raise UserError(
            f"study {folder.name} was begun with another configuration ({'; '.join(different[:SHOWN])}{more}); use "
            "study.name=... for a new study, study.fork=true for one that takes over the finished trials that still "
            f"fit,{revise} or the old configuration to go on"
        )


def keep_identity(folder: StudyFolder, now: dict[str, Any]) -> None:
    """Keeps the identity with a new study; raises UserError where it has become another one in the meantime."""
    check_not_another(folder, now)
    if not folder.config.exists():
        files.write_yaml(folder.config, now, f"# The base configuration of study {folder.name}, and its space.\n")
