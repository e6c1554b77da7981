"""best.yaml: the best trial's complete configuration, for `mnist-sweep train`, and its result, for `reproduce`."""

from collections.abc import Mapping, Sequence
from typing import Any

from mnist_sweep import files
from mnist_sweep.execution.jobs import shortest
from mnist_sweep.results.recorded import result_of
from mnist_sweep.storage.folders import StudyFolder, TrialFolder


def write_best(
    study: StudyFolder, trial: TrialFolder, line: str, command: str, config: Mapping[str, Any], overrides: Sequence[str]
) -> None:
    """Writes best.yaml.

    Args:
        study: The study's folder.
        trial: The best trial's folder.
        line: The trial in words.
        command: The command that trains it.
        config: Its configuration as it is stored.
        overrides: Its overrides.
    """
    header = (
        f"# The best trial of study {study.name}: {line}.\n"
        f"# Run it again with: mnist-sweep train {shortest(study.best)}\n"
        f"# The same as: {command}\n"
    )
    files.write_yaml(study.best, {**config, "recorded": result_of(trial, study.name, overrides)}, header)
