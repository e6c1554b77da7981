"""The states of a trial, and state.json, which only the driver writes."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path

from pydantic.dataclasses import dataclass as checked

from mnist_sweep.config.check import check
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.schema import LOOSE
from mnist_sweep.files import read_json, write_json


class TrialState(StrEnum):
    """The state of a trial, under Optuna's names; INTERRUPTED is one that was left for the next call."""

    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    PRUNED = "PRUNED"
    FAIL = "FAIL"
    INTERRUPTED = "INTERRUPTED"

    @property
    def is_finished(self) -> bool:
        """Whether a trial in this state is never run again."""
        return self in FINISHED

    @property
    def word(self) -> str:
        """The state in a sentence."""
        return "failed" if self is TrialState.FAIL else self.value.lower()


FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


@checked(frozen=True, config=LOOSE)
class StateFile:
    """The content of state.json.

    Attributes:
        trial: The trial's number.
        state: How it ended.
        reason: Why it failed or was interrupted, in one line.
        started, ended: Seconds since 1970.
        values: The objectives of a complete trial.
        overrides: The searched parameters, as in overrides.
        retries: How often it was lost and run again.
        audited: The epoch at which the pruner would have stopped a trial that was finished nevertheless.
        origin: What has named the trial, such as search.start, where that is not the sampler.
        infeasible: The constraints of the search that it does not meet, with its values.
        seeds: The values of each objective on the seeds of the search, where there are several; `values` has the means.
        seeds_are: What these are where they are no seeds: folds.
        seed: Of a confirmation run the number of its fresh seed, of a run on a further seed of the search its number.
        reproduces, verdict, why, not_as_it_was: Of a reproduction, which trial it repeats and how that came out.
        forked_from: Of a trial that a fork took over, where it comes from.
    """

    trial: int
    state: TrialState
    reason: str | None = None
    started: float | None = None
    ended: float | None = None
    values: list[float] | None = None
    overrides: dict[str, str] | None = None
    retries: int | None = None
    audited: int | None = None
    origin: str | None = None
    infeasible: list[str] | None = None
    seeds: dict[str, list[float]] | None = None
    seeds_are: str | None = None
    seed: int | None = None
    reproduces: str | None = None
    verdict: str | None = None
    why: str | None = None
    not_as_it_was: list[str] | None = None
    forked_from: str | None = None


ALWAYS = ("trial", "state", "reason", "started", "ended")  # written also where they are null
OF_A_SEARCH = ("values", "overrides", "retries", "audited")  # the same for the trials of a search


def write_state(file: Path, state: StateFile) -> None:
    """Writes state.json; of the keys that only some trials have, those without a value are left out."""
    always = ALWAYS if state.overrides is None else (*ALWAYS, *OF_A_SEARCH)
    content = {key: value for key, value in asdict(state).items() if value is not None or key in always}
    write_json(file, content)


def check_state(file: Path) -> StateFile:
    """Returns the content of state.json.

    Raises:
        UserError: The file is missing or damaged.
    """
    content = read_json(file)
    if isinstance(content.get("trial"), str) and content["trial"].isdigit():  # as earlier versions of `sync` wrote it
        content["trial"] = int(content["trial"])
    return check(StateFile, content, str(file))


def read_state(file: Path) -> StateFile | None:
    """Returns the content of state.json, None where it is missing or damaged."""
    try:
        return check_state(file)
    except UserError:
        return None
