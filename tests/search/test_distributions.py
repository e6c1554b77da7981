"""The space in Optuna's words."""

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from mnist_sweep.config.domains import parse_domain
from mnist_sweep.config.space import Condition, Parameter
from mnist_sweep.search.distributions import distribution, in_order


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("range(1,10)", IntDistribution(1, 9)),
        ("range(1,10,3)", IntDistribution(1, 7, step=3)),
        ("range(10,1,-3)", IntDistribution(4, 10, step=3)),
        ("int(interval(1,12))", IntDistribution(1, 12)),
        ("tag(log,int(interval(1,100)))", IntDistribution(1, 100, log=True)),
        ("tag(log,range(1,100))", IntDistribution(1, 99, log=True)),
        ("interval(0,1)", FloatDistribution(0.0, 1.0)),
        ("tag(log,interval(1e-4,1e-2))", FloatDistribution(1e-4, 1e-2, log=True)),
        ("range(0,1,0.25)", FloatDistribution(0.0, 0.75, step=0.25)),
        ("float(range(1,4))", FloatDistribution(1.0, 3.0, step=1.0)),
        ("choice(a,b)", CategoricalDistribution(("a", "b"))),
        ("1,2,3", CategoricalDistribution((1, 2, 3))),
        ("choice(true,false)", CategoricalDistribution((True, False))),
        ("choice([5],[5,5])", CategoricalDistribution(("[5]", "[5,5]"))),
        ("null", CategoricalDistribution((None,))),
    ],
)
def test_a_domain_is_optunas_distribution(text, expected):
    assert distribution(parse_domain("key", text)) == expected


def test_steps_of_a_float_range_by_its_logarithm_are_refused_before_optuna_sees_them():
    from mnist_sweep.config.errors import UserError

    try:
        domain = parse_domain("key", "tag(log,range(1.0,9.0))")
    except UserError:
        return
    assert distribution(domain) is not None


def parameter(key: str, condition: str | None = None) -> Parameter:
    return Parameter(key, parse_domain(key, "choice(1,2)"), Condition(condition, ("1",)) if condition else None)


@pytest.mark.parametrize(
    ("given", "ordered"),
    [
        ([("a", None), ("b", None)], "ab"),
        ([("a", "b"), ("b", None)], "ba"),
        ([("a", "b"), ("b", "c"), ("c", None)], "cba"),
        ([("a", "elsewhere")], "a"),
        ([("a", "a"), ("b", "a")], "ab"),
        ([("a", "b"), ("b", "a")], "ab"),
        ([], ""),
    ],
)
def test_a_parameter_stands_behind_what_its_condition_speaks_of(given, ordered):
    assert "".join(p.key for p in in_order(parameter(*one) for one in given)) == ordered
