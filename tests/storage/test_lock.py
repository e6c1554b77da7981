"""One driver at a time works on a study."""

import subprocess
import sys

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.lock import is_held, locked

HOLD = """
import sys
from pathlib import Path
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.lock import locked
with locked(StudyFolder(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the study `mine`."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "mine")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_held_study_is_refused_with_its_holder(tmp_path, holder):
    study = StudyFolder(tmp_path / "mine")
    assert is_held(study)
    with pytest.raises(UserError, match=f"study mine is being worked on by another process .pid {holder.pid}, host"):
        locked(study).__enter__()
    assert study.driver.is_file()


def test_the_lock_of_a_killed_driver_is_free(tmp_path, holder):
    study = StudyFolder(tmp_path / "mine")
    holder.kill()
    holder.wait()
    assert not is_held(study)
    (study.path / "study.journal.lock").touch()
    with locked(study):
        assert not (study.path / "study.journal.lock").exists()
    assert not study.driver.exists()


def test_a_search_that_is_refused_leaves_no_folder(tmp_path):
    study = StudyFolder(tmp_path / "mine")
    with pytest.raises(UserError, match="no"), locked(study):
        raise UserError("no")
    assert not study.path.exists()
    with locked(study):
        study.config.touch()
    assert study.config.exists()
    assert not is_held(study)
