"""Asking, reporting and telling, with Optuna's own study behind it."""

import random

import optuna
import pytest
from optuna.trial import TrialState

from mnist_sweep.config.settings import parse_settings
from mnist_sweep.config.space import parse_space
from mnist_sweep.search import Given, Search

BASE = {"a": "5", "b": "x", "lr": "0.1", "o": "adam", "beta": "0.9"}
SPACE = {"a": "range(1,10)", "b": "choice(x,y)", "lr": "tag(log,interval(1e-3,1.0))"}


def settings(sampler="optuna.samplers.RandomSampler", pruner=None, seed=0, **search):
    plain = {
        "runtime": {
            "executor": "local", "workers": None, "memory_limit": None, "trial_timeout": None, "allowed_targets": [],
        },
        "study": {"name": None, "seed": seed, "keep_models": 1, "fork": False},
        "tracking": {"enabled": False, "uri": None, "experiment": "mine"},
        "runs_folder": "runs",
        "search": {
            "n_trials": 10, "timeout": None, "target": None, "max_failures": 5, "audit": 0.0,
            "metric": "val_accuracy",
            "direction": None, "space": {}, "when": {}, **search,
        },
        "sampler": {"_target_": sampler},
        "pruner": pruner or {"_target_": "optuna.pruners.NopPruner"},
    }  # fmt: skip
    return parse_settings(plain, [])


def search(space=SPACE, when=None, base=BASE, journal=None, **more):
    return Search(journal, "mine", settings(**more), parse_space(space, when or {}), base)


def done(one: Search, number: int, value: float):
    return one.tell(number, "COMPLETE", {"val_accuracy": value})


def test_the_first_trial_is_the_base_itself():
    one = search()
    asked = one.ask()
    assert (asked.number, asked.overrides, asked.retries) == (0, {}, 0)
    assert one.study.trials[0].params == {"a": 5, "b": "x", "lr": 0.1}


def test_the_base_may_lie_outside_of_the_space():
    one = search(base={**BASE, "a": "50", "b": "z"})
    assert one.ask().overrides == {}
    assert one.study.trials[0].params == {"a": 50, "lr": 0.1}
    assert set(one.ask().overrides) == {"a", "b", "lr"}


def test_later_trials_are_drawn_from_the_space():
    one = search()
    one.ask()
    for _ in range(20):
        overrides = one.ask().overrides
        assert set(overrides) == {"a", "b", "lr"}
        assert int(overrides["a"]) in range(1, 10)
        assert overrides["b"] in ("x", "y")
        assert 1e-3 <= float(overrides["lr"]) <= 1.0


def test_the_seed_decides_what_is_asked():
    def drawn(seed):
        one = search(seed=seed)
        return [one.ask().overrides for _ in range(4)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_a_condition_decides_what_is_searched():
    when = {"o=adam": {"beta": "interval(0,0.9)"}, "o=sgd": {"momentum": "interval(0,1)"}}
    one = search({"o": "choice(adam,sgd)"}, when)
    one.ask()
    assert one.study.trials[0].params == {"o": "adam", "beta": 0.9}
    seen = {tuple(one.ask().overrides) for _ in range(30)}
    assert seen == {("o", "beta"), ("o", "momentum")}


def test_a_condition_on_the_base_holds_for_every_trial():
    one = search({"a": "range(3)"}, {"o=adam": {"beta": "interval(0,1)"}, "o=sgd": {"momentum": "interval(0,1)"}})
    one.ask()
    assert [set(one.ask().overrides) for _ in range(3)] == [{"a", "beta"}] * 3


def test_what_is_told_is_remembered_by_optuna_and_here():
    one = search()
    for _ in range(3):
        one.ask()
    assert done(one, 0, 0.5).values == (0.5,)
    one.tell(1, "FAIL", None, "out of memory")
    one.tell(2, "PRUNED", {"val_accuracy": 0.9})
    assert [t.state for t in one.study.trials] == [TrialState.COMPLETE, TrialState.FAIL, TrialState.PRUNED]
    assert [(s.number, s.state, s.reason) for s in one.finished.trials()] == [
        (0, "COMPLETE", None), (1, "FAIL", "out of memory"), (2, "PRUNED", None),
    ]  # fmt: skip
    assert one.finished.best().number == 0
    assert one.running == {}


@pytest.mark.parametrize(
    ("metric", "values", "best"),
    [
        ("val_accuracy", [0.1, 0.3, 0.2], 1),
        ("val_accuracy", [0.3, 0.1, 0.3], 0),
        ("val_loss", [0.3, 0.1, 0.1], 1),
        ("parameters", [5, 4, 6], 1),
    ],
)
def test_the_best_is_the_first_of_the_best(metric, values, best):
    one = search(metric=metric)
    for _ in values:
        one.ask()
    for number in reversed(range(len(values))):
        one.tell(number, "COMPLETE", {metric: values[number], "other": 1})
    assert one.finished.best().number == best
    assert one.study.best_value == values[best]


def test_without_a_complete_trial_there_is_no_best():
    one = search()
    assert one.finished.best() is None
    one.ask()
    one.tell(0, "FAIL", None, "no")
    assert one.finished.best() is None


@pytest.mark.parametrize(("metric", "better"), [("val_accuracy", True), ("val_loss", False)])
def test_better_depends_on_the_direction(metric, better):
    one = search(metric=metric)
    assert one.better(0.9, 0.8) is better
    assert one.better(0.8, 0.9) is not better
    assert not one.better(0.8, 0.8)


def test_several_metrics_have_a_front():
    one = search(metric=["val_accuracy", "parameters"])
    results = [(0.9, 100), (0.8, 50), (0.7, 60), (0.95, 200)]
    for number, (accuracy, parameters) in enumerate(results):
        one.ask()
        one.tell(number, "COMPLETE", {"val_accuracy": accuracy, "parameters": parameters})
    assert one.finished.front() == [0, 1, 3]
    assert one.finished.best().number == 3
    assert search().finished.front() == []


def test_the_front_is_optunas():
    drawn = random.Random(0)
    one = search(metric=["val_accuracy", "parameters", "val_loss"])
    for number in range(150):
        one.ask()
        metrics = {
            "val_accuracy": round(drawn.random(), 1),
            "parameters": drawn.randrange(6),
            "val_loss": drawn.randrange(4),
        }
        one.tell(number, "COMPLETE", metrics)
        assert one.finished.front() == [trial.number for trial in one.study.best_trials]
    assert len(one.finished.front()) > 1


MEDIAN = {"_target_": "optuna.pruners.MedianPruner", "n_startup_trials": 1, "n_warmup_steps": 0}


def rows(*values: float):
    return [{"epoch": epoch, "val_accuracy": value} for epoch, value in enumerate(values, 1)]


def test_a_trial_below_the_median_is_pruned():
    one = search(pruner=MEDIAN)
    one.ask(), one.ask()
    assert not any(one.report(0, rows(0.5, 0.6)[: count + 1]) for count in range(2))
    done(one, 0, 0.6)
    assert one.report(1, rows(0.4))
    assert one.study.trials[1].intermediate_values == {1: 0.4}


def test_what_a_trial_reports_again_changes_nothing_but_its_last_epoch_is_decided_on_anew():
    one = search(pruner=MEDIAN)
    one.ask(), one.ask(), one.ask()
    assert not any(one.report(1, rows(0.4, 0.5)[: count + 1]) for count in range(2))  # nothing to compare it with
    one.report(0, rows(0.6)), one.report(0, rows(0.6, 0.7))
    done(one, 0, 0.7)
    assert not one.report(1, rows(0.4))  # it was lost, and goes on after its second epoch
    assert one.report(1, rows(0.4, 0.5))
    assert one.study.trials[1].intermediate_values == {1: 0.4, 2: 0.5}


def test_a_trial_that_is_audited_stays_so_where_it_was_lost():
    one = search(pruner=MEDIAN)
    one.ask()
    assert not one.is_audited(0)
    one.audit(0, 1)
    assert one.is_audited(0)


@pytest.mark.parametrize(("metric", "value"), [("val_accuracy", 0.4), ("best_val_accuracy", 0.7)])
def test_what_is_reported_is_the_objective_as_it_stands(metric, value):
    one = search(metric=metric)
    one.ask()
    one.report(0, rows(0.7, 0.4))
    assert one.study.trials[0].intermediate_values == {2: value}


@pytest.mark.parametrize("metric", ["parameters", "training_seconds", ["val_accuracy", "parameters"]])
def test_an_objective_without_a_curve_prunes_nothing(metric):
    one = search(metric=metric, pruner=MEDIAN)
    one.ask()
    assert not one.prunes
    assert not one.report(0, rows(0.0))


GRID = "mnist_sweep.search.GridSampler"


def test_a_grid_tries_every_combination_once_beside_the_base():
    one = search({"a": "range(1,4)", "b": "choice(x,y)"}, sampler=GRID, base={**BASE, "a": "50"})
    assert one.ask().overrides == {}
    asked = []
    while (trial := one.ask()) is not None:
        asked.append((trial.overrides["a"], trial.overrides["b"]))
    assert sorted(asked) == [(a, b) for a in "123" for b in "xy"]


def test_a_base_within_the_grid_is_not_tried_again():
    one = search({"a": "range(4,7)", "lr": "range(0.1,0.4,0.1)"}, sampler=GRID)
    one.ask()
    asked = []
    while (trial := one.ask()) is not None:
        asked.append((trial.overrides["a"], trial.overrides["lr"]))
    assert len(asked) == len(set(asked)) == 8
    assert ("5", "0.1") not in asked


def test_a_base_is_found_among_choices_of_the_same_number():
    one = search({"a": "choice(0.0,0.5)"}, sampler=GRID, base={"a": "0"})
    one.ask()
    assert one.ask().overrides == {"a": "0.5"}
    assert one.ask() is None


def test_a_grid_goes_on_where_it_was_left(tmp_path):
    journal = tmp_path / "study.journal"
    seen = []
    for _ in range(9):
        one = search({"a": "range(1,3)", "b": "choice(x,y)"}, sampler=GRID, journal=journal, base={"a": "9", "b": "x"})
        if (asked := one.ask()) is None:
            break
        seen.append(tuple(asked.overrides.values()))
        done(one, asked.number, 0.5)
    assert seen[0] == ()
    assert sorted(seen[1:]) == [("1", "x"), ("1", "y"), ("2", "x"), ("2", "y")]


def test_a_search_goes_on_from_its_journal(tmp_path):
    journal = tmp_path / "study.journal"
    one = search(journal=journal)
    one.ask()
    asked = one.ask()
    done(one, 0, 0.5)
    done(one, 1, 0.7)
    two = search(journal=journal)
    assert two.finished.trials() == one.finished.trials()
    assert two.finished.best().number == 1
    assert two.finished.best().overrides == asked.overrides
    third = two.ask()
    assert third.number == 2
    assert third.overrides != asked.overrides


def test_a_lost_trial_keeps_its_number_and_its_values(tmp_path):
    journal = tmp_path / "study.journal"
    one = search(journal=journal)
    one.ask()
    asked = one.ask()
    done(one, 0, 0.5)
    for retries in (1, 2):
        again = search(journal=journal)
        (found,) = again.left_running(lambda _number: True)
        assert (found.number, found.overrides, found.retries) == (1, asked.overrides, retries)
        again.mark_retried(1, found.retries)  # it begins
        assert again.left_running(lambda _number: True) == []
    again.tell(1, "COMPLETE", {"val_accuracy": 0.9})
    assert [t.state for t in optuna.load_study(study_name="mine", storage=again.study._storage).trials] == [
        TrialState.COMPLETE, TrialState.COMPLETE,
    ]  # fmt: skip


@pytest.mark.parametrize("kept", [1, 2, 3])
@pytest.mark.parametrize("sampler", ["optuna.samplers.RandomSampler", "mnist_sweep.search.TPESampler"])
def test_a_trial_that_was_half_drawn_is_drawn_as_it_would_have_been(tmp_path, sampler, kept):
    """The driver was killed between two lines of the journal: the trial's own, and one for each parameter."""
    journal = tmp_path / "study.journal"
    one = search(journal=journal, sampler=sampler)
    for number in range(4):
        one.ask()
        done(one, number, number / 10)
    before = journal.stat().st_size
    asked = one.ask()
    lines = journal.read_bytes()[before:].splitlines(keepends=True)
    assert len(lines) >= 4
    journal.write_bytes(journal.read_bytes()[: before + sum(map(len, lines[:kept]))])
    again = search(journal=journal, sampler=sampler)
    assert [found.overrides for found in again.left_running(lambda _number: False)] == [asked.overrides]


def test_a_lost_baseline_is_still_the_base(tmp_path):
    journal = tmp_path / "study.journal"
    search(journal=journal).ask()
    (found,) = search(journal=journal).left_running(lambda _number: True)
    assert (found.number, found.overrides) == (0, {})


def test_a_search_of_shuffled_values_goes_on_from_its_journal(tmp_path):
    journal = tmp_path / "study.journal"
    for number in range(4):
        one = search({"a": "shuffle(range(0,40))"}, journal=journal)
        assert one.ask().number == number
        done(one, number, 0.5)


def named(base=BASE, **overrides: str) -> Given:
    return Given(overrides, {**base, **overrides}, "search.start")


def test_what_is_named_comes_right_after_the_baseline(tmp_path):
    def opened():
        start = [named(a="7"), named(b="z", lr="5"), named(), named(a="7")]
        return Search(tmp_path / "journal", "mine", settings(), parse_space(SPACE, {}), BASE, start)

    one = opened()
    asked = [one.ask() for _ in range(4)]
    assert [trial.overrides for trial in asked[:3]] == [{}, {"a": "7"}, {"b": "z", "lr": "5"}]  # each of them once
    assert [trial.origin for trial in asked] == [None, "search.start", "search.start", None]
    assert one.study.trials[1].params == {"a": 7, "b": "x", "lr": 0.1}
    assert one.study.trials[2].params == {"a": 5, "lr": 5.0}  # as far as Optuna can represent it
    assert set(asked[3].overrides) == {"a", "b", "lr"}
    for number in range(3):
        done(one, number, 0.5)
    again = opened()  # the fourth was running
    assert [(trial.number, trial.overrides) for trial in again.left_running(lambda _: False)] == [
        (3, asked[3].overrides)
    ]
    second = again.finished.trial(2)
    assert (second.overrides, second.origin) == ({"b": "z", "lr": "5"}, "search.start")
    assert again.ask().origin is None


def test_a_named_trial_that_was_running_is_the_same_again(tmp_path):
    def opened():
        return Search(tmp_path / "journal", "mine", settings(), parse_space(SPACE, {}), BASE, [named(b="z")])

    one = opened()
    one.ask(), one.ask()
    again = opened()
    assert [trial.overrides for trial in again.left_running(lambda _: True)] == [{}, {"b": "z"}]
    assert again.ask().origin is None


def test_more_trials_may_be_named_later(tmp_path):
    def opened(*start):
        return Search(tmp_path / "journal", "mine", settings(), parse_space(SPACE, {}), BASE, start)

    one = opened()
    drawn = [one.ask() for _ in range(3)]
    for trial in drawn:
        done(one, trial.number, 0.5)
    again = opened(Given(drawn[1].overrides, {**BASE, **drawn[1].overrides}, "search.start"), named(a="7"))
    assert again.ask().overrides == {"a": "7"}  # the other was drawn before


def test_a_named_trial_is_no_more_left_of_a_grid():
    grid = "mnist_sweep.search.GridSampler"
    space = parse_space({"a": "choice(1,2,5)"}, {})
    one = Search(None, "mine", settings(sampler=grid), space, BASE, [named(a="2")])
    assert [one.ask().overrides for _ in range(3)] == [{}, {"a": "2"}, {"a": "1"}]
    assert one.ask() is None


def test_what_does_not_meet_the_constraints_is_never_the_best(tmp_path):
    def opened():
        more = settings(constraints=["epochs<=5"])
        return Search(tmp_path / "journal", "mine", more, parse_space(SPACE, {}), BASE)

    one = opened()
    for value, epochs in ((0.9, 9), (0.5, 5), (0.7, 6)):
        number = one.ask().number
        told = one.tell(number, "COMPLETE", {"val_accuracy": value, "epochs": epochs})
        assert bool(told.infeasible) is (epochs > 5)
    assert one.finished.best().number == 1
    assert one.finished.ranked() == [1]
    assert one.study.best_trial.number == 1  # Optuna's own opinion
    assert one.finished.trial(0).infeasible == ("epochs=9, not epochs<=5",)
    again = opened()
    assert (again.finished.best().number, again.finished.trial(2).infeasible) == (1, ("epochs=6, not epochs<=5",))
    pruned = again.ask().number
    again.tell(pruned, "PRUNED", {"epochs": 7})  # known before it was trained
    assert (again.finished.trial(pruned).values, again.finished.trial(pruned).infeasible) == (
        None,
        ("epochs=7, not epochs<=5",),
    )


@pytest.mark.parametrize("sampler", ["optuna.samplers.RandomSampler", "mnist_sweep.search.TPESampler",
                                     "mnist_sweep.search.GridSampler"])  # fmt: skip
def test_what_is_known_not_to_meet_them_is_not_drawn(sampler):
    def allows(point):
        return int(point["a"]) <= 3

    space = parse_space({"a": "range(1,10)", "b": "choice(x,y)"}, {})
    one = Search(None, "mine", settings(sampler=sampler), space, BASE, (), allows)
    assert one.ask().overrides == {}
    done(one, 0, 0.5)
    drawn = []
    while (asked := one.ask()) is not None:
        drawn.append((asked.overrides["a"], asked.overrides["b"]))
        done(one, asked.number, 0.1)
    assert sorted(drawn) == [(a, b) for a in "123" for b in "xy"]


def test_tpe_learns_where_the_constraints_are_met():
    def inside(**more):
        space = parse_space({"x": "interval(0.0,1.0)"}, {})
        found = settings(sampler="mnist_sweep.search.TPESampler", **more)
        one = Search(None, "mine", found, space, {"x": "0.5"})
        for _ in range(40):
            asked = one.ask()
            x = float(asked.overrides.get("x", 0.5))
            one.tell(asked.number, "COMPLETE", {"val_accuracy": x, "epochs": 100 * x})  # better where it is not met
        return sum(float(one.finished.trial(number).overrides["x"]) <= 0.3 for number in range(20, 40))

    assert inside() <= 3
    assert inside(constraints=["epochs<=30"]) >= 8


def test_a_value_without_a_logarithm_is_tried_all_the_same(tmp_path):
    journal = tmp_path / "study.journal"
    one = search(journal=journal)
    one.ask()
    assert one.add(named(lr="0"))
    assert one.ask().overrides == {"lr": "0"}
    assert [found.overrides for found in search(journal=journal).left_running(lambda _number: False)] == [
        {}, {"lr": "0"},
    ]  # fmt: skip
    beyond = search(base={**BASE, "lr": "0"})
    assert beyond.ask().overrides == {}
    assert set(beyond.ask().overrides) == {"a", "b", "lr"}


TWO_RANGES = {"o=adam": {"lr": "range(0.01,0.06,0.01)"}, "o=sgd": {"lr": "range(0.1,0.6,0.1)"}}


def test_a_key_with_two_ranges_is_searched_in_both():
    one = search({"o": "choice(adam,sgd)"}, TWO_RANGES, sampler="mnist_sweep.search.GridSampler")
    points = set()
    while (asked := one.ask()) is not None:
        points.add((asked.overrides.get("o"), asked.overrides.get("lr")))
        done(one, asked.number, 0.5)
    assert len(points) == 1 + 5 + 5  # with the base, whose rate is in neither range


def test_a_trial_is_taken_over_in_the_range_of_its_condition():
    one = search({"o": "choice(adam,sgd)"}, TWO_RANGES)
    one.ask()
    number = one.adopt({"o": "adam", "lr": "0.02"}, "COMPLETE", {"val_accuracy": 0.5}, [])
    assert one.finished.trial(number).overrides == {"o": "adam", "lr": "0.02"}


def test_the_mean_of_a_trial_on_several_seeds_is_taken_over():
    one = search()
    one.ask()
    seeds = {"val_accuracy": [0.5, 0.7]}
    number = one.adopt({"a": "1", "b": "x", "lr": "0.1"}, "COMPLETE", {"val_accuracy": 0.5}, [], seeds)
    found = one.finished.trial(number)
    assert (found.values, dict(found.seeds)) == ((pytest.approx(0.6),), seeds)


def test_a_trial_that_waits_to_be_asked_for_is_not_added_twice(tmp_path):
    journal = tmp_path / "study.journal"
    one = search(journal=journal)
    one.ask()
    assert one.add(named(a="50"))
    assert not search(journal=journal).add(named(a="50"))


HALVING = {"_target_": "mnist_sweep.search.SuccessiveHalvingPruner", "min_resource": 1, "reduction_factor": 2}


@pytest.mark.parametrize("metrics", ["val_accuracy", ["val_accuracy", "parameters"]])
def test_a_trial_that_was_to_be_stopped_when_its_driver_ended_is_stopped_again(tmp_path, metrics):
    def opened():
        more = {"metric": metrics, "prune_by_first": True} if isinstance(metrics, list) else {"metric": metrics}
        return search(journal=tmp_path / "study.journal", pruner=HALVING, **more)

    one = opened()
    one.ask(), one.ask()
    assert not one.report(0, rows(0.9))
    one.tell(0, "COMPLETE", {"val_accuracy": 0.9, "parameters": 5})
    assert one.report(1, rows(0.1))
    again = opened()
    again.left_running(lambda _number: True)
    assert again.report(1, rows(0.1))


def test_waiting_to_be_run_again_is_no_retry(tmp_path):
    journal = tmp_path / "study.journal"
    search(journal=journal).ask()
    for _ in range(4):  # each call ends before the trial's turn
        assert [one.retries for one in search(journal=journal).left_running(lambda _number: True)] == [1]
