"""Which trials of a study were drawn at random, before its sampler had a model, and which it proposed."""

from dataclasses import dataclass

import numpy as np

from mnist_sweep.results.random_search import RandomSearch, gain_of
from mnist_sweep.results.study import Study
from mnist_sweep.results.trial import Trial
from mnist_sweep.storage.state import TrialState


@dataclass(frozen=True)
class _Drawn:
    """The trials that a sampler has drawn: without a model, at random, and with one."""

    random: list[Trial]
    proposed: list[Trial]


def _drawn(study: Study, startup: int) -> _Drawn:
    """Tells the trials that were drawn at random from the others: so many had to end before there was a model."""
    ended = sorted(trial.ended for trial in study.of_state(TrialState.COMPLETE, TrialState.PRUNED) if trial.ended)
    found = _Drawn([], [])
    for trial in study.of_state(TrialState.COMPLETE, TrialState.PRUNED):
        if trial.number == 0 or trial.origin is not None or trial.is_adopted:
            continue
        known = int(np.searchsorted(ended, trial.started or 0.0))
        is_random = trial.number < startup or known < startup
        (found.random if is_random else found.proposed).append(trial)
    return found


def random_search(study: Study) -> RandomSearch | None:
    """Returns what can be said of a study's sampler beside random search; None where it is random itself, or a grid.

    Args:
        study: The study.
    """
    startup = study.plain.get("sampler", {}).get("n_startup_trials")
    if not isinstance(startup, int):
        return None
    drawn, compared = _drawn(study, startup), study.compared
    values = {trial.number: study.sign * value for trial, value in compared.values}
    proposed, random = (
        [values[trial.number] for trial in some if trial.number in values] for some in (drawn.proposed, drawn.random)
    )
    return RandomSearch(compared.label, len(random), len(proposed), gain_of(proposed, random))
