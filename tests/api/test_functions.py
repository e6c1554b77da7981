"""A function as what a configuration says of it."""

import functools
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mnist_sweep.api.functions import name_of, of_function, of_space
from mnist_sweep.config import UserError


def top(config, trial): ...


def test_a_function_of_a_module_is_its_name() -> None:
    assert name_of(top) == f"{__name__}.top"
    assert of_function(top) == ["task=function", f"task.function={__name__}.top",
                                f"runtime.allowed_targets=[{__name__}]"]  # fmt: skip


def test_a_function_may_be_named() -> None:
    assert of_function("mine.top")[1] == "task.function=mine.top"


def test_a_function_that_no_process_can_import_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def inner(config, trial): ...

    for function in (inner, lambda config, trial: None, functools.partial(top, 1)):
        with pytest.raises(UserError, match="task must be a function at the top of a module"):
            name_of(function)
    monkeypatch.setattr(top, "__module__", "__main__")
    monkeypatch.delattr("__main__.__file__", raising=False)
    with pytest.raises(UserError, match=r"top was defined in a notebook .* %%writefile my_top.py"):
        name_of(top)


def test_a_space_is_written_as_overrides() -> None:
    assert of_space({"x": "interval(0,1)", "kind": ["a", "b"], "model.units": (1, 2), "n": 3}) == [
        "params.x=interval(0,1)", "params.kind=choice(a,b)", "model.units=choice(1,2)", "params.n=3",
    ]  # fmt: skip
    assert of_space({"n": range(2), "x": np.array([0.5, 1.0])}) == ["params.n=choice(0,1)", "params.x=choice(0.5,1.0)"]
    assert of_space({"n": np.int64(3), "x": np.float64(0.5)}) == ["params.n=3", "params.x=0.5"]
    with pytest.raises(UserError, match=r"space must be a dictionary such as .*, got \['x'\]"):
        of_space(["x"])  # type: ignore[arg-type]
    with pytest.raises(UserError, match="space: x must have numbers, texts, true, false or lists of them, got <object"):
        of_space({"x": object()})
    with pytest.raises(UserError, match="space must have keys that are texts, got 1"):
        of_space({1: "interval(0,1)"})  # type: ignore[dict-item]


def test_a_module_that_is_run_within_its_package_has_the_packages_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "search.py").touch()
    monkeypatch.setattr(top, "__module__", "__main__")
    monkeypatch.setattr("__main__.__file__", str(tmp_path / "search.py"), raising=False)
    monkeypatch.setattr("__main__.__spec__", SimpleNamespace(name="mine.search"))
    assert name_of(top) == "mine.search.top"
    monkeypatch.setattr("__main__.__spec__", None)
    assert name_of(top) == "search.top"
