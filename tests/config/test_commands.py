"""Commands that are shown."""

import shlex

import pytest

from mnist_sweep.cli.arguments import parse_arguments
from mnist_sweep.config.commands import study_command
from mnist_sweep.config.compose import trusted_modules


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "mnist-sweep confirm p1"),
        ({"allowed": ["mine"]}, "mnist-sweep confirm p1 'runtime.allowed_targets=[mine]'"),
        ({"runs_folder": "my runs"}, "mnist-sweep confirm p1 'runs_folder=my\\ runs'"),
    ],
)
def test_a_command_has_what_it_needs_and_no_more(given: dict[str, object], expected: str) -> None:
    assert study_command("confirm", "p1", **given) == expected  # type: ignore[arg-type]


def test_what_is_shown_can_be_pasted() -> None:
    line = study_command("reproduce", "p1", ["one", "two.three"], "a, b")
    name, *given = shlex.split(line)[1:]
    overrides = parse_arguments(name, given).overrides
    assert trusted_modules(overrides) == ["one", "two.three"]
    assert "study_name=p1" in overrides
