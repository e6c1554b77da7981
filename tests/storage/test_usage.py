"""What a trial has taken of its machine."""

from pathlib import Path

from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.storage.usage import Usage, read_usage, write_usage


def test_it_is_read_as_it_was_written_and_added_up_over_seeds(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path)
    assert read_usage(folder) is None
    write_usage(folder, Usage(1.5, 300.0))
    assert read_usage(folder) == Usage(1.5, 300.0)
    folder.on_seed(1).path.mkdir(parents=True)
    write_usage(folder.on_seed(1), Usage(2.0, 250.0))
    folder.on_seed(2).path.mkdir()
    assert read_usage(folder) == Usage(3.5, 300.0)


def test_a_damaged_file_is_as_none(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path)
    folder.usage.write_text('{"cpu_seconds": "much"}')
    assert read_usage(folder) is None
