import importlib.util
import json
import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from mnist_sweep import provenance

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


def _git(folder, *arguments):
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments],
        capture_output=True, text=True, check=True, env={**CLEAN, "GIT_CONFIG_GLOBAL": os.devnull},
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository of its own that holds a copy of the module as package `copy`; gives its folder."""
    for name in os.environ.keys() - CLEAN.keys():
        monkeypatch.delenv(name)
    package = tmp_path / "checkout" / "copy"
    package.mkdir(parents=True)
    shutil.copy(provenance.__file__, package / "provenance.py")
    (package / "__init__.py").touch()
    _git(package.parent, "init", "--quiet")
    return package.parent


def _load(folder):
    """The copy, with a cache of its own."""
    spec = importlib.util.spec_from_file_location("copy_of_provenance", folder / "copy" / "provenance.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@needs_git
def test_the_commit_is_that_of_the_checkout_the_package_lies_in(checkout, tmp_path, monkeypatch):
    _git(checkout, "add", ".")
    _git(checkout, "commit", "--quiet", "-m", "first")
    (checkout / ".gitignore").write_text("__pycache__\n.gitignore\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert _load(checkout).commit() == (_git(checkout, "rev-parse", "HEAD"), False)
    (checkout / "copy" / "__init__.py").write_text("changed = True\n", encoding="utf-8")
    assert _load(checkout).commit() == (_git(checkout, "rev-parse", "HEAD"), True)


@needs_git
def test_a_package_that_the_checkout_around_it_does_not_know_has_no_commit(checkout):
    (checkout / "theirs.txt").touch()
    _git(checkout, "add", "theirs.txt")
    _git(checkout, "commit", "--quiet", "-m", "first")
    assert _load(checkout).commit() == (None, None)


def test_a_package_outside_of_a_checkout_has_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "copy").mkdir()
    shutil.copy(provenance.__file__, tmp_path / "copy" / "provenance.py")
    assert _load(tmp_path).commit() == (None, None)


def test_a_machine_without_git_has_no_commit(checkout, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _load(checkout).commit() == (None, None)


def test_the_environment_says_what_a_result_may_depend_on():
    found = provenance.environment("mnist-sweep train", "make sweep")
    assert (found["command"], found["started_by"]) == ("mnist-sweep train", "make sweep")
    assert found["versions"]["python"] == platform.python_version()
    for name in ("tensorflow", "keras", "numpy", "optuna", "mlflow", "hydra-core", "scikit-learn", "mnist_sweep"):
        assert found["versions"][name] == version(name)
    assert found["cores"] >= 1
    assert found["processor"]
    assert json.loads(json.dumps(found)) == found


@pytest.mark.skipif(not Path("/proc/cpuinfo").is_file(), reason="no /proc/cpuinfo on this system")
def test_the_processor_is_that_of_cpuinfo():
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    assert provenance.processor() in text or provenance.processor() == platform.machine()
    flags = next((line.split() for line in text.splitlines() if line.startswith("flags")), [])
    assert provenance.features() == sorted(set(provenance.features()) & set(flags))
    assert ("avx2" in flags) == ("avx2" in provenance.features())


def test_the_class_of_a_machine_depends_on_features_caches_and_versions(monkeypatch):
    found = {provenance.machine_class()}
    assert len(next(iter(found))) == 12
    with monkeypatch.context() as patch:
        patch.setattr(provenance.cpu, "caches", lambda: ["L3 Unified 1K"])
        found.add(provenance.machine_class())
    with monkeypatch.context() as patch:
        patch.setattr(provenance.cpu, "flags", lambda: frozenset({"avx2"}))
        found.add(provenance.machine_class())
    with monkeypatch.context() as patch:
        patch.setattr(provenance, "versions", lambda: {"tensorflow": "0", "numpy": "0"})
        found.add(provenance.machine_class())
    assert len(found) == 4
    assert provenance.machine()["machine_class"] in found


def test_the_source_digest_changes_with_any_python_file(checkout):
    copied = _load(checkout)
    before = copied.source_digest()
    copied.source_digest.cache_clear()
    (checkout / "copy" / "more.py").write_text("x = 1")
    assert copied.source_digest() != before
