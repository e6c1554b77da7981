"""What decides has the largest share; what chance can make is not told."""

import numpy as np
import optuna
import pytest

from mnist_sweep.config.space import parse_space
from mnist_sweep.search.importances import FEWEST, importances

SPACE = parse_space({"rate": "interval(0,1)", "dropout": "interval(0,1)", "kind": "choice(x,y)"},
                    {"kind=x": {"momentum": "interval(0,1)"}})  # fmt: skip


def drawn(number: int, objective, seed: int = 0) -> list[tuple[dict[str, str], float]]:
    """Random trials; momentum only where kind is x."""
    random = np.random.default_rng(seed)
    trials = []
    for _ in range(number):
        values = {"rate": random.random(), "dropout": random.random(), "kind": random.choice(["x", "y"])}
        if values["kind"] == "x":
            values["momentum"] = random.random()
        trials.append(({key: str(value) for key, value in values.items()}, objective(values, random)))
    return trials


def mostly_rate(values, _random) -> float:
    return values["rate"] + 0.01 * values["dropout"]


@pytest.mark.parametrize("sign", [1, -1])
def test_shares_add_up_and_what_decides_is_told(sign: int) -> None:
    found = importances(SPACE, drawn(60, mostly_rate), sign)
    assert found[0].key == "rate"
    assert found[0].share > 0.7
    assert found[0].is_told
    assert sum(one.share for one in found) == pytest.approx(1)
    assert all(0 <= one.low <= one.share <= one.high <= 1 for one in found)
    assert {one.key for one in found} == {"rate", "dropout", "kind", "momentum"}


def test_the_shares_are_optunas() -> None:
    trials = drawn(40, mostly_rate)
    study = optuna.create_study()
    space = {key: optuna.distributions.FloatDistribution(0, 1) for key in ("rate", "dropout")}
    for texts, value in trials:
        params = {key: float(texts[key]) for key in space}
        study.add_trial(optuna.create_trial(params=params, distributions=space, value=-value))
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    expected = optuna.importance.get_param_importances(study, evaluator=evaluator)
    found = importances(SPACE[:2], trials, 1)
    assert {one.key: one.share for one in found} == pytest.approx(expected)


def test_it_is_the_best_trials_that_count() -> None:
    """One parameter decides among the best values, another only among the worst."""

    def objective(values, _random) -> float:
        return max(0.0, values["rate"] - 0.8) if values["rate"] > 0.8 else -10 * values["dropout"]

    trials = drawn(120, objective)
    assert importances(SPACE, trials, 1)[0].key == "rate"
    assert importances(SPACE, trials, -1)[0].key == "dropout"


def test_noise_is_seldom_told() -> None:
    """Of 4 parameters and 10 searches one in twenty may be told by chance: two, and with bad luck some more."""
    told = sum(one.is_told for seed in range(10)
               for one in importances(SPACE, drawn(20, lambda _, random: random.random(), seed), 1))  # fmt: skip
    assert told <= 6


def test_few_trials_have_wide_intervals() -> None:
    few, many = (importances(SPACE, drawn(number, mostly_rate), 1)[0] for number in (6, 200))
    assert few.high - few.low > many.high - many.low
    assert not any(one.is_told for one in importances(SPACE, drawn(5, lambda _, random: random.random()), 1))


def test_too_few_trials_have_no_importances() -> None:
    assert importances(SPACE, [], 1) == []
    assert importances(SPACE, drawn(FEWEST - 1, mostly_rate), 1) == []
    assert not any(one.is_told for one in importances(SPACE, [({"rate": "0.5"}, 1.0)] * 10, 1))


def test_a_value_outside_of_the_space_is_left_out() -> None:
    trials = [*drawn(30, mostly_rate), ({"rate": "7", "dropout": "0.5", "kind": "z"}, 0.5)]
    assert importances(SPACE, trials, 1)[0].key == "rate"


def test_thousands_of_trials_take_no_longer() -> None:
    found = importances(SPACE, drawn(5000, mostly_rate), 1)
    assert found[0].key == "rate"
    assert found[0].is_told
