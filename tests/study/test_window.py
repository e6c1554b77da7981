"""TPE with a window: the same as Optuna's while there are few trials, and no more to look at when there are many."""

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from mnist_sweep.study import TPESampler
from mnist_sweep.study.window import BEST, LATEST, _View

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


@pytest.mark.parametrize(("direction", "best"), [("maximize", range(500, 600)), ("minimize", range(1, 101))])
def test_the_best_the_latest_and_the_running_are_seen(direction: str, best: range) -> None:
    values: list[float | None] = [None, *map(float, range(1, 600)), *[300.0] * LATEST]
    seen = [trial.number for trial in _View(study_of(values, direction))._get_trials(deepcopy=False)]
    assert seen == [0, *best, *range(600, 600 + LATEST)]
    assert len(best) == BEST


def test_states_are_told_apart() -> None:
    values: list[float | None] = [None, *map(float, range(600))]
    view = _View(study_of(values, "maximize"))
    assert [trial.number for trial in view._get_trials(states=(TrialState.RUNNING,))] == [0]
    assert view.direction == optuna.study.StudyDirection.MAXIMIZE
