"""README and docs: marked commands run, links lead somewhere, and what they list is what there is."""

import ast
import re
import shlex
from pathlib import Path

import pytest

from mnist_sweep.cli.arguments import COMMANDS
from mnist_sweep.cli.main import run
from mnist_sweep.storage.folders import StudyFolder, TrialFolder, files_of

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks/RESULTS.md"]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
MARK = re.compile(r"<!-- runnable(?:: ([^>]*?))? -->\n\n((?:    .*\n)+)")


def blocks() -> list[tuple[str, str, list[str]]]:
    """Page, further overrides, and commands of every marked block."""
    found = []
    for page, name in zip(PAGES, NAMES, strict=True):
        for more, text in MARK.findall(page.read_text()):
            found.append((name, more, [line.strip() for line in text.splitlines()]))
    return found


def test_there_are_marked_blocks_in_the_readme_and_in_the_docs() -> None:
    assert {"README.md", "docs/concepts.md", "docs/command_line.md"} <= {name for name, _, _ in blocks()}


@pytest.mark.parametrize(("page", "more", "commands"), blocks())
def test_a_marked_block_runs(
    page: str, more: str, commands: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (ROOT / "README.md").read_text()
    for file, text in re.findall(r"    # (\w[\w/]*\.(?:py|yaml))\n((?:    (?!# \w[\w/]*\.).*\n|\n)+)", readme):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("\n".join(line[4:] for line in text.splitlines()))
    monkeypatch.chdir(tmp_path)
    for line in commands:
        words = shlex.split(line, comments=True)
        assert words[0] == "mnist-sweep"
        assert run([*words[1:], *shlex.split(more)]) == 0, f"{page}: {line}"


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            assert anchor in {slug(heading) for heading in headings}, target


def test_every_command_and_every_option_of_a_group_is_documented() -> None:
    text = (ROOT / "docs/command_line.md").read_text()
    for command in COMMANDS:
        assert f"`{command}`" in text or f"mnist-sweep {command}" in text, command
    table = dict(re.findall(r"^\| (\w+) \| (.*) \|$", text, re.MULTILINE))
    for folder in (ROOT / "conf").iterdir():
        if folder.is_dir() and folder.name in table:
            for option in folder.glob("*.yaml"):
                assert option.stem in table[folder.name], f"{folder.name}={option.stem}"


def test_every_command_and_every_option_that_is_documented_exists() -> None:
    text = (ROOT / "docs/command_line.md").read_text()
    assert set(re.findall(r"mnist-sweep ([a-z]+)", text)) <= set(COMMANDS)
    groups = re.findall(r"^\| (\w+) \| (.*) \|$", text.partition("## Groups")[2].partition("\n## ")[0], re.MULTILINE)
    for group, options in groups[1:]:
        for option in re.sub(r" \([^)]*\)", "", options).split(", "):
            folder = ROOT / ("experiments" if group == "experiment" else f"conf/{group}")
            assert option == "auto" or (folder / f"{option}.yaml").is_file(), f"{group}={option}"


def test_the_files_of_a_study_are_those_that_are_listed() -> None:
    text = (ROOT / "docs/study_files.md").read_text()
    study, trial = text.partition("A trial's folder:")[::2]
    for kind, part in ((StudyFolder, study), (TrialFolder, trial)):
        listed = set(re.findall(r"^\| ([\w.]+) \| (?!what it holds)", part, re.MULTILINE)) - {"file"}
        there = {name for name, _ in files_of(kind) if not name.startswith(".")}
        assert listed == there


def test_each_step_of_the_walks_is_a_function() -> None:
    steps = re.findall(r"^\d+\. (\S+\.py):(\w+)$", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    assert len(steps) > 25
    for file, name in steps:
        tree = ast.parse((ROOT / file).read_text())
        assert any(isinstance(node, ast.FunctionDef) and node.name == name for node in ast.walk(tree)), (file, name)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_each_module_that_is_named_is_there(page: Path) -> None:
    folders = [
        ROOT / name for name in ("mnist_sweep", "tests", "docs", "examples", "benchmarks", "conf", "experiments")
    ]
    files = [f"/{path.relative_to(ROOT)}" for folder in folders for path in folder.rglob("*.py")]
    for name, function in re.findall(r"`((?:[a-z_]\w*/)+\w+\.py)(?::(\w+))?`", page.read_text()):
        found = [ROOT / file[1:] for file in files if file.endswith(f"/{name}")]
        assert found, name
        assert not function or any(f"def {function}(" in file.read_text() for file in found), f"{name}:{function}"
