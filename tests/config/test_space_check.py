"""Every choice and both ends of every range are composed before anything is trained."""

from collections.abc import Callable

import pytest
from hydra.core.global_hydra import GlobalHydra

from mnist_sweep.config.compose import Composer
from mnist_sweep.config.domains import parse_domain
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.space import parse_space
from mnist_sweep.config.space_check import Example, check_space, ends
from mnist_sweep.config.trial import TrialConfig
from mnist_sweep.tasks import ImageClassifier
from mnist_sweep.tasks.data import Description, check_against

pytestmark = pytest.mark.usefixtures("hydra_conf")
VALUES = {
    "model": "cnn", "optimizer": "adam", "model.filters_1": "32", "model.padding_1": "same", "train.batch_size": "128",
    "optimizer.beta_1": "0.9", "train.loss": "sparse_categorical_crossentropy",
}  # fmt: skip


def composer_of(*base: str) -> Composer:
    """A composer within `hydra_conf`."""
    return Composer(GlobalHydra.instance().config_loader(), "config", list(base), [])


def check(space: dict, when: dict | None = None) -> list[TrialConfig]:
    examples = check_space(composer_of("data=digits"), parse_space(space, when or {}), VALUES, ImageClassifier())
    return [example.config for example in examples]


@pytest.mark.parametrize(
    ("text", "literals"),
    [
        ("choice(a,b,c)", ["a", "b", "c"]),
        ("range(1,10,3)", ["1", "7"]),
        ("interval(0,1)", ["0.0", "1.0"]),
        ("range(1,2)", ["1"]),
        ("tag(log,interval(1e-4,1e-2))", ["0.0001", "0.01"]),
        ("null", ["null"]),
    ],
)
def test_the_ends_of_a_domain(text, literals):
    assert ends(parse_domain("key", text)) == literals


@pytest.mark.parametrize(
    ("space", "when"),
    [
        ({"model.filters_1": "range(1,100)"}, {}),
        ({"optimizer.learning_rate": "tag(log,interval(1e-4,1e-2))", "train.batch_size": "choice(1,64)"}, {}),
        ({"optimizer": "choice(adam,sgd)"}, {"optimizer=sgd": {"optimizer.momentum": "interval(0,1)"}}),
        ({"optimizer": "choice(adam,sgd)"}, {"optimizer=adam": {"optimizer.beta_1": "interval(0.5,0.9)"}}),
        ({"model": "choice(cnn,dnn)"}, {"model=dnn": {"model.units": "choice([5],[5,5])"}}),
        ({"model.filters_1": "choice(1,2)"}, {"model.filters_1=2": {"model.filters_2": "choice(3,4)"}}),
        ({"train.early_stopping_patience": "range(1,5)"}, {}),
        ({"train.loss": "choice(sparse_categorical_crossentropy,categorical_crossentropy)"}, {}),
        ({"model.filters_1": "range(1,100)"}, {"model.filters_1>50": {"model.filters_2": "choice(3,4)"}}),
        ({"model.filters_1": "range(1,100)"}, {"model.filters_1 in [3,4]": {"model.filters_2": "choice(3,4)"}}),
        (
            {"model.dropout": "interval(0,0.5)"},
            {"model.dropout in interval(0.2,0.3)": {"train.batch_size": "choice(1,2)"}},
        ),
        ({"model.dense_units": "choice(5,6)"}, {"train.batch_size>=128": {"model.filters_2": "choice(3,4)"}}),
        ({"model.dropout": "interval(0,0.5)"}, {"optimizer=sgd": {"optimizer.momentum": "interval(0,1)"}}),
    ],
)
def test_a_sound_space_passes(space, when):
    check(space, when)


@pytest.mark.parametrize(
    ("space", "when", "message"),
    [
        ({}, {}, "search.space must not be empty"),
        ({"model.filters_1": "range(0,5)"}, {}, "search.space: model.filters_1 must be at least 1, got 0"),
        ({"optimizer.beta_1": "interval(0.5,1.0)"}, {}, "search.space: optimizer.beta_1 must be less than 1.0"),
        ({"optimizer.learning_rate": "interval(-2,-1)"}, {}, "search.space: optimizer.learning_rate must be greater"),
        ({"model.filters_1": "choice(1,2,0,3)"}, {}, "search.space: model.filters_1 must be at least 1, got 0"),
        ({"model.filters_1": "choice(1,many)"}, {}, "search.space: model.filters_1 must be a whole number, got many"),
        ({"model.padding_1": "choice(same,vald)"}, {}, "search.space: model.padding_1 must be one of same, valid"),
        ({"model.nope": "choice(1,2)"}, {}, "search.space: model.nope is not a known key"),
        ({"optimizer": "choice(adam,nope)"}, {}, "search.space: optimizer must be one of adam, "),
        ({"data.split_seed": "range(3)"}, {}, "search.space must not have data.split_seed"),
        ({"data": "choice(mnist,digits)"}, {}, "search.space must not have data"),
        ({"study.seed": "range(3)"}, {}, "search.space must not have study.seed"),
        ({"train.epochs": "range(1,3)"}, {}, "search.space must not have train.epochs"),
        ({"sampler": "choice(tpe,random)"}, {}, "search.space: sampler is not a key of a trial"),
        ({"runtime.workers": "range(1,3)"}, {}, "search.space: runtime.workers is not a key of a trial"),
        ({"model._target_": "choice(os.system,os.popen)"}, {}, "search.space: model._target_ must be in"),
        ({"model.filters_1": "interval(1.0,9.0)"}, {}, "search.space: model.filters_1 must be a whole number, got 1.0; "
                                                       "write int(interval(...))"),
        ({}, {"optimizer=nope": {"optimizer.momentum": "interval(0,1)"}}, "search.when: optimizer must be one of"),
        ({}, {"optimzer=adam": {"optimizer.beta_1": "interval(0,0.5)"}}, "search.when: optimzer is not a known key"),
        ({}, {"optimizer=adam": {"optimizer.beta_1": "interval(0,1)"}}, "search.space: optimizer.beta_1 must be less"),
        ({"optimizer": "choice(adam,sgd)"}, {"optimizer=sgd": {"optimizer.momentum": "interval(0,2)"}},
         "search.space: optimizer.momentum must be at most 1.0, got 2.0"),
        ({"optimizer": "choice(adam,sgd)"}, {"optimizer=sgd": {"optimizer.beta_1": "interval(0,0.5)"}},
         "search.space: optimizer.beta_1 is not a known key"),
        ({"model.filters_1": "choice(1,2)"}, {"model.filters_1=3": {"model.filters_2": "choice(3,4)"}},
         "search.when: model.filters_1 is never 3"),
        ({"model.filters_1": "range(1,9)"}, {"model.filters_1>50": {"model.filters_2": "choice(3,4)"}},
         "search.when: model.filters_1 is never >50 in search.space"),
        ({"model.filters_1": "choice(1,2)"}, {"model.padding_1>3": {"model.filters_2": "choice(3,4)"}},
         "search.when: model.padding_1 must be a number to be >3, got same"),
        ({"model.filters_1": "choice(1,2)"}, {"model.filters_1>1": {"model.filters_2": "choice(0,4)"}},
         "search.space: model.filters_2 must be at least 1, got 0"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_key(space, when, message):
    with pytest.raises(UserError) as caught:
        check(space, when)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("space", "key"),
    [
        ({"model": "choice(cnn,dnn)", "model.filters_1": "choice(8,16)"}, "model.filters_1"),
        ({"optimizer": "choice(adam,sgd)", "optimizer.beta_1": "interval(0.5,0.9)"}, "optimizer.beta_1"),
    ],
)
def test_a_parameter_that_an_option_of_the_space_does_not_have_is_told(space, key):
    with pytest.raises(UserError, match=rf"{key}"):
        check(space)


def test_every_end_is_composed():
    found = check({"train.batch_size": "choice(1,64,32)"})
    assert [config.train.batch_size for config in found] == [1, 64, 32]


def test_a_conditional_parameter_is_checked_where_its_condition_holds():
    when = {"optimizer=sgd": {"optimizer.momentum": "interval(0,0.5)"}}
    found = check({"optimizer": "choice(adam,sgd)"}, when)
    assert [(config.optimizer.target, config.optimizer.arguments.get("momentum")) for config in found] == [
        ("keras.optimizers.Adam", None), ("keras.optimizers.SGD", 0.9),
        ("keras.optimizers.SGD", 0.0), ("keras.optimizers.SGD", 0.5),
    ]  # fmt: skip


BLOCKS = {"model": "blocks", "model.filters": "[16,32,48]", "model.convolutions": "[1,2,2]", "model.pool_size": "2"}
LENGTHS = {"model.filters": "choice([16,32,48],[16,32])", "model.convolutions": "choice([1,2,2],[2,2])"}


def fits_digits(config: TrialConfig) -> None:
    check_against(config, Description("digits", image=(28, 28, 1), classes=10, train_images=1077))


def blocks(space: dict, fits: Callable[[TrialConfig], None] = fits_digits) -> list[Example]:
    composer = composer_of("data=digits", "model=blocks", "model.convolutions=[1,2,2]")
    return check_space(composer, parse_space(space, {}), BLOCKS, ImageClassifier(), fits)


def test_a_value_that_needs_another_one_is_composed_with_it():
    """A list of another length than the base configuration's second list."""
    assert [example.overrides for example in blocks(LENGTHS)] == [
        {"model.filters": "[16,32,48]"}, {"model.filters": "[16,32]", "model.convolutions": "[2,2]"},
        {"model.convolutions": "[1,2,2]"}, {"model.convolutions": "[2,2]", "model.filters": "[16,32]"},
    ]  # fmt: skip
    with pytest.raises(UserError, match=r"search.space: model.convolutions"):
        blocks({"model.filters": LENGTHS["model.filters"]})


def test_a_value_that_can_not_be_trained_by_itself_is_told_unless_another_one_helps():
    def fits(config: TrialConfig) -> None:
        if config.model.arguments["pool_size"] == 3 and config.model.arguments["dropout"] < 0.5:
            raise UserError("model.pool_size must be 2")

    space = {"model.pool_size": "choice(2,3)"}
    with pytest.raises(UserError, match=r"search.space: model.pool_size must be 2"):
        blocks(space, fits)
    found = blocks({**space, "model.dropout": "interval(0,0.5)"}, fits)
    assert found[1].overrides == {"model.pool_size": "3", "model.dropout": "0.5"}


def test_a_parameter_that_is_searched_only_with_the_value_helps_too():
    when = {"model.filters=[16,32]": {"model.convolutions": "choice([2,2],[1,2])"}}
    composer = composer_of("data=digits", "model=blocks", "model.convolutions=[1,2,2]")
    space = parse_space({"model.filters": LENGTHS["model.filters"]}, when)
    found = check_space(composer, space, BLOCKS, ImageClassifier(), fits_digits)
    assert {"model.filters": "[16,32]", "model.convolutions": "[2,2]"} in [one.overrides for one in found]


def test_a_value_is_named_where_the_mistake_is_told_by_another_key():
    with pytest.raises(UserError, match=r"model.convolutions must be .* \(with model.filters=\[16,32\]\)$"):
        blocks({"model.filters": LENGTHS["model.filters"]})
