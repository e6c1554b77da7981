"""Goes on with a study in another search space: what was tried keeps its number, and what lies outside is marked."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mnist_sweep import files
from mnist_sweep.config import UserError
from mnist_sweep.config.domains import contains
from mnist_sweep.config.search_settings import parse_search
from mnist_sweep.config.space import holds, parse_space
from mnist_sweep.config.task import metric_table
from mnist_sweep.driver.plan import Plan
from mnist_sweep.driver.start import given
from mnist_sweep.search.moving import move
from mnist_sweep.storage.deleted import deleted_numbers
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.identity import changed
from mnist_sweep.storage.revisions import KEY, Revision, revisions
from mnist_sweep.storage.state import read_state, write_state

SPACE = ("search.space", "search.when")


def is_revision(folder: StudyFolder, now: dict[str, Any]) -> bool:
    """Returns whether a study was begun as what it would be now, but for its search space."""
    different = changed(folder, now)
    prefixes = tuple(f"{key}{end}" for key in SPACE for end in ".:")
    return bool(different) and all(line.startswith(prefixes) for line in different)


def _journal(folder: StudyFolder, number: int) -> Path:
    """The journal of a revision, until it has taken the place of the study's."""
    return folder.journal.with_name(f"{folder.journal.name}.revision-{number}")


def _place(plan: Plan, overrides: Mapping[str, str]) -> tuple[Mapping[str, str], Mapping[str, str] | None]:
    """Returns the values of a trial's configuration, and its overrides in the new space, None where it is outside."""
    try:
        config = plan.composer.config(overrides)
        values = {**plan.values, **given(overrides, plan.composer, SPACE[0]).values}
        own: dict[str, str] = {}
        for parameter in plan.parameters:
            if parameter.key in own or not holds(parameter.condition, values):
                continue
            if parameter.key not in values or not contains(parameter.domain, values[parameter.key]):
                return values, None
            own[parameter.key] = values[parameter.key]
        return values, own if plan.composer.config(own).same_result_as(config) else None
    except UserError:  # a combination that can't be composed
        return overrides, None


def revise(plan: Plan, now: dict[str, Any], say: Callable[..., None]) -> None:
    """Gives a study, which has to be locked, the search space of a plan.

    The new journal lies beside the old one until config.yaml has the new space: at whatever moment this is killed, the
    next call finds the old study, or the new one that `finish` completes.

    Args:
        plan: The search.
        now: What makes the study, as `storage.identity.identity` returns it.
        say: Reports what was done, in lines.
    """
    folder, stored = plan.folder, files.read_yaml(plan.folder.config)
    search, _ = parse_search(stored["search"], metric_table(plan.task, plan.plain))
    former, number = list(revisions(stored)), len(revisions(stored)) + 1
    new = _journal(folder, number)
    new.unlink(missing_ok=True)  # of a call that was killed
    before = parse_space(search.space, search.when)
    outside = move(
        folder.journal, new, search.direction, before, plan.parameters, lambda one: _place(plan, one), number
    )
    numbers = [int(trial.path.name) for trial in folder.trials()]
    until = max([*numbers, *deleted_numbers(folder)], default=-1) + 1
    former.append(Revision(until, time.time(), search.space, search.when))
    header = f"# The base configuration of study {folder.name}, and its space.\n"
    files.write_yaml(folder.config, {**now, KEY: [asdict(one) for one in former]}, header)
    left = f"; {len(outside)} of those before lie outside: {', '.join(map(str, outside))}" if outside else ""
    say(f"Revision {number} of the search space, for the trials from {until} on{left}", wrap=True)
    finish(plan)


def finish(plan: Plan) -> None:
    """Completes a revision that was recorded in config.yaml, if one is not complete."""
    folder = plan.folder
    number = len(revisions(files.read_yaml(folder.config))) if folder.config.is_file() else 0
    new = _journal(folder, number)
    if not number or not new.is_file():
        return
    for trial in plan.search(new).finished.trials():
        one = folder.trial(trial.number)
        if (state := read_state(one.state)) is not None:
            marked = replace(state, infeasible=list(trial.infeasible) or None, overrides=trial.overrides)
            write_state(one.state, replace(marked, state=trial.state, reason=trial.reason, origin=trial.origin))
            if one.tracking.is_file():
                files.write_json(one.tracking, {**files.read_json_or_empty(one.tracking), "mirrored": None})
    folder.settled.unlink(missing_ok=True)
    before = folder.journal.with_name(f"{folder.journal.name}.before-revision-{number}")
    if not before.exists():
        os.link(folder.journal, before)
    new.replace(folder.journal)
