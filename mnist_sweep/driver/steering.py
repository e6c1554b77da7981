"""Requests to a running search: the driver reads them from the study's folder, answers each, and logs it.

They change this call: what is asked of the study in a later one is that call's command line.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from mnist_sweep.config import UserError
from mnist_sweep.config.check import check, nearest
from mnist_sweep.config.metrics import MetricTable
from mnist_sweep.config.search_settings import parse_search
from mnist_sweep.config.spelling import read, spelled
from mnist_sweep.config.task import metric_table
from mnist_sweep.driver.budget import check_ends
from mnist_sweep.driver.seeds import OnSeeds
from mnist_sweep.driver.session_text import command_text
from mnist_sweep.driver.start import check_start, given, of_texts
from mnist_sweep.execution.jobs import workers
from mnist_sweep.search import is_finite
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.requests import Answer, Asked, Request, answer, leave, waiting

LOOK_SECONDS = 0.2
# What `set` may change; everything else makes another study, or is of the trials that run.
SETTABLE = (
    *(f"search.{name}" for name in ("n_trials", "timeout", "until", "target", "patience", "min_delta", "max_failures")),
    "runtime.workers",
)


def stop_from_mlflow(folder: StudyFolder) -> None:
    """Asks the driver to stop the search, as a person has set the tag `stop` in MLflow."""
    leave(folder, Request("stop", "the tag stop in MLflow", time.time(), is_awaited=False))


class Steering:
    """What a person asks of a search while it runs.

    Attributes:
        at_once: How many trials train at the same time.
        is_paused: Whether no further trial begins.
        is_stopped: Whether the search is to end as by Ctrl-C.
    """

    def __init__(self, source: OnSeeds) -> None:
        """Answers the requests that an earlier driver has left.

        Args:
            source: The search.
        """
        self.source, self.sweep = source, source.sweep
        self.folder = self.sweep.plan.folder
        self.at_once = workers(self.sweep.plan.settings.runtime)
        self.is_paused = self.is_stopped = False
        self._looked = 0.0
        self._refuse("the driver that was asked ended before it could answer")

    def _refuse(self, why: str) -> None:
        for asked in waiting(self.folder):
            answer(self.folder, asked, Answer(False, why))

    def close(self) -> None:
        """Answers what is still waiting: the search has ended."""
        self._refuse("the search has ended")

    def poll(self) -> Sequence[int]:
        """Answers what has been asked; returns the numbers of jobs that are to be stopped."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return []
        self._looked = now
        return [number for asked in waiting(self.folder) for number in self._answer(asked)]

    def _answer(self, asked: Asked) -> Sequence[int]:
        request = asked.request
        stopped: Sequence[int] = ()
        try:
            if request.kind == "stop" and request.trial is not None:
                stopped = self.source.stop_trial(request.trial, f"stopped by {request.by}")
                text = f"trial {request.trial} stops within a few batches, as pruned"
            else:
                text = getattr(self, f"_{request.kind}")(request)
            found = Answer(True, text)
        except UserError as error:
            found = Answer(False, str(error))
        answer(self.folder, asked, found)
        self.sweep.progress.say(f"{request.by}: {request}: {found.text}")
        return stopped

    def _stop(self, request: Request) -> str:
        self.is_stopped = True
        self.sweep.stopped_by = request.by
        return "the search stops as by Ctrl-C; the same command goes on"

    def _pause(self, request: Request) -> str:  # noqa: ARG002
        if self.is_paused:
            raise UserError("it is paused already")
        self.is_paused = True
        resume = command_text(self.sweep.plan, "resume", self.folder.name)
        return f"no further trial begins until {resume}; those that run go on"

    def _resume(self, request: Request) -> str:  # noqa: ARG002
        if not self.is_paused:
            raise UserError("it is not paused")
        self.is_paused = False
        return "trials begin again"

    def _add(self, request: Request) -> str:
        plan = self.sweep.plan
        if not request.overrides:
            raise UserError("add takes the overrides of a trial, such as model.dropout=0.3")
        overrides = of_texts(request.overrides, "add")
        named = given(overrides, plan.composer, "add")
        check_start(overrides, plan.composer, plan.description, plan.settings.constraints, "add")
        if not self.sweep.search.add(replace(named, origin=f"add by {request.by}")):
            raise UserError("this configuration has been tried, or is being tried")
        reason = self.sweep.budget.reason_to_stop(len(self.sweep.active))
        return f"it is tried with the next call: {reason}" if reason else "it is the next trial"

    def _set(self, request: Request) -> str:
        plan = self.sweep.plan
        limits, runtime = self.sweep.budget.limits, plan.settings.runtime
        search: dict[str, Any] = asdict(limits)
        at_once = self.at_once
        if not request.overrides:
            raise UserError(f"set takes values of {', '.join(SETTABLE)}")
        for text in map(spelled, request.overrides):
            key, value = text.partition("=")[0], read(text).value()
            if key not in SETTABLE:
                raise UserError(f"{key} can't be set while the search is running{nearest(key, SETTABLE)}")
            if key == "runtime.workers":
                at_once = workers(check(type(runtime), {**asdict(runtime), "workers": value}, "runtime"))
            else:
                search[key.removeprefix("search.")] = value
        table: MetricTable = metric_table(plan.task, plan.plain)
        changed = parse_search(search, table)[0]
        check_ends(changed, is_finite(plan.parameters, plan.values))
        self.sweep.budget.change(changed)
        if at_once != self.at_once:
            self.at_once = at_once
            self.sweep.files.change_workers(at_once)
        self.sweep.progress.expect_total(self.sweep.budget.limits.n_trials, at_once)
        return f"{' '.join(request.overrides)} counts from now on, in this call"
