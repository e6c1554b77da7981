"""Everything around the trials of a search."""

from pathlib import Path

import pytest

from mnist_sweep.config.errors import UserError
from mnist_sweep.config.image_classifier import METRICS as TABLE
from mnist_sweep.config.settings import (
    RayConfig,
    check_study_name,
    parse_folder,
    parse_runtime,
    parse_search,
    parse_settings,
    parse_surroundings,
    parse_tracking,
)

METRICS = TABLE.known
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


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("val_accuracy", "maximize"), ("best_val_accuracy", "maximize"), ("accuracy", "maximize"),
        ("val_loss", "minimize"), ("best_loss", "minimize"), ("parameters", "minimize"),
        ("training_seconds", "minimize"), ("images_per_second", "maximize"),
    ],
)  # fmt: skip
def test_a_metric_knows_which_way_is_better(metric, direction):
    search, _ = parse_search({**SEARCH, "metric": metric}, TABLE)
    assert (search.metric, search.direction) == ([metric], [direction])


def test_every_loss_goes_down_and_every_accuracy_up():
    assert {METRICS[name].direction for name in METRICS if "loss" in name} == {"minimize"}
    assert {METRICS[name].direction for name in METRICS if "accuracy" in name} == {"maximize"}


def test_several_metrics_have_a_direction_each():
    search, objectives = parse_search({**SEARCH, "metric": ["val_accuracy", "parameters"]}, TABLE)
    assert [one.name for one in objectives] == search.metric
    assert search.direction == ["maximize", "minimize"]
    asked = {**SEARCH, "metric": ["val_accuracy", "parameters"], "direction": ["minimize", "maximize"]}
    given, _ = parse_search(asked, TABLE)
    assert given.direction == ["minimize", "maximize"]


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("n_trials", 0, "at least 1"),
        ("n_trials", 1.5, "whole number"),
        ("n_trials", "all", "whole number"),
        ("timeout", 0, "greater than 0"),
        ("timeout", "0s", "greater than 0"),
        ("timeout", "soon", "search.timeout must be a number of seconds, or a duration such as 1h30m, got soon"),
        ("timeout", float("inf"), "finite"),
        ("until", "25:00", "search.until must be a time of the day such as 07:00, got 25:00"),
        ("until", 1020, "in quotes where YAML takes it for a number, got 1020"),
        ("patience", 0, "at least 1"),
        ("min_delta", -1.0, "at least 0"),
        ("min_delta", 0.1, "for search.patience, which is null"),
        ("target", "high", "a number"),
        ("target", float("nan"), "finite"),
        ("max_failures", 0, "at least 1"),
        ("audit", -0.1, "at least 0"),
        ("audit", 1.5, "at most 1"),
        ("metric", "val_acc", "did you mean val_accuracy?"),
        ("metric", None, "got null"),
        ("metric", [], "not empty"),
        ("metric", ["val_loss", "val_loss"], "twice"),
        ("direction", "up", "maximize, minimize"),
        ("direction", ["maximize", "minimize"], "one direction for each of the 1"),
        ("space", [1], "a mapping"),
        ("when", {"optimizer=adam": 5}, "a mapping"),
        ("patiense", 5, "did you mean search.patience?"),
        ("metric", [["a"]], "metric"),
        ("metric", {"a": 1}, "metric"),
    ],
)
def test_a_wrong_search_is_told_by_its_key(key, value, part):
    with pytest.raises(UserError) as caught:
        parse_search({**SEARCH, key: value}, TABLE)
    assert str(caught.value).startswith(f"search.{key}")
    assert part in str(caught.value)


def test_a_target_is_of_one_metric():
    assert parse_search({**SEARCH, "target": 1}, TABLE)[0].target == 1.0
    with pytest.raises(UserError, match=r"^search\.target must be null with several metrics"):
        parse_search({**SEARCH, "metric": ["val_loss", "parameters"], "target": 0.5}, TABLE)
    with pytest.raises(UserError, match=r"^search\.patience must be null with several metrics"):
        parse_search({**SEARCH, "metric": ["val_loss", "parameters"], "patience": 5}, TABLE)


@pytest.mark.parametrize("name", ["a", "cnn-mnist", "2024.1", "_x", "a b", "a+b", "é", "x" * 100, "artifacts2"])
def test_a_study_name_can_be_a_folder(name, tmp_path):
    assert check_study_name(name) == name
    (tmp_path / name).mkdir()
    assert (tmp_path / name).parent == tmp_path


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "-x", " a", "a ", "a.", "a\nb", "a\n", "a\0b", "x" * 101, "~",
     "*", "artifacts", "mlflow.db", "compare"],
)  # fmt: skip
def test_other_names_are_refused(name):
    with pytest.raises(UserError, match=r"^study\.name must (be 1 to 100 letters|not be)"):
        check_study_name(name)


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


RAY = {**AROUND["runtime"], "executor": "ray", "address": None, "workers_per_node": None, "node_timeout": 300.0}


@pytest.mark.parametrize("address", [None, "auto", "local", "10.0.0.5:6379", "head.cluster:6379", "[::1]:6379"])
def test_a_cluster_is_a_runtime(address: str | None) -> None:
    found = parse_runtime({**RAY, "address": address})
    assert isinstance(found, RayConfig)
    assert (found.address, found.node_timeout) == (address, 300.0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"address": "head"}, "runtime.address must be auto, local, HOST:PORT or null, got head"),
        ({"address": 6379}, "runtime.address must be auto, local, HOST:PORT or null, got 6379"),
        ({"address": "ray://head:10001"}, "runtime.address must be auto"),
        ({"workers_per_node": 0}, "runtime.workers_per_node must be at least 1, got 0"),
        ({"node_timeout": -1.0}, "runtime.node_timeout must be greater than 0"),
        ({"executor": "local"}, "runtime.address is not a known key"),
        ({"executor": "slurm"}, "runtime.executor must be one of local, ray"),
    ],
)
def test_a_wrong_cluster_is_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_runtime({**RAY, **changed})


def test_a_study_has_a_note_and_tags_of_ones_own():
    study = {**AROUND["study"], "note": "less dropout", "tags": {"owner": "me", "n": 3, "is_final": True, 2024: "x"}}
    found = parse_surroundings({**AROUND, "study": study}, []).study
    assert found.note == "less dropout"
    assert found.tags == {"owner": "me", "n": "3", "is_final": "true", "2024": "x"}
    assert parse_surroundings(AROUND, []).study.tags == {}


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"state": "x"}, "study.tags.state must have names of letters, digits"),
        ({"mlflow.note": "x"}, "study.tags.mlflow.note must have names"),
        ({"a=b": "x"}, "must have names"),
        ({"a": [1]}, "study.tags.a must be text, got [1]"),
        ("owner", "study.tags must be a mapping, got owner"),
    ],
)
def test_a_tag_that_can_not_be_is_told(tags, message):
    with pytest.raises(UserError) as caught:
        parse_surroundings({**AROUND, "study": {**AROUND["study"], "tags": tags}}, [])
    assert message in str(caught.value)
