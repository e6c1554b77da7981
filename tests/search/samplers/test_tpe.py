"""TPE with a window: the same as Optuna's while there are few trials, and no more to look at when there are many."""

import random

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from mnist_sweep.search import TPESampler
from mnist_sweep.search.samplers.tpe import BEST, LATEST, _Memory, _View

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

SPACE = {"x": FloatDistribution(0, 1), "c": CategoricalDistribution(("a", "b"))}


def asked(sampler: optuna.samplers.BaseSampler, count: int) -> list[dict]:
    study = optuna.create_study(sampler=sampler, direction="maximize")
    for _ in range(count):
        trial = study.ask(SPACE)
        study.tell(trial, -((trial.params["x"] - 0.3) ** 2))
    return [trial.params for trial in study.trials]


@pytest.mark.parametrize("more", [{}, {"multivariate": True, "group": True, "constant_liar": True}])
def test_few_trials_are_searched_as_by_optuna(more: dict) -> None:
    assert asked(TPESampler(seed=1, **more), 40) == asked(optuna.samplers.TPESampler(seed=1, **more), 40)


def study_of(values: list[float | None], direction: str) -> optuna.Study:
    """None is a trial that still runs."""
    study = optuna.create_study(direction=direction)
    for value in values:
        state = TrialState.RUNNING if value is None else TrialState.COMPLETE
        study.add_trial(optuna.trial.create_trial(value=value, state=state, params={"x": 0.5},
                                                  distributions={"x": SPACE["x"]}))  # fmt: skip
    return study


def view_of(study: optuna.Study) -> _View:
    return _View(study, _Memory(study.direction))


@pytest.mark.parametrize(("direction", "best"), [("maximize", range(500, 600)), ("minimize", range(1, 101))])
def test_the_best_the_latest_and_the_running_are_seen(direction: str, best: range) -> None:
    values: list[float | None] = [None, *map(float, range(1, 600)), *[300.0] * LATEST]
    seen = [trial.number for trial in view_of(study_of(values, direction))._get_trials(deepcopy=False)]
    assert seen == [0, *best, *range(600, 600 + LATEST)]
    assert len(best) == BEST


def test_states_are_told_apart() -> None:
    values: list[float | None] = [None, *map(float, range(600))]
    view = view_of(study_of(values, "maximize"))
    assert [trial.number for trial in view._get_trials(states=(TrialState.RUNNING,))] == [0]
    assert view.direction == optuna.study.StudyDirection.MAXIMIZE


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_what_is_remembered_is_what_a_fresh_look_finds(direction: str) -> None:
    drawn = random.Random(0)
    study = optuna.create_study(direction=direction, sampler=optuna.samplers.RandomSampler(seed=0))
    view, running = view_of(study), []
    for _ in range(900):
        running.append(study.ask(SPACE))
        if drawn.random() < 0.95:
            trial = running.pop(drawn.randrange(len(running)))
            state = drawn.choice([TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL])
            study.tell(trial, round(drawn.random(), 2) if state == TrialState.COMPLETE else None, state=state)
        seen = [trial.number for trial in view._get_trials(deepcopy=False)]
        trials = study.get_trials(deepcopy=False)
        if len(trials) > BEST + LATEST:
            early, latest = trials[:-LATEST], trials[-LATEST:]
            complete = [trial for trial in early if trial.state == TrialState.COMPLETE]
            ranked = sorted(complete, key=lambda trial: trial.value, reverse=direction == "maximize")
            known = [trial.number for trial in ranked[:BEST]]
            known += [trial.number for trial in early if not trial.state.is_finished()]
            assert seen == [*sorted(known), *(trial.number for trial in latest)]


def test_hyperband_which_shows_each_bracket_for_itself_can_be_searched() -> None:
    pruner = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=9)
    study = optuna.create_study(sampler=TPESampler(seed=0, n_startup_trials=1), pruner=pruner, direction="maximize")
    for _ in range(BEST + LATEST + 500):
        study.add_trial(optuna.trial.create_trial(value=0.5, params={"x": 0.5}, distributions={"x": SPACE["x"]}))
    for _ in range(3):
        study.tell(study.ask(SPACE), 0.5)
    assert len(study.trials) == BEST + LATEST + 503
