"""A searched key of a function's section needs no value beforehand."""

import pytest
from hydra.core.global_hydra import GlobalHydra

from mnist_sweep.config.compose import Composer
from mnist_sweep.config.composed import Composed, with_parameters
from mnist_sweep.config.domains import middle, parse_domain

pytestmark = pytest.mark.usefixtures("hydra_conf")
FUNCTION = ["task=function", "task.function=mine.f", "runtime.allowed_targets=[mine]"]


def composed(texts: list[str], sweeps: dict[str, str]) -> Composed:
    composer = Composer(GlobalHydra.instance().config_loader(), "config", texts, ["mine"])
    return Composed(composer.plain_base(), composer, texts, sweeps, [], {}, ["mine"], [], "mnist-sweep sweep")


def test_it_gets_the_middle_of_its_range() -> None:
    found = with_parameters(composed(FUNCTION, {"params.x": "interval(0.0,1.0)", "params.kind": "choice(a,b)"}))
    assert found.config["params"] == {"x": 0.5, "kind": "a"}
    assert found.overrides == FUNCTION  # an override would take the key out of the space
    assert found.composer.overrides({"params.x": "0.25"})[-2:] == ["params.kind=a", "params.x=0.25"]
    assert found.composer.config({"params.x": "0.25"}).plain()["params"] == {"x": 0.25, "kind": "a"}


def test_a_value_that_is_given_stays() -> None:
    given = composed([*FUNCTION, "params.x=0.1"], {"params.x": "interval(0.0,1.0)"})
    assert with_parameters(given) is given


def test_a_space_and_its_conditions_from_a_file_count_too() -> None:
    given = composed(FUNCTION, {})
    given.config["search"] = {"space": {"params.kind": "choice(a,b)"},
                              "when": {"params.kind=b": {"params.x": "interval(0.0,1.0)"}}}  # fmt: skip
    assert with_parameters(given).config["params"] == {"kind": "a", "x": 0.5}


def test_other_keys_are_the_users() -> None:
    given = composed(["model=dnn"], {"params.x": "interval(0.0,1.0)"})
    assert with_parameters(given) is given


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        ("interval(0.0,1.0)", "0.5"), ("interval(-1,1)", "0.0"), ("range(1,10)", "5"), ("range(0,100,10)", "40"),
        ("tag(log,interval(1e-4,1e-2))", "0.001"), ("choice(b,a)", "b"), ("3", "3"),
    ],
)  # fmt: skip
def test_the_middle(domain: str, text: str) -> None:
    assert middle(parse_domain("params.x", domain)) == text
