"""Where the files of a study and of its trials lie."""

import pytest

from mnist_sweep.storage.folders import File, StudyFolder, TrialFolder, files_of


def test_a_study_is_one_folder(tmp_path):
    study = StudyFolder(tmp_path / "mine")
    assert study.name == "mine"
    assert study.trial(7).path == tmp_path / "mine" / "trials" / "0007"
    assert study.trial(12345).path.name == "12345"
    files = [study.config, study.journal, study.lock, study.best, study.summary, study.tracking]
    trial = study.trial(7)
    files += [trial.config, trial.overrides, trial.history, trial.metrics, trial.environment, trial.predictions]
    files += [trial.figures, trial.summary, trial.model, trial.log, trial.state, trial.tracking]
    assert len(set(files)) == len(files)
    assert all(file.is_relative_to(study.path) for file in files)


def test_trials_are_listed_by_number(tmp_path):
    study = StudyFolder(tmp_path)
    assert study.trials() == []
    for number in (10, 2, 0):
        study.trial(number).path.mkdir(parents=True)
    (tmp_path / "trials" / "notes").mkdir()
    assert [trial.path.name for trial in study.trials()] == ["0000", "0002", "0010"]


def test_trials_stay_in_order_beyond_ten_thousand(tmp_path):
    study = StudyFolder(tmp_path)
    for number in (9999, 10000, 100):
        study.trial(number).path.mkdir(parents=True)
    assert [trial.path.name for trial in study.trials()] == ["0100", "9999", "10000"]


def test_confirmation_runs_are_listed(tmp_path):
    study = StudyFolder(tmp_path)
    assert study.confirmations() == []
    for number, seed in ((7, 2), (7, 0), (12, 1)):
        study.confirmation(number, seed).path.mkdir(parents=True)
    (tmp_path / "confirm" / "notes").mkdir()
    assert [run.path.name for run in study.confirmations()] == ["0007-0", "0007-2", "0012-1"]


@pytest.mark.parametrize("kind", [TrialFolder, StudyFolder])
def test_every_file_is_listed_once_with_what_it_holds(tmp_path, kind):
    listed = files_of(kind)
    assert len({name for name, _ in listed}) == len(listed) > 10
    assert all(text.endswith(".") and text[0].isupper() for _, text in listed)
    folder = kind(tmp_path)
    attributes = [name for name, value in vars(kind).items() if isinstance(value, File)]
    assert [getattr(folder, name) for name in attributes] == [tmp_path / name for name, _ in listed]


def test_a_file_of_the_class_describes_itself():
    assert TrialFolder.config == File("config.yaml", TrialFolder.config.description)
