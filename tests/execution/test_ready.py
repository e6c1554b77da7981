"""Whether a task can run at all is known before the first trial."""

from pathlib import Path

import pytest

from mnist_sweep.config import UserError, parse_trial
from mnist_sweep.config.runtime_settings import RuntimeConfig
from mnist_sweep.execution.ready import check_ready

RUNTIME = RuntimeConfig("local", 1, None, None, [])


def check(name: str) -> None:
    plain = {"task": {"_target_": "mnist_sweep.tasks.Function", "function": name}, "params": {}, "study": {"seed": 0}}
    check_ready(parse_trial(plain, ["my_functions"]), ["my_functions"], RUNTIME)


def test_a_function_is_tried_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_functions.py").write_text("def good(config, trial): ...\ndef bad(config): ...\n")
    check("my_functions.good")
    with pytest.raises(UserError, match=r"task\.function must take \(config, trial\), but my_functions\.bad takes"):
        check("my_functions.bad")
    with pytest.raises(UserError, match="my_functions has no missing"):
        check("my_functions.missing")


def test_a_module_that_ends_its_process_ends_no_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_functions.py").write_text("import os\nos._exit(3)\n")
    with pytest.raises(UserError, match=r"task: my_functions\.good can't be run: its process ended with exit code 3"):
        check("my_functions.good")
