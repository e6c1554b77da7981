"""The help that is printed before anything is imported."""

import pytest

from mnist_sweep import __version__
from mnist_sweep.__main__ import HELP, main
from mnist_sweep.cli.main import COMMANDS


def test_every_command_is_in_the_help() -> None:
    lines = HELP.splitlines()
    assert [name for name in COMMANDS if not any(line.split()[:1] == [name] for line in lines)] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [([], HELP), (["-h"], HELP), (["--help"], HELP), (["--version"], f"mnist-sweep {__version__}\n")],
)
def test_help_and_version(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["mnist-sweep", *arguments])
    main()
    assert capsys.readouterr().out == said
