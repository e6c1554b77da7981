"""A new study that takes over those finished trials of another one that are trials of its own."""

import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mnist_sweep import files
from mnist_sweep.config import UserError, parse_trial
from mnist_sweep.config.compose import key_of
from mnist_sweep.config.domains import as_literal, contains
from mnist_sweep.config.flatten import flatten, with_elements
from mnist_sweep.config.space import holds
from mnist_sweep.driver.plan import Plan
from mnist_sweep.results.trial import Trial, read_trial
from mnist_sweep.search import Search
from mnist_sweep.search.distributions import in_order
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.identity import changed, check_not_single
from mnist_sweep.storage.state import TrialState, check_state, write_state

NOT_COPIED = ("mlflow.json", "record.json")


@dataclass(frozen=True)
class _Taken:
    """A finished trial of the old study as one of the new."""

    trial: Trial
    overrides: dict[str, str]


def forked(plan: Plan, now: dict[str, Any], say: Callable[[str], None]) -> Plan:
    """Returns the plan, for a fork of its study (`<name>-2`, or the next free number) if that has begun as another one.

    The same call goes on with the fork that it has made before.

    Args:
        plan: The search.
        now: What makes the study, as `storage.identity.identity` returns it.
        say: Reports what is done, in lines.
    """
    check_not_single(plan.folder)
    if not changed(plan.folder, now):
        return plan
    for number in itertools.count(2):
        fork = StudyFolder(plan.folder.path.with_name(f"{plan.folder.name}-{number}"))
        if not fork.path.exists():
            count = _make(plan, fork, now)
            say(f"Study {fork.name} takes over {count} finished trials of {plan.folder.name}")
            break
        if fork.config.exists() and not changed(fork, now):
            break
    return replace(plan, folder=fork)


def _make(plan: Plan, fork: StudyFolder, now: dict[str, Any]) -> int:
    """Makes the study next to its place and moves it there at once; returns the number of its trials."""
    with tempfile.TemporaryDirectory(prefix=".fork-", dir=fork.path.parent) as beside:
        made = StudyFolder(Path(beside) / fork.name)
        made.path.mkdir()
        search = Search(made.journal, made.name, plan.settings, plan.parameters, plan.values)
        taken = list(_fitting(plan))
        has_baseline = any(not one.overrides for one in taken)
        if not has_baseline:
            search.ask()  # trial 0 is the baseline, which is still to be run
        for one in sorted(taken, key=lambda one: (bool(one.overrides), one.trial.number)):
            old = one.trial
            number = search.adopt(one.overrides, old.state, old.metrics, old.rows, old.seeds)
            target = made.trial(number)
            shutil.copytree(old.folder.path, target.path, ignore=shutil.ignore_patterns(*NOT_COPIED, ".*"))
            adopted = search.finished.trial(number)
            values = list(adopted.values) if adopted is not None and adopted.values else None
            origin = f"{plan.folder.name}-{old.folder.path.name}"
            state = replace(check_state(old.folder.state), trial=number, values=values, overrides=one.overrides)
            write_state(target.state, replace(state, forked_from=origin))
        files.write_yaml(made.config, now, f"# The base configuration of study {fork.name}, and its space.\n")
        os.sync()
        try:
            made.path.rename(fork.path)
        except OSError as error:
            raise UserError(f"study {fork.name} can't be made: {error}") from None
        return len(taken)


def _fitting(plan: Plan) -> Iterator[_Taken]:
    """The finished trials of the old study that the new one could have: the same configuration to the last value."""
    seen: set[str] = set()
    for trial in map(read_trial, plan.folder.trials()):
        if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED) or not trial.rows:
            continue
        if any(name not in trial.metrics for name in plan.settings.search.metric):
            continue
        try:
            overrides = _as_own(plan, trial.folder)
        except UserError:
            continue
        key = json.dumps(overrides, sort_keys=True)
        if overrides is not None and key not in seen:
            seen.add(key)
            yield _Taken(trial, overrides)


def _as_own(plan: Plan, folder: TrialFolder) -> dict[str, str] | None:
    """A trial's overrides in the new study; None if it can't be one of its trials."""
    config = parse_trial(files.read_yaml(folder.config), plan.composer.allowed)
    if config.same_result_as(plan.base):
        return {}
    given = {key_of(text): text.partition("=")[2] for text in map(str, files.read_yaml_list(folder.overrides))}
    flat = with_elements(flatten(config.plain()))
    overrides: dict[str, str] = {}
    for parameter in in_order(plan.parameters):
        if parameter.key in overrides or not holds(parameter.condition, {**plan.values, **overrides}):
            continue
        text = as_literal(flat[parameter.key]) if parameter.key in flat else given.get(parameter.key)
        text = plan.values.get(parameter.key) if text is None else text
        if text is None or not contains(parameter.domain, text):
            return None
        overrides[parameter.key] = text
    return overrides if config.same_result_as(plan.composer.config(overrides)) else None
