"""The rooms and their walls: planted imports are refused, every module has its tests, the help is light."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "mnist_sweep"
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=None))"

# Where an import is planted, what it says, and the chain by which import-linter must name it.
PLANTS = [
    ("driver/study_files.py", "import mlflow", "mnist_sweep.driver.study_files -> mlflow"),
    ("results/study.py", "from mlflow import MlflowClient", "mnist_sweep.results.study -> mlflow"),
    ("tracking/writer.py", "import optuna", "mnist_sweep.tracking.writer -> optuna"),
    ("cli/commands/show.py", "from optuna.trial import TrialState", "mnist_sweep.cli.commands.show -> optuna"),
    ("driver/loop.py", "import tensorflow", "mnist_sweep.driver.loop -> tensorflow"),
    ("config/check.py", "import tensorflow", "mnist_sweep.config.check -> tensorflow"),
    ("confirm/runs.py", "import keras", "mnist_sweep.confirm.runs -> keras"),
    ("files.py", "import matplotlib", "mnist_sweep.files -> matplotlib"),
    ("tasks/image_classifier/training.py", "import matplotlib", "image_classifier.training -> matplotlib"),
    ("execution/runner.py", "import rich", "mnist_sweep.execution.runner -> rich"),
    ("search/study.py", "from hydra import compose", "mnist_sweep.search.study -> hydra"),
    ("storage/state.py", "from mnist_sweep import report", "mnist_sweep.storage.state -> mnist_sweep.report"),
    ("config/check.py", "from mnist_sweep import files", "mnist_sweep.config.check -> mnist_sweep.files"),
    ("formatting.py", "from mnist_sweep import provenance", "mnist_sweep.formatting -> mnist_sweep.provenance"),
    ("execution/local.py", "from mnist_sweep import search", "mnist_sweep.execution.local -> mnist_sweep.search"),
    ("tasks/__init__.py", "from mnist_sweep import tracking", "mnist_sweep.tasks -> mnist_sweep.tracking"),
    ("reproduce/verdict.py", "from mnist_sweep import confirm", "reproduce.verdict -> mnist_sweep.confirm"),
    ("results/statistics.py", "from mnist_sweep import search", "results.statistics -> mnist_sweep.search"),
    ("results/locate.py", "from mnist_sweep import tracking", "results.locate -> mnist_sweep.tracking"),
]


def copy_of_the_package(folder: Path) -> Path:
    shutil.copytree(PACKAGE, folder / "mnist_sweep", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", folder)
    return folder


def lint(folder: Path) -> tuple[int, str]:
    """The exit code and the output of lint-imports on the package in a folder."""
    command = [sys.executable, "-P", "-c", LINT]
    done = subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False
    )
    return done.returncode, re.sub(r"\s+", " ", done.stdout + done.stderr)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What lint-imports says about a copy that holds every planted import."""
    folder = copy_of_the_package(tmp_path_factory.mktemp("planted"))
    for file, line, _ in PLANTS:
        module = folder / "mnist_sweep" / file
        module.write_text(f"{module.read_text()}\n{line}\n")
    code, output = lint(folder)
    assert code == 1, output
    return output


def test_the_package_keeps_its_walls(tmp_path: Path) -> None:
    code, output = lint(copy_of_the_package(tmp_path))
    assert code == 0, output


@pytest.mark.parametrize(("file", "line", "chain"), PLANTS, ids=[f"{file}: {line}" for file, line, _ in PLANTS])
def test_a_planted_import_is_refused(planted: str, file: str, line: str, chain: str) -> None:
    assert f"{chain} (l." in planted


def test_a_module_without_a_place_is_refused(tmp_path: Path) -> None:
    (copy_of_the_package(tmp_path) / "mnist_sweep/misc.py").write_text('"""A module that no layer lists."""\n')
    code, output = lint(tmp_path)
    assert code == 1
    assert "misc" in output


def has_logic(module: Path) -> bool:
    """Whether a module has a function or a class with methods."""
    return any(isinstance(node, ast.FunctionDef) for node in ast.walk(ast.parse(module.read_text())))


def modules() -> list[str]:
    found = (m.relative_to(PACKAGE).as_posix() for m in PACKAGE.rglob("*.py") if m.name != "__init__.py")
    return sorted(m for m in found if not m.startswith("conf/"))


def without_tests() -> set[str]:
    """The modules with logic that have no test module at the mirrored place."""
    mirrored = {m: PROJECT / "tests" / Path(m).parent / f"test_{Path(m).name}" for m in modules()}
    return {m for m, test in mirrored.items() if has_logic(PACKAGE / m) and not test.is_file()}


def test_every_module_with_logic_has_a_test_module() -> None:
    assert sorted(without_tests()) == []


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_the_help_imports_nothing_heavy(argument: str) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "mnist_sweep", argument]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    heavy = {"hydra", "keras", "matplotlib", "mlflow", "numpy", "omegaconf", "optuna", "pydantic", "rich", "tensorflow"}
    assert "mnist_sweep" in imported
    assert not imported & heavy
