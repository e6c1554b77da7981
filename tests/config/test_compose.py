"""Trials' configurations are Hydra's, and their overrides make them again."""

import pytest
from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from mnist_sweep.config import fastest_precision
from mnist_sweep.config.compose import Composer, base_values, key_of, known_keys, of_a_trial, plain, trusted_modules
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.flatten import differences
from mnist_sweep.config.trial import parse_trial

BASE = ["data=digits", "train.epochs=2", "search.n_trials=5", "runtime.workers=2", "study.seed=7"]


def by_hydra(*overrides: str):
    return parse_trial(plain(compose("config", list(overrides))))


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("model=cnn", "model"), ("a.b=1", "a.b"), ("+a.b=1", "a.b"), ("++a.b=1", "a.b"), ("~a.b", "a.b"),
        ("a@b=c", "a"), ("a.b=x=y", "a.b"), ("hydra/launcher=x", "hydra/launcher"),
    ],
)  # fmt: skip
def test_the_key_of_an_override(override, key):
    assert key_of(override) == key


@pytest.mark.parametrize(
    ("override", "of_it"),
    [
        ("model=cnn", True), ("model.filters_1=3", True), ("study.seed=1", True), ("train.epochs=3", True),
        ("data=digits", True), ("+experiment=x", True), ("runtime.allowed_targets=[a]", True),
        ("search=cnn", False), ("search.n_trials=3", False), ("sampler=grid", False), ("sampler.seed=1", False),
        ("pruner=none", False), ("tracking.uri=x", False), ("runs_folder=x", False), ("runtime.workers=3", False),
        ("study.name=x", False), ("study.keep_models=0", False), ("hydra/launcher=x", False), ("+search.x=1", False),
        ("searching=1", True), ("study.names=1", True),
    ],
)  # fmt: skip
def test_what_is_around_a_trial_is_not_of_it(override, of_it):
    assert of_a_trial(override) is of_it


@pytest.mark.parametrize(
    ("overrides", "allowed"),
    [
        ([], []),
        (["model=cnn"], []),
        (["runtime.allowed_targets=[a.b,c]"], ["a.b", "c"]),
        (["+runtime.allowed_targets=[a]"], ["a"]),
        (["runtime.allowed_targets=[a]", "runtime.allowed_targets=[b]"], ["b"]),
        (["runtime.allowed_targets=a"], ["a"]),
    ],
)
def test_only_the_command_line_allows_targets(overrides, allowed):
    assert trusted_modules(overrides) == allowed


def composer_of(*base: str) -> Composer:
    """A composer within `hydra_conf`."""
    return Composer(GlobalHydra.instance().config_loader(), "config", list(base), [])


@pytest.mark.usefixtures("hydra_conf")
class TestComposer:
    def test_options_of_groups(self):
        assert set(composer_of().options("model")) == {"blocks", "cnn", "dnn"}
        assert composer_of().options("nope") == ()

    def test_the_base_is_what_hydra_composes(self):
        assert composer_of(*BASE).config({}) == by_hydra("data=digits", "train.epochs=2", "study.seed=7")

    @pytest.mark.parametrize(
        "trial",
        [
            {},
            {"model.filters_1": "7"},
            {"optimizer": "sgd"},
            {"optimizer": "sgd", "optimizer.momentum": "0.5"},
            {"model": "dnn", "model.units": "[3,4]", "train.loss": "categorical_crossentropy"},
            {"model.dropout": "0.125", "train.early_stopping_patience": "null"},
        ],
    )
    def test_a_trial_is_its_list_of_overrides(self, trial):
        composer = composer_of(*BASE)
        assert composer.config(trial) == by_hydra(*composer.overrides(trial))

    def test_a_trials_overrides_are_the_bases_and_its_own(self):
        composer = composer_of(*BASE, "train.precision=float32", "model.filters_1=5")
        given = {"optimizer": "sgd", "model.filters_1": "7"}
        assert composer.overrides(given) == [
            "data=digits", "train.epochs=2", "study.seed=7", "train.precision=float32", "optimizer=sgd",
            "model.filters_1=7",
        ]  # fmt: skip

    def test_a_base_value_without_a_place_in_the_trials_group_is_left_out(self):
        base = ["data=digits", "train.precision=float32", "optimizer.beta_1=0.5", "optimizer.learning_rate=0.1"]
        composer = composer_of(*base)
        assert "optimizer.beta_1=0.5" in composer.overrides({})
        assert composer.overrides({"optimizer": "sgd"}) == [
            "data=digits",
            "train.precision=float32",
            "optimizer.learning_rate=0.1",
            "optimizer=sgd",
        ]
        assert composer.config({"optimizer": "sgd"}).optimizer.arguments["learning_rate"] == 0.1
        assert composer.config({"optimizer": "adamw"}).optimizer.arguments["beta_1"] == 0.5

    def test_the_precision_of_this_processor_is_written_out_so_that_it_is_the_same_elsewhere(self):
        composer = composer_of("data=digits")
        assert composer.overrides({}) == ["data=digits", f"train.precision={fastest_precision()}"]
        assert composer.config({}).train.precision == fastest_precision()
        assert composer.overrides({"train.precision": "float32"}) == ["data=digits", "train.precision=float32"]

    def test_one_trial_does_not_leak_into_the_next(self):
        composer = composer_of(*BASE)
        before = composer.config({})
        composer.config({"model.filters_1": "7", "optimizer.learning_rate": "0.5"})
        assert composer.config({}) == before

    @pytest.mark.parametrize(
        ("trial", "message"),
        [
            ({"model.filters": "3"}, "model.filters is not a known key; did you mean model.filters_"),
            ({"optimizer": "adm"}, "optimizer must be one of adam, adamw, rmsprop, sgd, got adm"),
            ({"model.filters_1": "0"}, "model.filters_1 must be at least 1, got 0"),
            ({"optimizer": "sgd", "optimizer.beta_1": "0.5"}, "optimizer.beta_1 is not a known key"),
            ({"model": "dnn", "model.filters_1": "3"}, "model.filters_1 is not a known key"),
            ({"train": "5"}, "train"),
        ],
    )
    def test_what_can_not_be_is_told(self, trial, message):
        with pytest.raises(UserError) as caught:
            composer_of(*BASE).config(trial)
        assert str(caught.value).startswith(message)

    def test_known_keys_have_sections_and_values(self):
        keys = known_keys(compose("config", ["data=digits"]))
        assert {"model", "model.filters_1", "runs_folder", "train.epochs"} <= set(keys)
        assert "filters_1" not in keys

    def test_a_missing_value_is_told_by_its_key(self):
        with pytest.raises(UserError, match=r"^data\.path is missing: give it with data\.path=\.\.\.$"):
            plain(compose("config", ["data=file"]))

    def test_interpolations_are_resolved(self):
        assert plain(compose("config", ["pruner=hyperband", "train.epochs=9"]))["pruner"]["max_resource"] == 9


def test_plain_data_has_plain_types():
    found = plain(OmegaConf.create({"a": {"b": [1, "${c}"]}, "c": None}))
    assert found == {"a": {"b": [1, None]}, "c": None}
    assert type(found["a"]) is dict
    assert type(found["a"]["b"]) is list


@pytest.mark.parametrize(
    ("first", "second", "lines"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["a: 1 -> 2"]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, ["a.c: 2 -> 3"]),
        ({"a": 1}, {"b": 2}, ["a: 1 -> null", "b: null -> 2"]),
        ({"a": [1, 2]}, {"a": [2, 1]}, ["a: [1, 2] -> [2, 1]"]),
        ({"a": {"b": 1}}, {"a": 5}, ["a: {'b': 1} -> 5"]),
        ({"a": True}, {"a": False}, ["a: true -> false"]),
    ],
)
def test_differences_are_a_line_for_each_key(first, second, lines):
    assert differences(first, second) == lines


@pytest.mark.usefixtures("hydra_conf")
def test_what_hydra_has_composed_is_not_composed_again():
    composed = compose("config", BASE)
    loader = GlobalHydra.instance().config_loader()
    composer = Composer(loader, "config", BASE, [], composed)
    composer._compose = None  # would be called
    assert composer.config({"model.filters_1": "7"}) == by_hydra(*BASE, "model.filters_1=7")


@pytest.mark.usefixtures("hydra_conf")
def test_base_values_are_as_in_overrides_and_have_the_chosen_options():
    values = base_values(plain(compose("config", ["data=digits", "model=dnn"])), {"model": "dnn"})
    assert values["model"] == "dnn"
    assert values["train.early_stopping_patience"] == "null"
    assert values["model.units"].startswith("[")


def test_an_element_of_a_list_is_a_key_and_comes_behind_its_list(hydra_conf):
    composer = composer_of("data=digits", "model=dnn", "model.units=[5,6]")
    assert composer.config({"model.units.1": "7"}).model.arguments["units"] == [5, 7]
    trial = {"model.units.2": "9", "model.units": "[1,2,3]", "model.units.0": "8"}
    assert composer.config(trial).model.arguments["units"] == [8, 2, 9]
    texts = composer.overrides(trial)
    assert texts[-3:] == ["model.units=[1,2,3]", "model.units.2=9", "model.units.0=8"]
    assert by_hydra(*texts) == composer.config(trial)  # pasted behind `train`
    with pytest.raises(UserError, match=r"model.units.2 is not a known key"):
        composer.config({"model.units.2": "9"})
    with pytest.raises(UserError, match=r"model.units.0 must be at least 1, got 0"):
        composer.config({"model.units.0": "0"})
    assert base_values(composer.plain_base(), {})["model.units.1"] == "6"
