"""Where the later runs of a study run."""

from pathlib import Path

from mnist_sweep.api.around import defaults, surroundings


def test_they_run_as_the_command_line_has_it(tmp_path: Path) -> None:
    around = surroundings(tmp_path, ["mine"])
    assert (around.runs_folder, around.runtime.executor) == (tmp_path, "local")
    assert around.runtime.allowed_targets == ["mine"]
    assert defaults(tmp_path, ["mine"]).trusted == ["mine"]
