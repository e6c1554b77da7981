"""The modules of somebody's own that a configuration names."""

import hashlib
import sys
from pathlib import Path

import pytest

from mnist_sweep.config.sources import sources


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "of_mine_a.py").write_text("raise SystemExit('it must not be imported')\n")
    (tmp_path / "of_mine_b" / "inner").mkdir(parents=True)
    (tmp_path / "of_mine_b" / "__init__.py").write_text("")
    (tmp_path / "of_mine_b" / "inner" / "__init__.py").write_text("x = 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_module_has_the_digest_of_its_file(modules: Path) -> None:
    config = {
        "task": {"_target_": "mnist_sweep.tasks.Function", "function": "of_mine_a.f"},
        "model": {"_target_": "of_mine_b.inner.net", "layers": [{"_target_": "keras.regularizers.L2"}]},
        "params": {"function": "of_mine_b.value"},
    }
    assert sources(config) == {
        "of_mine_a": hashlib.sha256((modules / "of_mine_a.py").read_bytes()).hexdigest(),
        "of_mine_b.inner": hashlib.sha256(b"x = 1\n").hexdigest(),
    }
    assert "of_mine_a" not in sys.modules


@pytest.mark.parametrize(
    "name", ["mnist_sweep.models.cnn", "keras.optimizers.Adam", "not_there.f", "noname", "sys.exit"]
)
def test_libraries_and_what_is_not_there_have_none(modules: Path, name: str) -> None:
    assert sources({"model": {"_target_": name}}) == {}
