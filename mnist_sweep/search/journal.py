"""Optuna's journal for one driver: nothing walks over all trials, and only writes that must survive are synced."""

import json
import os
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend
from optuna.trial import FrozenTrial, TrialState

from mnist_sweep.search.optuna_private import JournalOperation, KnownTrialsStorage

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
# A power cut may lose these: such a trial is still running, and is run again from its beginning.
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
        """Returns the lines from a number on; Optuna's own reader remembers where each line begins."""
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


class Journal(KnownTrialsStorage):
    """A journal of one study; its format is Optuna's."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._unfinished: set[int] = set()
        super().__init__(_File(file))
        self._unfinished = {key for key, trial in self.known.items() if not trial.state.is_finished()}

    def flush(self) -> None:
        """Returns once everything that was written is on the disk."""
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
            return list(self.known.values())
        if any(state in states for state in FINISHED):
            return [trial for trial in self.known.values() if trial.state in states]
        return [self.known[key] for key in sorted(self._unfinished) if self.known[key].state in states]
