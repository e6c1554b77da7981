"""Every private name of Optuna that this package uses, and why; tests/search/test_optuna_private.py checks them.

The gain is that a trial of a search of ten thousand costs as much as one of a short search: Optuna's own classes look
at all trials for each question.
"""

import copy
from collections.abc import Container
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.pruners._successive_halving import _completed_rung_key as completed_rung_key
from optuna.pruners._successive_halving import _estimate_min_resource as estimate_min_resource
from optuna.pruners._successive_halving import _get_current_rung as current_rung
from optuna.samplers import BaseSampler
from optuna.samplers._lazy_random_state import LazyRandomState
from optuna.storages.journal import JournalStorage
from optuna.storages.journal._storage import JournalOperation, JournalStorageReplayResult
from optuna.study import Study
from optuna.trial import FrozenTrial

__all__ = [
    "JournalOperation",
    "KnownTrialsStorage",
    "all_trials",
    "completed_rung_key",
    "current_rung",
    "estimate_min_resource",
    "note",
    "seed_sampler",
]


def all_trials(study: Study, use_cache: bool) -> list[FrozenTrial]:
    """Returns a study's trials without copies, from the sampler's cache if it is asked for."""
    return study._get_trials(deepcopy=False, use_cache=use_cache)


def note(study: Study, trial: FrozenTrial, key: str, value: float) -> None:
    """Writes a system attribute of a running trial, as Optuna's pruners do.

    Args:
        study: The study.
        trial: The trial.
        key: The attribute's name.
        value: What can be written as JSON.
    """
    study._storage.set_trial_system_attr(trial._trial_id, key, value)


def seed_sampler(sampler: BaseSampler, seed: int) -> None:
    """Seeds what is random in a sampler, as its constructor does; samplers that it asks are seeded too.

    Args:
        sampler: One of Optuna's samplers; what is random in another one stays as it is.
        seed: The seed.
    """
    for part in vars(sampler).values():
        kind = type(part)  # HyperbandPruner leaves a study in TPESampler that does not answer isinstance
        if issubclass(kind, LazyRandomState):
            part.rng.seed(seed)
        elif issubclass(kind, BaseSampler):
            seed_sampler(part, seed)


class _Replay(JournalStorageReplayResult):
    """As Optuna's, but each distribution is made and checked once, not for every trial that has it."""

    def __init__(self, worker_id_prefix: str) -> None:
        super().__init__(worker_id_prefix)
        self._made: dict[tuple[str, str], BaseDistribution] = {}

    def _apply_set_trial_param(self, log: dict[str, Any]) -> None:
        number, name = log["trial_id"], log["param_name"]
        known = self._made.get((name, log["distribution"]))
        if known is None or not self._trial_exists_and_updatable(number, log):
            super()._apply_set_trial_param(log)
            if number in self._trials and name in self._trials[number].distributions:
                self._made[name, log["distribution"]] = self._trials[number].distributions[name]
            return
        trial = copy.copy(self._trials[number])
        trial.params = {**trial.params, name: known.to_external_repr(log["param_value_internal"])}
        trial.distributions = {**trial.distributions, name: known}
        self._trials[number] = trial


class KnownTrialsStorage(JournalStorage):
    """Optuna's journal storage, whose trials can be looked at without a copy of their list."""

    @property
    def known(self) -> dict[int, FrozenTrial]:
        """Returns all trials by number: the journal has one study only."""
        return self._replay_result._trials

    def _sync_with_backend(self) -> None:
        if not isinstance(self._replay_result, _Replay):
            self._replay_result = _Replay(self._worker_id_prefix)
        super()._sync_with_backend()


class StudyView:
    """A study of which a sampler sees only the trials that `_seen` returns; everything else is the study's own."""

    def __init__(self, study: Study) -> None:
        self._study = study

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def seen(self, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        """Returns those of all trials that the sampler sees."""
        raise NotImplementedError

    def _get_trials(
        self,
        deepcopy: bool = True,  # noqa: ARG002 - Optuna's signature; a sampler does not change trials
        states: Container[Any] | None = None,
        use_cache: bool = False,
    ) -> list[FrozenTrial]:
        trials = self.seen(all_trials(self._study, use_cache))
        return trials if states is None else [trial for trial in trials if trial.state in states]
