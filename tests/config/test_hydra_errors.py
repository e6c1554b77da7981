"""Hydra's own errors, as Hydra raises them, in one line of this project's words."""

import pytest
from hydra import compose
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mnist_sweep.config.compose import known_keys
from mnist_sweep.config.hydra_errors import as_user_error


def told(config: str, *overrides: str) -> str:
    known = known_keys(compose("config"))
    with pytest.raises((HydraException, OmegaConfBaseException)) as caught:
        OmegaConf.to_container(compose(config, list(overrides)), resolve=True)
    return str(as_user_error(caught.value, known))


@pytest.mark.usefixtures("hydra_conf")
@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optimizer=adm", "optimizer=adm is not there; did you mean adam?"),
        ("+experiment=records/smal", "experiment=records/smal is not there; did you mean records/small?"),
        ("data=x", "data=x is not there; known are csv, digits, fashion_mnist, file, folder, mnist"),
        ("model.filters=3", "model.filters is not a known key; did you mean model.filters_"),
        ("optimizer.beta1=3", "optimizer.beta1 is not a known key; did you mean optimizer.beta_1?"),
        ("~train.nope", "train.nope is not a known key"),
        ("+model=dnn", "the command line or a configuration can't be read: Multiple values for model."),
        ("model.units=[1", "the command line or a configuration can't be read: "),
        ("model.filters_1='a", "the command line or a configuration can't be read: "),
        ("model.filters_1", "the command line or a configuration can't be read: "),
        ("model.filters_1=${nope}", "the command line or a configuration can't be read: "),
        ("model.filters_1=${oc.env:NOPE_NOPE}", "the command line or a configuration can't be read: "),
    ],
)
def test_an_error_is_told_in_one_line(override, message):
    line = told("config", override)
    assert line.startswith(message)
    assert "\n" not in line


@pytest.mark.usefixtures("hydra_conf")
@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["optimizer=sgd", "optimizer.beta_1=0.9"], "optimizer.beta_1 can't be set: only other options of optimizer"),
        (["task=function", "task.function=a.b", "train.epochs=3"], "train.epochs can't be set: only other options of"),
        (["~task", "search.n_trials=3"], "search.n_trials can't be set, as the configuration has no section search"),
    ],
)
def test_a_key_that_the_chosen_options_do_not_have_is_told(overrides, message):
    assert told("config", *overrides).startswith(message)


@pytest.mark.usefixtures("hydra_conf")
@pytest.mark.parametrize("override", ["model.units=[1", "model.filters_1='a", "model.filters_1=${nope}"])
def test_what_can_not_be_read_is_quoted(override):
    line = told("config", override)
    assert override.partition("=")[2].strip("${}") in line


@pytest.mark.usefixtures("hydra_conf")
def test_a_primary_config_that_is_not_there_is_named():
    assert told("nope").startswith("nope is not there")


def test_an_error_without_words_is_named_by_its_kind():
    assert str(as_user_error(HydraException(""), [])).endswith("can't be read: HydraException")


def test_the_cause_is_told_too():
    error = HydraException("above")
    error.__cause__ = ValueError("below\nand more")
    assert str(as_user_error(error, [])) == "the command line or a configuration can't be read: above (below)"
