"""The read model of a trial: its state, values, curve and files as its folder has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mnist_sweep import files
from mnist_sweep.formatting import short, spread_text
from mnist_sweep.storage.environment import Environment, read_environment
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.storage.state import StateFile, TrialState, read_state
from mnist_sweep.storage.usage import Usage, read_usage


@dataclass(frozen=True)
class Trial:
    """A trial as its folder has it.

    Attributes:
        folder: Its folder.
        number: Its number in the study.
        state: Its state: one of Optuna's, or INTERRUPTED.
        values: Its objectives, empty unless it is complete.
        reason: Why it failed, or was stopped by hand, None unless it was.
        overrides: The searched parameters as in overrides, empty for the baseline.
        rows: The rows of history.csv, one for each epoch.
        started: When it began, in seconds since 1970.
        ended: When it ended, in seconds since 1970.
        origin: What has named it, such as search.start, None where the sampler has drawn it.
        infeasible: The constraints of the search that it does not meet.
        seeds: The values of each objective on its seeds, where there are several.
        is_adopted: Whether a fork has taken it over from another study.
        seeds_are: What the values of `seeds` are of: seeds, or folds.
    """

    folder: TrialFolder
    number: int
    state: TrialState
    values: list[float]
    reason: str | None
    overrides: dict[str, str]
    rows: list[dict[str, float]]
    started: float | None
    ended: float | None
    origin: str | None = None
    infeasible: tuple[str, ...] = ()
    seeds: Mapping[str, Sequence[float]] = field(default_factory=dict)
    is_adopted: bool = False
    seeds_are: str = "seeds"

    def spread(self, metric: str) -> str:
        """Returns the spread of an objective over the trial's seeds, in words; empty where there is one seed."""
        return spread_text(self.seeds.get(metric, ()), self.seeds_are)

    @property
    def described(self) -> str:
        """Its overrides in short, where they come from, who has stopped it, and which constraints it does not meet."""
        origin = f" ({self.origin})" if self.origin else ""
        reason = f" ({self.reason})" if self.reason and self.state is TrialState.PRUNED else ""
        infeasible = f" (infeasible: {', '.join(self.infeasible)})" if self.infeasible else ""
        return short(self.overrides) + origin + reason + infeasible

    @property
    def value(self) -> float | None:
        """The first objective."""
        return self.values[0] if self.values else None

    @property
    def metrics(self) -> dict[str, float]:
        """The final metrics, empty unless the trial is complete or was pruned."""
        return files.read_json_or_empty(self.folder.metrics)

    @property
    def usage(self) -> Usage | None:
        """What it has taken of its machine, None where that was not measured."""
        return read_usage(self.folder)

    @property
    def environment(self) -> Environment | None:
        """Where it was trained, None where its environment.json is missing or damaged."""
        return read_environment(self.folder.environment)


def read_trial(folder: TrialFolder, is_held: bool = False) -> Trial:
    """Returns a trial as its folder has it.

    Args:
        folder: The trial's folder.
        is_held: Whether a driver is running on its study: a trial without a state is then running.
    """
    state = read_state(folder.state)
    if state is None:
        name = TrialState.RUNNING if is_held else TrialState.INTERRUPTED
        state = StateFile(int(folder.path.name), name)
    # A driver that was killed may have left it so, with runs on further seeds to come.
    is_left = state.state is TrialState.RUNNING and not is_held
    return Trial(
        folder=folder,
        number=int(folder.path.name),
        state=TrialState.INTERRUPTED if is_left else state.state,
        values=list(state.values or []),
        reason=state.reason,
        overrides=state.overrides or {},
        rows=folder.rows(),
        started=state.started or files.read_json_or_empty(folder.record).get("started"),
        ended=state.ended,
        origin=state.origin,
        infeasible=tuple(state.infeasible or ()),
        seeds=state.seeds or {},
        is_adopted=state.forked_from is not None,
        seeds_are=state.seeds_are or "seeds",
    )
