"""Samplers and pruners as they are configured."""

import optuna
import pytest
from hydra import compose
from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import CmaEsSampler, RandomSampler

from mnist_sweep.config import Component, UserError
from mnist_sweep.config.component import parse_component
from mnist_sweep.config.compose import plain
from mnist_sweep.search import GridSampler, TPESampler, build_pruner, build_sampler
from mnist_sweep.search.pruners.asha import SuccessiveHalvingPruner


def configured(key: str, *overrides: str) -> Component:
    return parse_component(plain(compose("config", ["data=digits", *overrides]))[key], key, [])


@pytest.mark.usefixtures("hydra_conf")
@pytest.mark.parametrize(
    ("option", "kind"), [("tpe", TPESampler), ("random", RandomSampler), ("cmaes", CmaEsSampler), ("grid", GridSampler)]
)
def test_each_sampler_there_is_can_be_made(option, kind):
    assert type(build_sampler(configured("sampler", f"sampler={option}"), 0)) is kind


@pytest.mark.usefixtures("hydra_conf")
@pytest.mark.parametrize(
    ("option", "kind"),
    [("median", MedianPruner), ("asha", SuccessiveHalvingPruner), ("hyperband", HyperbandPruner), ("none", NopPruner)],
)
def test_each_pruner_there_is_can_be_made(option, kind):
    assert type(build_pruner(configured("pruner", f"pruner={option}"))) is kind


def suggestions(sampler) -> list[float]:
    study = optuna.create_study(sampler=sampler)
    return [study.ask().suggest_float("x", 0, 1) for _ in range(5)]


RANDOM = "optuna.samplers.RandomSampler"
TPE = "optuna.samplers.TPESampler"
MEDIAN = "optuna.pruners.MedianPruner"
HALVING = "optuna.pruners.SuccessiveHalvingPruner"


def test_the_seed_decides_what_is_suggested():
    one, same, other = (suggestions(build_sampler(Component(RANDOM, {}), seed)) for seed in (1, 1, 2))
    assert one == same == suggestions(RandomSampler(seed=1))
    assert one != other


@pytest.mark.parametrize(("given", "used"), [(None, 1), (5, 5), (0, 0)])
def test_a_configured_seed_goes_first(given, used):
    built = build_sampler(Component(RANDOM, {"seed": given}), 1)
    assert suggestions(built) == suggestions(RandomSampler(seed=used))


@pytest.mark.parametrize(
    ("build", "target", "arguments", "message"),
    [
        (build_sampler, "optuna.samplers.Nope", {}, "sampler._target_ names optuna.samplers.Nope"),
        (build_sampler, "optuna.pruners.NopPruner", {}, "sampler._target_ must be a sampler of Optuna"),
        (build_sampler, "textwrap.dedent", {}, "sampler._target_ must be a sampler of Optuna"),
        (build_pruner, TPE, {}, "pruner._target_ must be a pruner of Optuna"),
        (build_sampler, "optuna.samplers.BaseSampler", {}, "sampler (BaseSampler) can't be made: "),
        (build_sampler, TPE, {"n_startup": 3}, "sampler.n_startup is not a known key; did you "),
        (build_sampler, TPE, {"group": True, "multivariate": False}, "sampler (TPESampler) can't be made: "),
        (build_sampler, RANDOM, {"seed": -1}, "sampler (RandomSampler) can't be made: "),
        (build_sampler, RANDOM, {"seed": "abc"}, "sampler.seed must be int | None, got abc"),
        (build_pruner, MEDIAN, {"n_startup_trials": -1}, "pruner.n_startup_trials must be at least 0, got -1"),
        (build_pruner, MEDIAN, {"n_startup_trials": "x"}, "pruner.n_startup_trials must be int, got x"),
        (build_pruner, HALVING, {"reduction_factor": 1}, "pruner (SuccessiveHalving"),
        (build_pruner, HALVING, {"min_resource": 0}, "pruner.min_resource must be at least 1, got 0"),
        (build_pruner, "optuna.pruners.HyperbandPruner", {"max_resource": "x"}, "pruner (HyperbandPruner) can't"),
        (build_pruner, "optuna.pruners.PatientPruner", {"patience": 2}, "pruner (PatientPruner) can't be made: "),
        (build_pruner, "optuna.pruners.PercentilePruner", {"percentile": 200}, "pruner (PercentilePruner) can't"),
    ],
)  # fmt: skip
def test_what_can_not_be_made_is_told(build, target, arguments, message):
    more = (0,) if build is build_sampler else ()
    with pytest.raises(UserError) as caught:
        build(Component(target, arguments), *more)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("build", "target", "arguments"),
    [
        (build_sampler, "TPESampler", {"n_startup_trials": "abc"}),
        (build_sampler, "TPESampler", {"n_startup_trials": -1}),
        (build_sampler, "TPESampler", {"n_ei_candidates": 0}),
        (build_sampler, "TPESampler", {"multivariate": "maybe"}),
        (build_sampler, "CmaEsSampler", {"n_startup_trials": "x"}),
        (build_pruner, "SuccessiveHalvingPruner", {"min_resource": 1.5}),
        (build_pruner, "HyperbandPruner", {"max_resource": 0}),
        (build_pruner, "MedianPruner", {"n_warmup_steps": 1.5}),
    ],
)
def test_a_wrong_argument_is_told_before_the_search(build, target, arguments):
    module, more = ("samplers", (0,)) if build is build_sampler else ("pruners", ())
    with pytest.raises(UserError, match=next(iter(arguments))):
        build(Component(f"optuna.{module}.{target}", arguments), *more)
