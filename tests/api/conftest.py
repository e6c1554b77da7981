"""A module with functions of one's own, where scripts lie."""

import sys
from pathlib import Path

import pytest

FUNCTIONS = """
def bowl(config, trial):
    for epoch in range(3):
        trial.report(epoch, loss=(config["x"] - 0.3) ** 2 + 1 / (epoch + 1))
    return {"score": config["x"]}


def half(config, trial):
    if config["x"] > 0.5:
        raise ValueError("x is too large")
    return {"loss": config["x"]}
"""


@pytest.fixture
def functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The module, imported; it lies in the working folder."""
    (tmp_path / "functions_of_mine.py").write_text(FUNCTIONS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("functions_of_mine", None)
    import functions_of_mine

    yield functions_of_mine
    sys.modules.pop("functions_of_mine", None)
