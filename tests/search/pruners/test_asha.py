"""Successive halving with a memory, against Optuna's own."""

import math
import random

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from mnist_sweep.search.pruners.asha import SuccessiveHalvingPruner

SPACE = {"x": FloatDistribution(0, 1)}


def curves(seed: int, trials: int) -> list[list[float]]:
    """Noisy curves with equal values, and now and then something that is no number."""
    drawn = random.Random(seed)
    odd = [math.nan, math.inf, -math.inf]
    return [
        [drawn.choice(odd) if drawn.random() < 0.02 else round(drawn.random() + step / 10, 1) for step in range(28)]
        for _ in range(trials)
    ]


def told(pruner: optuna.pruners.BasePruner, direction: str, seed: int, trials: int = 60) -> list:
    """Five trials at a time report in turns, not each step; gives every decision, and what was noted."""
    study = optuna.create_study(
        pruner=pruner, direction=direction, sampler=optuna.samplers.RandomSampler(seed=0),
    )  # fmt: skip
    drawn = random.Random(seed)
    waiting, running, decisions = curves(seed, trials), {}, []
    while waiting or running:
        while waiting and len(running) < 5:
            running[study.ask(SPACE)] = iter(list(enumerate(waiting.pop(), 1)))
        trial = drawn.choice(list(running))
        step, value = next(running[trial], (None, 0.0))
        if step is None:
            study.tell(trial, 0.5)
        elif drawn.random() < 0.2:
            continue  # a step without a report
        else:
            trial.report(value, step)
            prune = trial.should_prune()
            decisions.append((trial.number, step, prune))
            if not prune or drawn.random() < 0.1:  # some go on all the same
                continue
            study.tell(trial, state=drawn.choice([TrialState.PRUNED, TrialState.FAIL]))
        del running[trial]
    return [*decisions, *(trial.system_attrs for trial in study.trials)]


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
@pytest.mark.parametrize(
    "arguments",
    [
        {"min_resource": 1, "reduction_factor": 3},
        {"min_resource": 2, "reduction_factor": 2, "min_early_stopping_rate": 1},
        {"min_resource": 1, "reduction_factor": 4, "bootstrap_count": 3},
        {"min_resource": "auto"},
    ],
)
def test_every_decision_and_note_is_as_by_optuna(direction: str, arguments: dict) -> None:
    for seed in range(8):
        ours = told(SuccessiveHalvingPruner(**arguments), direction, seed)
        theirs = told(optuna.pruners.SuccessiveHalvingPruner(**arguments), direction, seed)
        assert ours == theirs
        assert {prune for _, _, prune in [one for one in ours if isinstance(one, tuple)]} == {True, False}


def test_what_a_study_has_from_before_counts() -> None:
    def decided(kind: type[optuna.pruners.BasePruner]) -> list[bool]:
        study = optuna.create_study(direction="maximize")
        found = []
        values = [((7 * number) % 40) / 40 for number in range(40)]
        for number, value in enumerate(values):
            if number in (0, 20):
                study.pruner = kind(min_resource=1, reduction_factor=3)  # as after a restart
            trial = study.ask(SPACE)
            trial.report(value, 1)
            found.append(trial.should_prune())
            study.tell(trial, value)
        return found

    assert decided(SuccessiveHalvingPruner) == decided(optuna.pruners.SuccessiveHalvingPruner)


@pytest.mark.parametrize("is_opened_anew", [False, True])
def test_nobody_is_measured_by_what_does_not_meet_the_constraints(is_opened_anew: bool) -> None:
    def pruner() -> SuccessiveHalvingPruner:
        return SuccessiveHalvingPruner(1, 3)

    study = optuna.create_study(pruner=pruner(), direction="maximize")

    def decided(value: float) -> bool:
        trial = study.ask(SPACE)
        trial.report(value, 1)
        return trial.should_prune()

    best = study.ask(SPACE)
    best.report(0.9, 1)
    assert not best.should_prune()
    assert decided(0.8)  # measured by the best
    best.set_constraint("val_loss", 0.5)
    study.tell(best, 0.9)
    if is_opened_anew:
        study.pruner = pruner()
    else:
        study.pruner.forget(study.trials[best.number])  # type: ignore[attr-defined]
    assert not decided(0.85)


def test_a_step_that_is_reported_again_is_decided_again_and_noted_once() -> None:
    study = optuna.create_study(pruner=SuccessiveHalvingPruner(1, 2), direction="maximize")
    best, other = study.ask(SPACE), study.ask(SPACE)
    best.report(0.9, 1)
    assert not best.should_prune()
    other.report(0.1, 1)
    assert [other.should_prune() for _ in range(3)] == [True] * 3
    study.pruner = SuccessiveHalvingPruner(1, 2)  # as after a restart
    assert other.should_prune()
    other.report(0.2, 2)
    assert other.should_prune() is False  # nobody else is there yet, and the first step is not asked about again
