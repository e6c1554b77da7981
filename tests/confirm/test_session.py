"""A confirmation needs a search in which something was trained."""

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.confirm.session import _check
from mnist_sweep.files import write_yaml
from mnist_sweep.storage.folders import StudyFolder


def test_single_trials_and_dry_runs_have_nothing_to_confirm(tmp_path) -> None:
    study = StudyFolder(tmp_path / "one")
    study.path.mkdir()
    with pytest.raises(UserError, match="study=one holds single trials: only a search has finalists to confirm"):
        _check(study)
    write_yaml(study.config, {"task": {"_target_": "mnist_sweep.tasks.Dry"}})
    with pytest.raises(UserError, match="a dry run: nothing was trained"):
        _check(study)
    write_yaml(study.config, {})
    _check(study)
