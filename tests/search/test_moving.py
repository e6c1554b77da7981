"""Optuna's trials move to another search space."""

from collections.abc import Mapping
from pathlib import Path

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.pruners import NopPruner

from mnist_sweep.config.domains import contains
from mnist_sweep.config.space import parse_space
from mnist_sweep.search.moving import EARLIER, move
from mnist_sweep.search.opening import open_study

BEFORE = parse_space({"a": "choice(1,2,3)", "b": "interval(0.0,1.0)"}, {})
AFTER = parse_space({"a": "choice(2,3,4)", "b": "interval(0.5,2.0)", "c": "choice(x,y)"}, {})
BASE = {"a": "1", "b": "0.1", "c": "x"}


def place(overrides: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str] | None]:
    values = {**BASE, **overrides}
    inside = all(contains(one.domain, values[one.key]) for one in AFTER)
    return values, values if inside else None


def test_numbers_and_results_stay_and_what_lies_outside_is_marked(tmp_path: Path) -> None:
    old = open_study(tmp_path / "old", "mine", ["maximize"], NopPruner()).study
    space = {"a": CategoricalDistribution([1, 2, 3]), "b": FloatDistribution(0, 1)}
    old.enqueue_trial({"a": 1, "b": 0.1})
    old.tell(old.ask(space), 0.1)  # the baseline
    for a, b in ((2, 0.75), (1, 0.75), (3, 0.2)):
        old.enqueue_trial({"a": a, "b": b})
        trial = old.ask(space)
        trial.report(b, 1)
        old.tell(trial, b)
    old.enqueue_trial({"a": 1, "b": 0.9})
    old.ask(space)  # still running
    assert move(tmp_path / "old", tmp_path / "new", ["maximize"], BEFORE, AFTER, place, 1) == [2, 3, 4]
    opened = open_study(tmp_path / "new", "other", ["maximize"], NopPruner())
    trials = opened.study.get_trials()
    assert opened.study.study_name == "mine"
    assert [trial.number for trial in trials] == [0, 1, 2, 3, 4]
    assert [trial.value for trial in trials[:4]] == [0.1, 0.75, 0.75, 0.2]
    assert trials[1].params == {"a": 2, "b": 0.75, "c": "x"}
    assert trials[1].user_attrs == {}
    assert trials[1].intermediate_values == {1: 0.75}
    assert trials[2].params == {}
    assert trials[2].user_attrs["infeasible"] == ["outside of search.space since revision 1"]
    assert trials[2].user_attrs["given"] == {"a": "1", "b": "0.75"}
    assert trials[4].state == optuna.trial.TrialState.PRUNED

    # Back to the space of before: what was outside is inside again.
    def back(overrides: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str] | None]:
        values = {**BASE, **overrides}
        own = {key: values[key] for key in ("a", "b")}
        return values, own if all(contains(one.domain, own[one.key]) for one in BEFORE) else None

    assert move(tmp_path / "new", tmp_path / "third", ["maximize"], AFTER, BEFORE, back, 2) == []
    third = open_study(tmp_path / "third", "x", ["maximize"], NopPruner()).study.get_trials()
    assert [trial.params for trial in third[1:4]] == [{"a": 2, "b": 0.75}, {"a": 1, "b": 0.75}, {"a": 3, "b": 0.2}]
    assert not any(EARLIER in trial.user_attrs.values() for trial in third)
