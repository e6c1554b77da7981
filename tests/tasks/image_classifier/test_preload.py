"""What the fork server imports once: quietly, and without a thread, for a fork with several threads may hang."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# It tells by a file of its own, so that whatever stands in stdout or stderr came from the import.
LOOK = """
import gc, json, os, sys
import mnist_sweep.execution.preload
import mnist_sweep.tasks.image_classifier.preload as preload
found = {
    "absent": [name for name in (*preload.PRELOADED, "tensorflow") if name not in sys.modules],
    "preloaded": len(preload.PRELOADED),
    "threads": len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1,
    "tracked": len(gc.get_objects()),
    "kept_apart": gc.get_freeze_count(),
}
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(found, file)
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the module leaves behind, in a process of its own that said nothing."""
    folder = tmp_path_factory.mktemp("preload")
    # As a user starts it: TensorFlow's log level is not set from outside.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
    environment["PYTHONPATH"] = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(folder / "found.json")],
        capture_output=True, text=True, cwd=folder, env=environment, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return json.loads((folder / "found.json").read_text(encoding="utf-8"))


def test_everything_is_there_and_nothing_is_said(found):
    assert found["absent"] == []
    assert found["preloaded"] > 0


def test_a_trials_collector_does_not_walk_over_what_was_imported(found):
    assert found["kept_apart"] > 10 * found["tracked"]


def test_there_is_one_thread(found):
    assert found["threads"] == 1
