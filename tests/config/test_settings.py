"""Everything around the trials of a search."""

from pathlib import Path

import pytest

from mnist_sweep.config.errors import UserError
from mnist_sweep.config.settings import (
    parse_folder,
    parse_settings,
    parse_surroundings,
    parse_tracking,
)

SEARCH = {
    "n_trials": 3, "timeout": None, "target": None, "max_failures": 5, "audit": 0.0, "metric": "val_accuracy",
    "direction": None,
    "space": {"model.dropout": "interval(0,0.5)"}, "when": {},
}  # fmt: skip
AROUND = {
    "runtime": {
        "executor": "local",
        "workers": None,
        "memory_limit": None,
        "trial_timeout": None,
        "allowed_targets": [],
    },
    "study": {"name": None, "seed": 0, "keep_models": 3, "fork": False},
    "tracking": {"enabled": True, "uri": None, "experiment": "mine"},
    "runs_folder": "runs",
}
WHOLE = {
    **AROUND,
    "search": SEARCH,
    "sampler": {"_target_": "optuna.samplers.RandomSampler"},
    "pruner": {"_target_": "optuna.pruners.NopPruner"},
}


def test_a_folder_may_not_be_there_yet(tmp_path):
    assert parse_folder(str(tmp_path / "new" / "runs")) == tmp_path / "new" / "runs"
    assert parse_folder("~/runs") == Path.home() / "runs"


@pytest.mark.parametrize("value", [None, "", " ", 5, ["runs"], "a\0b"])
def test_what_is_no_folder_is_told(value):
    with pytest.raises(UserError, match=r"^runs_folder must be a folder's path"):
        parse_folder(value)


@pytest.mark.parametrize("below", ["", "/x"])
def test_a_file_is_no_folder_nor_is_anything_below_it(tmp_path, below):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"^runs_folder must be a folder, but .*file"):
        parse_folder(f"{tmp_path}/file{below}")


@pytest.mark.parametrize(
    "uri", [None, "http://host:5000", "https://host/x", "sqlite:////tmp/a.db", "postgresql+psycopg2://u:p@host/db"]
)
def test_tracking_goes_to_servers_and_databases(uri):
    assert parse_tracking({"enabled": True, "uri": uri, "experiment": "mine"}).uri == uri


@pytest.mark.parametrize("uri", ["foo", "runs/mlruns", "file:///tmp", "ftp://host", "", "http:/host", 5])
def test_tracking_goes_nowhere_else(uri):
    with pytest.raises(UserError, match=r"^tracking\.uri must be "):
        parse_tracking({"enabled": True, "uri": uri, "experiment": "mine"})


def test_a_server_has_a_name():
    with pytest.raises(UserError, match=r"^tracking\.uri must be "):
        parse_tracking({"enabled": True, "uri": "http://", "experiment": "mine"})


@pytest.mark.parametrize("experiment", ["a/b", "a\\b", "a\nb"])
def test_an_experiment_that_can_not_be_is_told_in_plain_words(experiment):
    with pytest.raises(UserError) as caught:
        parse_tracking({"enabled": True, "uri": None, "experiment": experiment})
    assert "pattern" not in str(caught.value)


@pytest.mark.parametrize("experiment", ["a/b", "", "x" * 201, None, 5])
def test_an_experiment_that_can_not_be_is_told(experiment):
    with pytest.raises(UserError, match=r"^tracking\.experiment must be "):
        parse_tracking({"enabled": True, "uri": None, "experiment": experiment})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("runtime.workers", 0), ("runtime.workers", 1025), ("runtime.workers", 1.5), ("runtime.allowed_targets", "os"),
        ("study.name", 5.5), ("study.name", "../x"), ("study.seed", -1), ("study.keep_models", -1), ("study.nope", 1),
        ("tracking.enabled", "yes"), ("runtime.threads", 2),
    ],
)  # fmt: skip
def test_wrong_surroundings_are_told_by_their_key(key, value):
    section, _, name = key.partition(".")
    with pytest.raises(UserError) as caught:
        parse_surroundings({**AROUND, section: {**AROUND[section], name: value}}, [])
    assert str(caught.value).startswith(key)


@pytest.mark.parametrize("key", ["runtime", "study", "tracking", "runs_folder"])
def test_surroundings_are_not_left_out(key):
    with pytest.raises(UserError, match=rf"^{key} is missing"):
        parse_surroundings({name: value for name, value in AROUND.items() if name != key}, [])


def test_an_unknown_section_is_told():
    with pytest.raises(UserError, match=r"^trian is not a known key; did you mean train\?$"):
        parse_surroundings({**AROUND, "trian": {}}, [])


def test_settings_are_made_of_all_sections():
    settings = parse_settings(WHOLE, [])
    assert settings.search.n_trials == 3
    assert settings.runs_folder == Path("runs").resolve()
    assert settings.sampler.target == "optuna.samplers.RandomSampler"
    assert settings.runtime.workers is None


def test_a_search_without_a_space_of_its_own_is_told():
    with pytest.raises(UserError, match=r"^search is missing"):
        parse_settings({key: value for key, value in WHOLE.items() if key != "search"}, [])


@pytest.mark.parametrize("key", ["sampler", "pruner"])
def test_a_search_without_sampler_or_pruner_is_told(key):
    with pytest.raises(UserError, match=rf"^{key} is missing"):
        parse_settings({name: value for name, value in WHOLE.items() if name != key}, [])
