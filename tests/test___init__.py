"""The public names: they are these, they are light until they are asked for, and a user's code can be checked."""

import subprocess
import sys
from pathlib import Path

import pytest

import mnist_sweep as ms

USERS = """
from collections.abc import Mapping
from typing import Any

import mnist_sweep as ms


class Mine:
    sections = ("a",)
    metrics = {"x": "maximize"}

    def check(self, config: Mapping[str, Any]) -> None: ...

    def run(self, config: Mapping[str, Any], trial: ms.TrialContext) -> dict[str, float]:
        trial.report(1, x=2.0)
        return {}


task: ms.Task = Mine()


def objective(config: Mapping[str, Any], trial: ms.TrialContext) -> dict[str, float]:
    trial.report(1, loss=config["x"])
    return {"score": 1.0}


study: ms.Study = ms.sweep(task=objective, space={"x": "interval(0,1)"}, n_trials=5)
best: ms.Trial | None = study.best
if best is not None and best.value is not None:
    print(best.value + 1, best.overrides[0], best.reproduce().verdict)
"""


def test_the_public_names_are_pinned() -> None:
    assert ms.__all__ == ["Study", "Task", "Trial", "TrialContext", "UserError", "open_study", "sweep", "train"]
    assert all(getattr(ms, name) is not None for name in ms.__all__)
    assert set(ms.__all__) <= set(dir(ms))
    with pytest.raises(AttributeError, match="module 'mnist_sweep' has no attribute 'sweeep'"):
        ms.sweeep  # noqa: B018


def test_the_package_itself_is_light() -> None:
    code = (
        "import sys, mnist_sweep; print(sorted({'hydra', 'optuna', 'numpy', 'mlflow', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_users_code_is_checked_by_mypy_strictly(tmp_path: Path) -> None:
    (tmp_path / "users.py").write_text(USERS)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "users.py"]
    environment = {"MYPYPATH": str(Path(__file__).parents[1]), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert not [line for line in done.stdout.splitlines() if line.startswith("users.py")], done.stdout
    (tmp_path / "users.py").write_text(USERS.replace("best.value + 1", "best.valu + 1"))
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert 'has no attribute "valu"' in done.stdout
