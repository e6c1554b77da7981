"""The configuration of an image classifier's trial."""

import copy
import hashlib
import json

import pytest

from mnist_sweep.config.errors import UserError
from mnist_sweep.config.image_classifier import check_against_data
from mnist_sweep.config.schema import check_cnn_shape
from mnist_sweep.config.trial import parse_trial

PLAIN = {
    "data": {
        "_target_": "mnist_sweep.data.archive", "name": "mnist", "validation": "split", "validation_size": 100,
        "split_seed": 0, "path": None, "digests": None, "urls": ["http://a/b"],
    },
    "model": {"_target_": "mnist_sweep.models.dnn", "units": [8], "dropout": 0.0},
    "optimizer": {
        "_target_": "keras.optimizers.Adam", "learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7,
    },
    "train": {
        "epochs": 2, "batch_size": 32, "loss": "sparse_categorical_crossentropy", "precision": "float32",
        "early_stopping_patience": None, "learning_rate_schedule": "constant", "label_smoothing": 0.0,
        "weight_average": 0.0,
    },
    "study": {"seed": 0},
}  # fmt: skip
CNN = {
    "filters_1": 4, "kernel_size_1": 5, "strides_1": 1, "padding_1": "same", "pool_size_1": 2,
    "filters_2": 4, "kernel_size_2": 2, "strides_2": 1, "padding_2": "same", "pool_size_2": 2,
    "dropout": 0.25, "dense_units": 10,
}  # fmt: skip


def changed(key: str, value: object) -> dict:
    plain = copy.deepcopy(PLAIN)
    section, _, name = key.partition(".")
    plain[section][name] = value
    return plain


def seed(key: str = "study.seed", value: object = 0) -> int:
    return parse_trial(changed(key, value)).trial_seed()


def test_a_configuration_survives_the_way_there_and_back():
    trial = parse_trial(PLAIN)
    assert trial.plain() == PLAIN
    assert parse_trial(json.loads(json.dumps(trial.plain()))) == trial


def test_a_configuration_from_before_groups_is_the_same():
    now = copy.deepcopy(PLAIN)
    now["data"] |= {"split": "stratified", "groups": None}
    assert parse_trial(now) == parse_trial(PLAIN)
    assert parse_trial(now).plain() == PLAIN


def test_where_the_groups_lie_changes_no_seed_but_how_images_are_split_does():
    now = copy.deepcopy(PLAIN)
    now["data"]["groups"] = "/a/writers.npz"
    assert parse_trial(now).trial_seed() == parse_trial(PLAIN).trial_seed()
    assert parse_trial(now).plain()["data"]["groups"] == "/a/writers.npz"
    now["data"]["split"] = "grouped"
    assert parse_trial(now).trial_seed() != parse_trial(PLAIN).trial_seed()


def test_a_split_by_groups_needs_groups_and_a_seed():
    with pytest.raises(UserError, match=r"data.split=grouped needs data.groups: a file"):
        parse_trial(changed("data.split", "grouped"))
    plain = changed("data.split", "grouped")
    plain["data"] |= {"groups": "a.npz", "split_seed": None}
    with pytest.raises(UserError, match=r"data.split=grouped needs data.split_seed"):
        parse_trial(plain)


def test_the_seed_of_a_configuration_from_before_schedules_is_the_same():
    before = copy.deepcopy(PLAIN)
    del before["train"]["learning_rate_schedule"]
    assert parse_trial(before) == parse_trial(PLAIN)
    assert seed("train.learning_rate_schedule", "cosine") == parse_trial(before).trial_seed()


@pytest.mark.parametrize("key", ["label_smoothing", "weight_average"])
def test_the_seed_of_a_configuration_from_before_a_key_is_the_same(key):
    before = copy.deepcopy(PLAIN)
    del before["train"][key]
    assert parse_trial(before) == parse_trial(PLAIN)
    assert seed(f"train.{key}", 0.1) != seed()


def test_other_sections_are_left_alone():
    assert parse_trial({**PLAIN, "search": 5, "defaults": []}) == parse_trial(PLAIN)


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("data.validation", "both", "one of split, test"),
        ("data.validation_size", 0, "at least 1"),
        ("data.urls", "http://a", "a list"),
        ("data.digests", {"train_images": "0"}, "missing"),
        ("model.units", [], "not empty"),
        ("model.dropout", 1.0, "less than 1"),
        ("model.depth", 3, "not a known key"),
        ("optimizer.beta_2", 1, "less than 1"),
        ("optimizer.epsilon", 0, "greater than 0"),
        ("optimizer._target_", "os.system", "keras.optimizers"),
        ("optimizer.momentum", 0.9, "not a known key"),
        ("train.epochs", 0, "at least 1"),
        ("train.batch_size", "32", "whole number"),
        ("train.precision", "float16", "one of float32, mixed_bfloat16"),
        ("study.seed", -1, "at least 0"),
        ("study.seed", 2**32, "less than 4294967296"),
        ("study.seed", None, "whole number"),
    ],
)
def test_a_wrong_value_is_told_by_its_key(key, value, part):
    with pytest.raises(UserError) as caught:
        parse_trial(changed(key, value))
    assert str(caught.value).startswith(key)
    assert part in str(caught.value)


@pytest.mark.parametrize("section", ["data", "model", "optimizer", "train", "study"])
def test_a_section_is_not_left_out(section):
    with pytest.raises(UserError, match=rf"^{section} is missing"):
        parse_trial({key: value for key, value in PLAIN.items() if key != section})


@pytest.mark.parametrize("section", ["data", "model", "optimizer", "train", "study"])
@pytest.mark.parametrize("value", [None, 5, [1], {1: 2}])
def test_a_section_is_a_mapping_of_names(section, value):
    with pytest.raises(UserError, match=rf"^{section} "):
        parse_trial({**PLAIN, section: value})


def test_a_function_of_the_users_own_takes_what_it_likes_where_it_is_allowed():
    plain = {**PLAIN, "model": {"_target_": "mine.net", "anything": [1, {"a": 2}]}}
    assert parse_trial(plain, ["mine"]).model.arguments == {"anything": [1, {"a": 2}]}
    with pytest.raises(UserError, match=r"^model\._target_ must be in"):
        parse_trial(plain)


@pytest.mark.parametrize(
    ("section", "target"),
    [
        ("model", "mnist_sweep.models.nope"),
        ("model", "mnist_sweep.models.build"),
    ],
)
def test_a_function_of_ours_that_is_no_network_is_told_before_anything_starts(section, target):
    with pytest.raises(UserError, match=rf"^{section}\._target_"):
        parse_trial(changed(f"{section}._target_", target))


def test_the_seed_is_the_hash_of_what_is_trained():
    untrained = ("epochs", "early_stopping_patience", "learning_rate_schedule", "label_smoothing",
                 "weight_average")  # fmt: skip
    what = {
        "data": {k: v for k, v in PLAIN["data"].items() if k not in ("path", "urls", "digests")},
        "model": PLAIN["model"],
        "optimizer": PLAIN["optimizer"],
        "train": {k: v for k, v in PLAIN["train"].items() if k not in untrained},
        "study": PLAIN["study"],
    }
    digest = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
    assert seed() == int(digest[:8], 16) // 2
    assert 0 <= seed() < 2**31


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("data.path", "/somewhere/else"),
        ("data.urls", []),
        ("train.epochs", 50),
        ("train.early_stopping_patience", 3),
        ("optimizer.learning_rate", 1e-3),
        ("model.dropout", 0),
    ],
)
def test_the_seed_stays_where_the_first_epoch_does(key, value):
    assert seed(key, value) == seed()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("study.seed", 1),
        ("optimizer.learning_rate", 0.002),
        ("model.units", [9]),
        ("train.batch_size", 33),
        ("data.split_seed", 1),
        ("data.name", "other"),
    ],
)
def test_the_seed_changes_with_what_is_trained(key, value):
    assert seed(key, value) != seed()


def side_after(size: int, kernel: int, strides: int, padding: str, pool: int) -> int:
    """Positions counted one by one, as a picture is walked over; 0 where there is none."""
    width = size if padding == "same" else size - kernel + 1
    positions = len(range(0, max(width, 0), strides))
    return len(range(0, positions - pool + 1, pool))


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kernel", [1, 2, 5, 8])
@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("pool", [1, 2, 3, 7, 8])
def test_a_layer_without_a_pixel_is_refused(padding, kernel, strides, pool):
    arguments = CNN | {"kernel_size_1": kernel, "strides_1": strides, "padding_1": padding, "pool_size_1": pool}
    arguments |= {"kernel_size_2": 2, "padding_2": "valid", "pool_size_2": 1}
    first = side_after(8, kernel, strides, padding, pool)
    if first and side_after(first, 2, 1, "valid", 1):
        check_cnn_shape(arguments, (8, 8, 1))
    else:
        with pytest.raises(UserError, match=r"^model\.(kernel|pool)_size_[12] must be at most \d"):
            check_cnn_shape(arguments, (8, 8, 1))


def test_the_shorter_side_decides():
    check_cnn_shape(CNN | {"padding_1": "valid", "kernel_size_1": 6}, (20, 20, 1))
    with pytest.raises(UserError, match=r"^model\.kernel_size_1 must be at most 5, "):
        check_cnn_shape(CNN | {"padding_1": "valid", "kernel_size_1": 6}, (20, 5, 1))


def test_a_batch_has_no_more_images_than_there_are():
    trial = parse_trial(PLAIN)
    check_against_data(trial, (28, 28, 1), 32)
    with pytest.raises(UserError, match=r"^train\.batch_size must be at most 31, .* got 32$"):
        check_against_data(trial, (28, 28, 1), 31)


def test_a_network_is_checked_against_the_images():
    trial = parse_trial({**PLAIN, "model": {"_target_": "mnist_sweep.models.cnn", **CNN, "pool_size_1": 9}})
    check_against_data(trial, (28, 28, 1), 100)
    with pytest.raises(UserError, match=r"^model\.pool_size_1 must be at most 8"):
        check_against_data(trial, (8, 8, 1), 100)


def test_a_loss_by_name_has_no_other_smoothing_and_is_checked():
    named = {"_target_": "keras.losses.Huber", "delta": 0.5}
    assert parse_trial(changed("train.loss", named)).train.loss == named
    smoothed = changed("train.loss", named)
    smoothed["train"]["label_smoothing"] = 0.1
    with pytest.raises(UserError, match=r"train\.label_smoothing must be 0 with a train\.loss by name, got 0\.1"):
        parse_trial(smoothed)
    with pytest.raises(UserError, match=r"train\.loss\._target_ must be in keras\.losses .*, got os\.system"):
        parse_trial(changed("train.loss", {"_target_": "os.system"}))
    with pytest.raises(UserError, match=r"train\.loss must be one of sparse_categorical_crossentropy, categorical_cro"):
        parse_trial(changed("train.loss", "huber"))


def test_a_schedule_by_name_excludes_ours():
    decay = {"_target_": "keras.optimizers.schedules.CosineDecay", "initial_learning_rate": 0.01, "decay_steps": 8}
    assert parse_trial(changed("optimizer.learning_rate", decay)).optimizer.arguments["learning_rate"] == decay
    both = changed("optimizer.learning_rate", decay)
    both["train"]["learning_rate_schedule"] = "triangular"
    with pytest.raises(
        UserError, match=r"train\.learning_rate_schedule must be constant where optimizer\.learning_rate i"
    ):
        parse_trial(both)
