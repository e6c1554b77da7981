"""What commands are asked for, from the composed configuration."""

from pathlib import Path
from typing import Any

import pytest

from mnist_sweep.cli import requests
from mnist_sweep.config import UserError
from mnist_sweep.config.composed import Composed

RUNTIME = {"executor": "local", "workers": None, "memory_limit": None, "trial_timeout": None, "allowed_targets": []}
TRACKING = {"enabled": True, "uri": None, "experiment": "one"}
REPRODUCE = {"study_name": None, "trial": None, "all": False, "run": None, "file": None, "tolerance": None}


@pytest.fixture
def asked(tmp_path: Path) -> Any:
    """Makes a composed configuration of some keys."""

    def made(**config: Any) -> Composed:
        plain = {"runtime": RUNTIME, "tracking": TRACKING, "runs_folder": str(tmp_path), "study_name": None,
                 "output": None} | config  # fmt: skip
        return Composed(plain, None, [], {}, [], {}, ["mine"], [], "mnist-sweep")  # type: ignore[arg-type]

    return made


def test_a_study_is_a_name_or_the_last_one(asked: Any, tmp_path: Path) -> None:
    found = requests.show_request(asked(limit=20, sort="-time"))
    assert found == requests.ShowRequest(None, tmp_path, 20, "time", is_descending=True)
    assert requests.sync_request(asked(study_name="a")).study == "a"
    with pytest.raises(UserError, match="study must be a study's name, got 5"):
        requests.show_request(asked(study_name=5, limit=None, sort=None))
    for limit in (0, -1, "a", True, 1.5):
        with pytest.raises(UserError, match="limit must be a whole number from 1, or null"):
            requests.show_request(asked(limit=limit, sort=None))
    with pytest.raises(UserError, match="sort must be a column's name, got 5"):
        requests.show_request(asked(limit=None, sort=5))


@pytest.mark.parametrize(("given", "studies"), [(None, [None]), ("a", ["a"]), (["a", "b"], ["a", "b"])])
def test_a_report_is_of_one_or_more_studies(asked: Any, given: Any, studies: Any) -> None:
    assert requests.report_request(asked(study_name=given)).studies == studies


@pytest.mark.parametrize("given", [[], [1], {"a": 1}])
def test_other_things_are_no_studies(asked: Any, given: Any) -> None:
    with pytest.raises(UserError, match="study must be a study's name or a list of names"):
        requests.report_request(asked(study_name=given))


@pytest.mark.parametrize("port", [0, 65536, "80", True, None])
def test_a_port_is_a_number_that_can_be_one(asked: Any, port: Any) -> None:
    with pytest.raises(UserError, match="port must be a whole number from 1 to 65535"):
        requests.ui_request(asked(port=port, open_browser=True))


def test_two_trials_are_compared_at_least(asked: Any) -> None:
    assert requests.compare_request(asked(trials=["a", "b/1"])).trials == ["a", "b/1"]
    with pytest.raises(UserError, match="compare takes two or more"):
        requests.compare_request(asked(trials=["a"]))


def test_a_confirmation_is_checked(asked: Any) -> None:
    found = requests.confirm_request(asked(confirm={"top_k": 3, "seeds": 5}))
    assert (found.confirm.top_k, found.confirm.seeds, found.runtime.executor) == (3, 5, "local")
    with pytest.raises(UserError, match=r"confirm.seeds must be at least 2, got 1"):
        requests.confirm_request(asked(confirm={"top_k": 3, "seeds": 1}))


@pytest.mark.parametrize(("seeds", "looks"), [(5, (5,)), ("5..15", (5, 10, 15)), ("4..10", (4, 8, 10))])
def test_seeds_are_a_number_or_a_range(asked: Any, seeds: Any, looks: tuple[int, ...]) -> None:
    assert requests.confirm_request(asked(confirm={"top_k": 3, "seeds": seeds})).confirm.looks == looks


@pytest.mark.parametrize("seeds", ["5", "15..5", "5...15", "1..4", "5..101", "5-15"])
def test_a_range_of_seeds_is_checked(asked: Any, seeds: str) -> None:
    message = rf"confirm.seeds must be a whole number from 2 to 100, or two such as 5..15, got '?{seeds}"
    with pytest.raises(UserError, match=message):
        requests.confirm_request(asked(confirm={"top_k": 3, "seeds": seeds}))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"run": "abc", "file": "best.yaml"}, "run is given together with file: give either"),
        ({"run": "abc", "study_name": "a"}, "run is given together with study or trial: give either"),
        ({"all": True, "trial": 3}, "all=true is of a whole study: it can't be given together with trial"),
        ({"all": True, "file": "best.yaml"}, "all=true is of a whole study: it can't be given together with file"),
        ({"trial": -1}, "trial must be at least 0, got -1"),
    ],
)
def test_a_trial_is_named_in_one_way(asked: Any, more: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        requests.reproduce_request(asked(**REPRODUCE | more))
    assert str(caught.value) == message


def test_a_reproduction_has_its_runtime(asked: Any, tmp_path: Path) -> None:
    found = requests.reproduce_request(asked(**REPRODUCE | {"study_name": "a", "trial": 7}))
    assert (found.what.study_name, found.what.trial, found.runs_folder) == ("a", 7, tmp_path)


@pytest.mark.parametrize("trial", ["x", 1.0, True, -1])
def test_what_is_deleted_is_a_trials_number(asked: Any, trial: Any) -> None:
    with pytest.raises(UserError, match=r"^trial must be a trial's number, or null for the study, got "):
        requests.delete_request(asked(study_name="mine", trial=trial, yes=True))
