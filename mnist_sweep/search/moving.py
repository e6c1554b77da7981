"""Optuna's trials in another search space: the same numbers and results, and what each is in the new space."""

import copy
import datetime
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from optuna.pruners import NopPruner
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunasState

from mnist_sweep.config.domains import literal
from mnist_sweep.config.metrics import Direction
from mnist_sweep.config.space import Parameter, active
from mnist_sweep.search.adoption import inside
from mnist_sweep.search.distributions import distribution
from mnist_sweep.search.given import given_params
from mnist_sweep.search.opening import open_study
from mnist_sweep.search.trials import GIVEN, INFEASIBLE, ORIGIN, REASON, VALUES, given

OUTSIDE = "outside of search.space"  # how the reason of a trial begins that the present space does not have
EARLIER = "an earlier search.space"

# Returns the values of a trial's configuration for the new space, and its overrides there, None where it is outside.
Place = Callable[[Mapping[str, str]], tuple[Mapping[str, str], Mapping[str, str] | None]]


def move(
    old: Path, new: Path, directions: Sequence[Direction], before: Sequence[Parameter], after: Sequence[Parameter],
    place: Place, revision: int,
) -> list[int]:  # fmt: skip
    """Writes a journal with the trials of another one, which have their numbers, in a new search space.

    A trial that lies outside of the new space keeps its result, but is marked and can't be the best; one that has not
    ended is given up then.

    Args:
        old: The journal, which stays.
        new: The new one, which must not be there.
        directions: The directions of the objectives.
        before: The old search space.
        after: The new one.
        place: Where a trial of some overrides lies in it.
        revision: The number of the revision.

    Returns:
        The numbers of the trials outside.
    """
    opened = open_study(old, "", directions, NopPruner())
    name = opened.study.study_name
    target = open_study(new, name, directions, NopPruner()).study
    marked = []
    for trial in opened.study.get_trials(deepcopy=False):
        moved = copy.deepcopy(trial)
        if _moved(moved, before, after, place, revision):
            marked.append(trial.number)
        target.add_trial(moved)
    return marked


def _moved(
    trial: FrozenTrial, before: Sequence[Parameter], after: Sequence[Parameter], place: Place, revision: int
) -> bool:
    """Moves a trial; returns whether it lies outside."""
    named, domains = given(trial.number, trial.user_attrs), {parameter.key: parameter.domain for parameter in before}
    drawn = {key: literal(domains[key], value) for key, value in trial.params.items() if key in domains}
    overrides = drawn if named is None else named
    values, found = place(overrides)
    is_earlier = trial.user_attrs.get(ORIGIN) == EARLIER  # outside of the former space, and maybe no longer
    attributes = {key: value for key, value in trial.user_attrs.items()
                  if key not in (INFEASIBLE, VALUES) and not (is_earlier and key in (ORIGIN, GIVEN))}  # fmt: skip
    broken = [text for text in trial.user_attrs.get(INFEASIBLE, []) if not text.startswith(OUTSIDE)]
    is_outside = found is None and (named is None or is_earlier)
    if is_outside:
        broken.append(f"{OUTSIDE} since revision {revision}")
        attributes |= {GIVEN: dict(overrides), ORIGIN: EARLIER}
        if not trial.state.is_finished():
            trial.state, trial.datetime_complete = OptunasState.PRUNED, datetime.datetime.now()
            trial.datetime_start = trial.datetime_start or trial.datetime_complete
            attributes[REASON] = broken[-1]
    if GIVEN in attributes:
        keys = {*(one.key for one in after), *(one.condition.key for one in after if one.condition)}
        attributes[VALUES] = {key: text for key, text in values.items() if key in keys}
    if broken:
        attributes[INFEASIBLE] = broken
    trial.user_attrs = attributes
    domains_after = active(after, values)
    params = {} if is_outside else inside(domains_after, given_params(after, values))
    trial.params = {}
    trial.distributions = {key: distribution(domains_after[key]) for key in params}
    trial.params = params
    return is_outside
