"""Optuna's journal for one driver: nothing walks over all trials, and only what has to be on the disk is waited for."""

import copy
import json
import os
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.storages.journal import BaseJournalBackend, JournalStorage
from optuna.storages.journal._storage import JournalOperation, JournalStorageReplayResult
from optuna.trial import FrozenTrial, TrialState

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
# A power cut may take these with it: such a trial is still running, and is run again from its beginning.
MAY_WAIT = (
    JournalOperation.SET_TRIAL_PARAM,
    JournalOperation.SET_TRIAL_INTERMEDIATE_VALUE,
    JournalOperation.SET_TRIAL_SYSTEM_ATTR,
)


def _may_wait(line: dict[str, Any]) -> bool:
    begun = line["op_code"] == JournalOperation.CREATE_TRIAL and "state" not in line
    return begun or line["op_code"] in MAY_WAIT


class _File(BaseJournalBackend):
    """The journal's file, written by the process that holds the study's folder: it needs no lock of its own."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._read = self._offset = 0  # lines, bytes
        file.touch()

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """The lines from a number on; Optuna's own reader remembers where each line begins."""
        if log_number_from < self._read:
            self._read = self._offset = 0
        with self.file.open("rb") as journal:
            journal.seek(self._offset)
            for line in journal:
                self._offset += len(line)
                self._read += 1
                if self._read > log_number_from:
                    yield json.loads(line)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Writes lines at once, and waits until they are on the disk if they have to be."""
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        with self.file.open("ab") as journal:
            journal.write(text.encode())
            journal.flush()
            if not all(map(_may_wait, logs)):
                os.fsync(journal.fileno())


class _Replay(JournalStorageReplayResult):
    """As Optuna's, but each distribution is made and checked once, not for every trial that has it."""

    def __init__(self, worker_id_prefix: str) -> None:
        super().__init__(worker_id_prefix)
        self._distributions: dict[tuple[str, str], BaseDistribution] = {}

    def _apply_set_trial_param(self, log: dict[str, Any]) -> None:
        number, name = log["trial_id"], log["param_name"]
        known = self._distributions.get((name, log["distribution"]))
        if known is None or not self._trial_exists_and_updatable(number, log):
            super()._apply_set_trial_param(log)
            if number in self._trials and name in self._trials[number].distributions:
                self._distributions[name, log["distribution"]] = self._trials[number].distributions[name]
            return
        trial = copy.copy(self._trials[number])
        trial.params = {**trial.params, name: known.to_external_repr(log["param_value_internal"])}
        trial.distributions = {**trial.distributions, name: known}
        self._trials[number] = trial


class Journal(JournalStorage):
    """A journal of one study; its format is Optuna's."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._unfinished: set[int] = set()
        super().__init__(_File(file))
        self._unfinished = {key for key, trial in self._known.items() if not trial.state.is_finished()}

    @property
    def _known(self) -> dict[int, FrozenTrial]:
        """All trials, by number: there is no other study whose trials could be among them."""
        return self._replay_result._trials

    def _sync_with_backend(self) -> None:
        if not isinstance(self._replay_result, _Replay):
            self._replay_result = _Replay(self._worker_id_prefix)
        super()._sync_with_backend()

    def settle(self) -> None:
        """Waits until everything that was written is on the disk."""
        with self.file.open("rb") as journal:
            os.fsync(journal.fileno())

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """As Optuna's."""
        number = super().create_new_trial(study_id, template_trial)
        if template_trial is None or not template_trial.state.is_finished():
            self._unfinished.add(number)
        return number

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Any = None) -> bool:
        """As Optuna's."""
        done = super().set_trial_state_values(trial_id, state, values)
        if state.is_finished():
            self._unfinished.discard(trial_id)
        return done

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """As Optuna's, which looks at each trial every time."""
        if deepcopy or study_id != 0:
            return super().get_all_trials(study_id, deepcopy, states)
        if states is None:
            return list(self._known.values())
        if any(state in states for state in FINISHED):
            return [trial for trial in self._known.values() if trial.state in states]
        return [self._known[key] for key in sorted(self._unfinished) if self._known[key].state in states]
