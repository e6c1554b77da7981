"""Trials of Optuna's in our words."""

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial

from mnist_sweep.config.domains import as_number
from mnist_sweep.config.space import parse_space
from mnist_sweep.search.trials import AUDITED, REASON, Standing, standing_of
from mnist_sweep.storage.state import TrialState

PARAMETERS = parse_space({"rate": "interval(0,1)", "units": "choice([4],[8,8])"}, {})
DISTRIBUTIONS = {"rate": FloatDistribution(0, 1), "gone": CategoricalDistribution(["a"])}


@pytest.mark.parametrize(
    ("text", "number"), [("1", 1.0), ("-2.5e3", -2500.0), ("adam", None), ("", None), ("[1]", None), ("null", None)]
)
def test_a_text_is_a_number_or_not(text: str, number: float | None) -> None:
    assert as_number(text) == number


def told(state: str, values: list[float] | None, **attributes: object) -> FrozenTrial:
    """The second trial of a study, so that its parameters are overrides."""
    study = optuna.create_study(directions=["maximize"] * len(values or [0]))
    for _ in range(2):
        study.add_trial(
            optuna.trial.create_trial(
                state=optuna.trial.TrialState[state], values=values, params={"rate": 0.25, "gone": "a"},
                distributions=DISTRIBUTIONS, user_attrs=dict(attributes),
            )
        )  # fmt: skip
    return study.trials[1]


def test_a_complete_trial_has_its_values_and_the_parameters_that_are_still_searched() -> None:
    assert standing_of(told("COMPLETE", [0.5, 100.0]), PARAMETERS) == Standing(
        1, TrialState.COMPLETE, (0.5, 100.0), {"rate": "0.25"}, None
    )


def test_a_failed_trial_has_its_reason_and_no_values() -> None:
    found = standing_of(told("FAIL", None, **{REASON: "loss became NaN"}), PARAMETERS)
    assert (found.state, found.values, found.reason) == (TrialState.FAIL, None, "loss became NaN")


def test_an_audited_trial_has_the_epoch() -> None:
    assert standing_of(told("COMPLETE", [0.5], **{AUDITED: 2}), PARAMETERS).audited == 2


def test_the_baseline_has_no_overrides() -> None:
    study = optuna.create_study()
    study.add_trial(optuna.trial.create_trial(value=0.5, params={"rate": 0.25},
                                              distributions={"rate": DISTRIBUTIONS["rate"]}))  # fmt: skip
    assert standing_of(study.trials[0], PARAMETERS).overrides == {}
