"""Which functions a configuration may name."""

from collections import Counter
from types import SimpleNamespace

import pytest

from mnist_sweep.config.errors import UserError
from mnist_sweep.config.targets import built, check_target, resolve


@pytest.mark.parametrize(
    ("key", "target", "allowed"),
    [
        ("model", "mnist_sweep.models.cnn", []),
        ("data", "mnist_sweep.data.digits", []),
        ("optimizer", "keras.optimizers.Adam", []),
        ("sampler", "optuna.samplers.TPESampler", []),
        ("sampler", "mnist_sweep.study.GridSampler", []),
        ("pruner", "optuna.pruners.NopPruner", []),
        ("model", "mine.nets.small", ["mine"]),
        ("model", "mine.nets.small", ["other", "mine.nets"]),
    ],
)
def test_functions_of_the_right_module_are_allowed(key, target, allowed):
    assert check_target({"_target_": target, "units": [1]}, key, allowed) == target


@pytest.mark.parametrize(
    ("key", "target", "allowed"),
    [
        ("model", "os.system", []),
        ("model", "keras.optimizers.Adam", []),
        ("optimizer", "mnist_sweep.models.cnn", []),
        ("optimizer", "keras.optimizers.schedules.os.system", []),
        ("model", "mnist_sweep.models.cnn.os.system", []),
        ("model", "mnist_sweep.modelsx.cnn", []),
        ("model", "mine.small", ["min"]),
        ("model", "mine.small", ["mine.small"]),
        ("model", "mine", ["mine"]),
        ("model", "mine.small", [""]),
        ("sampler", "optuna.pruners.NopPruner", []),
        ("model", ".mnist_sweep.models.cnn", []),
        ("model", "mnist_sweep.models..cnn", []),
        ("model", "mnist_sweep.models.__class__", []),
        ("model", "mnist_sweep.models.cnn\n", []),
        ("model", "", []),
        ("model", None, []),
        ("model", 5, []),
        ("model", ["mnist_sweep.models.cnn"], []),
    ],
)
def test_all_others_are_refused_by_the_name_of_their_key(key, target, allowed):
    with pytest.raises(UserError, match=rf"^{key}\._target_ must be "):
        check_target({"_target_": target}, key, allowed)


def test_a_section_without_a_target_is_refused():
    with pytest.raises(UserError, match=r"^model\._target_ must be a function's name"):
        check_target({"units": [1]}, "model", [])


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"_partial_": True}, "model._partial_"),
        ({"_args_": [1]}, "model._args_"),
        ({"units": {"_target_": "os.system"}}, "model.units._target_"),
        ({"units": [1, {"_target_": "os.system"}]}, "model.units.1._target_"),
        ({"units": [[{"a": {"_call_": 1}}]]}, "model.units.0.0.a._call_"),
    ],
)
def test_keys_that_hydra_would_act_upon_are_refused_at_any_depth(more, path):
    with pytest.raises(UserError) as caught:
        check_target({"_target_": "mnist_sweep.models.cnn", **more}, "model", [])
    assert str(caught.value).startswith(f"{path} is not allowed")


@pytest.mark.parametrize(
    "target", ["keras.optimizers.schedules.CosineDecay", "keras.regularizers.L2", "keras.losses.Huber", "mine.schedule"]
)
def test_small_classes_of_keras_and_allowed_modules_may_be_nested(target):
    section = {"_target_": "keras.optimizers.Adam", "learning_rate": {"_target_": target, "x": [{"y": 1}]}}
    assert check_target(section, "optimizer", ["mine"]) == "keras.optimizers.Adam"


@pytest.mark.parametrize("target", ["keras.losses.deserialize", "keras.layers.Lambda", "os.system", "mine.f", 1])
def test_nothing_else_may_be_nested(target):
    section = {"_target_": "keras.optimizers.Adam", "learning_rate": {"_target_": target}}
    with pytest.raises(UserError, match=r"^optimizer\.learning_rate\._target_ is not allowed: it must name a class of"):
        check_target(section, "optimizer", [])


def test_what_is_nested_is_built_from_the_inside():
    nested = {"a": [{"_target_": "collections.Counter", "b": 1}], "c": {"_target_": "types.SimpleNamespace", "d": 2}}
    found = built(nested, "model")
    assert found["a"] == [Counter(b=1)]
    assert found["c"] == SimpleNamespace(d=2)
    with pytest.raises(UserError, match=r"model\.x \(datetime\.date\) can't be made: "):
        built({"x": {"_target_": "datetime.date"}}, "model")


def test_the_refusal_says_how_to_allow_it():
    with pytest.raises(UserError, match=r"add runtime\.allowed_targets=\[mine\.nets\] to the command line$"):
        check_target({"_target_": "mine.nets.small"}, "model", [])


def test_a_function_is_found_by_its_name():
    import textwrap

    assert resolve("textwrap.dedent", "model._target_") is textwrap.dedent


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("textwrap.nope", "textwrap has no nope"),
        ("nowhere_at_all.f", "there is no module nowhere_at_all"),
        ("nowhere_at_all.nope.f", "there is no module nowhere_at_all"),
        ("math.pi", "not a function"),
    ],
)
def test_what_is_not_there_is_told(target, why):
    with pytest.raises(UserError, match=rf"^model\._target_ names {target}, .*{why}"):
        resolve(target, "model._target_")


def test_a_function_of_a_class_is_told():
    with pytest.raises(UserError, match=r"at the top of a module, got textwrap\.TextWrapper\.fill: textwrap\.Text"):
        resolve("textwrap.TextWrapper.fill", "model._target_")


def test_a_module_of_the_users_own_lies_where_the_command_is_started(tmp_path, monkeypatch):
    (tmp_path / "my_own_network.py").write_text("def net():\n    return 42\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path.parent))  # so that what `resolve` adds is taken back
    assert resolve("my_own_network.net", "model._target_")() == 42


def test_a_module_that_needs_another_one_is_told(tmp_path, monkeypatch):
    (tmp_path / "my_needy_network.py").write_text("import no_such_library")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="my_needy_network can't be imported: it needs no_such_library"):
        resolve("my_needy_network.net", "model._target_")


@pytest.mark.parametrize("source", ["def net(:\n", "raise ValueError('no')\n", "from textwrap import nope\n"])
def test_a_module_of_the_users_own_that_is_broken_is_told(tmp_path, monkeypatch, source):
    (tmp_path / "my_broken_network.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UserError, match=r"^model\._target_"):
        resolve("my_broken_network.net", "model._target_")
