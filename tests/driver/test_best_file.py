"""best.yaml, which can be trained and reproduced."""

import shutil
from pathlib import Path

from mnist_sweep.driver.best_file import write_best
from mnist_sweep.files import read_yaml
from mnist_sweep.results.recorded import read_best
from mnist_sweep.storage.folders import StudyFolder


def test_it_is_a_configuration_with_its_result(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "dnn-digits", tmp_path / "dnn-digits")
    study = StudyFolder(tmp_path / "dnn-digits")
    trial = study.trial(2)
    write_best(study, trial, "trial 2, the best", "mnist-sweep train x=1", read_yaml(trial.config), ["x=1"])
    found = read_best(study.best, [])
    assert found.name == "dnn-digits-0002"
    text = study.best.read_text()
    assert text.startswith("# The best trial of study dnn-digits: trial 2, the best.\n# Run it again with: ")
    assert "\n# The same as: mnist-sweep train x=1\n" in text
