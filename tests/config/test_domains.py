"""What a key may be, as Hydra writes it."""

import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser

from mnist_sweep.config.compose import Composer
from mnist_sweep.config.domains import Choice, Range, as_literal, globbed, literal, parse_domain
from mnist_sweep.config.errors import UserError


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("range(1,10)", Range(1, 9, 1, False)),
        ("range(5)", Range(0, 4, 1, False)),
        ("range(1,10,3)", Range(1, 7, 3, False)),
        ("range(128, 1025, 128)", Range(128, 1024, 128, False)),
        ("range(start=1,stop=9,step=2)", Range(1, 7, 2, False)),
        ("range(10,1,-3)", Range(4, 10, 3, False)),
        ("range(1,2)", Range(1, 1, 1, False)),
        ("range(0,1,0.25)", Range(0.0, 0.75, 0.25, False)),
        ("range(0.1,0.5,0.1)", Range(0.1, 0.4, 0.1, False)),
        ("range(0.0,0.35,0.1)", Range(0.0, 0.3, 0.1, False)),
        ("range(10,1,-2.5)", Range(2.5, 10.0, 2.5, False)),
        ("range(1.0,3.0)", Range(1.0, 2.0, 1.0, False)),
        ("float(range(1,9,2))", Range(1.0, 7.0, 2.0, False)),
        ("int(range(1.0,9.0))", Range(1, 8, 1, False)),
        ("tag(log,range(1,100))", Range(1, 99, 1, True)),
        ("interval(0.5,2.5)", Range(0.5, 2.5, None, False)),
        ("interval(1,9)", Range(1.0, 9.0, None, False)),
        ("interval(-1,1)", Range(-1.0, 1.0, None, False)),
        ("int(interval(1,9))", Range(1, 9, 1, False)),
        ("tag(log, interval(1e-4, 1e-2))", Range(0.0001, 0.01, None, True)),
        ("tag(log,int(interval(1,100)))", Range(1, 100, 1, True)),
    ],
)
def test_ranges_leave_out_their_stop_and_intervals_keep_it(text, domain):
    assert parse_domain("key", text) == domain


@pytest.mark.parametrize(("text", "whole"), [("range(1,4)", True), ("interval(1,4)", False), ("range(1.0,4.0)", False)])
def test_an_interval_is_of_any_number_even_between_whole_ones(text, whole):
    domain = parse_domain("key", text)
    assert isinstance(domain, Range)
    assert domain.is_integer is whole


@pytest.mark.parametrize(
    ("text", "values", "literals"),
    [
        ("choice(1,2)", (1, 2), ("1", "2")),
        ("1,2,3", (1, 2, 3), ("1", "2", "3")),
        ("choice(adam, sgd)", ("adam", "sgd"), ("adam", "sgd")),
        ("choice(true,false)", (True, False), ("true", "false")),
        ("choice([500],[1000,500])", ("[500]", "[1000,500]"), ("[500]", "[1000,500]")),
        ("[500],[1000,500]", ("[500]", "[1000,500]"), ("[500]", "[1000,500]")),
        ("choice('1',1)", ("1", 1), ("'1'", "1")),
        ("choice('true',true)", ("true", True), ("'true'", "true")),
        ("choice('c,d',e)", ("c,d", "e"), (r"c\,d", "e")),
        ("choice([a],['b','1'])", ("[a]", "[b,'1']"), ("[a]", "[b,'1']")),
        ("choice({a:'b'})", ("{a:b}",), ("{a:b}",)),
        ("choice(1,1.0)", ("1", "1.0"), ("1", "1.0")),
        ("choice(1,true)", ("1", "true"), ("1", "true")),
        ("choice(a,a)", ("a",), ("a",)),
        ("choice(1e-4,0.0001)", (0.0001,), ("0.0001",)),
        ("sort(3,1,2)", (1, 2, 3), ("1", "2", "3")),
        ("sort(choice(3,1,2),reverse=true)", (3, 2, 1), ("3", "2", "1")),
        ("str(choice(1,2))", ("1", "2"), ("'1'", "'2'")),
        ("float(choice(1,2))", (1.0, 2.0), ("1.0", "2.0")),
        ("5", (5,), ("5",)),
        ("null", (None,), ("null",)),
        ("[1,2]", ("[1,2]",), ("[1,2]",)),
    ],
)
def test_choices_keep_their_types_and_can_be_written_again(text, values, literals):
    domain = parse_domain("key", text)
    assert isinstance(domain, Choice)
    assert domain.literals == literals
    assert [(type(v), v) for v in domain.values] == [(type(v), v) for v in values]


@pytest.mark.parametrize(("value", "literal_"), [(True, "true"), (False, "false"), (None, "null"), (7, "7")])
def test_a_plain_yaml_value_is_a_choice_of_one(value, literal_):
    assert parse_domain("key", value) == Choice((value,), (literal_,))


@pytest.mark.parametrize(
    ("text", "values"),
    [("shuffle(range(1,5))", {1, 2, 3, 4}), ("shuffle(choice(a,b))", {"a", "b"}), ("shuffle(1,2,3)", {1, 2, 3})],
)
def test_what_is_shuffled_is_a_choice_of_the_same_values(text, values):
    domain = parse_domain("key", text)
    assert isinstance(domain, Choice)
    assert set(domain.values) == values


@pytest.mark.parametrize("text", ["shuffle(range(0,30))", "shuffle(choice(a,b,c,d,e,f,g,h,i,j,k,l))"])
def test_what_is_shuffled_is_the_same_domain_each_time(text):
    assert parse_domain("key", text) == parse_domain("key", text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("range(5,5)", "range that is not empty, got 5 to 5"),
        ("range(5,1)", "not empty"),
        ("range(1,5,-1)", "not empty"),
        ("range(2.5,1)", "not empty"),
        ("range(1,5,0)", "step other than 0"),
        ("range(1,inf)", "finite"),
        ("range(nan,2)", "finite"),
        ("interval(2,1)", "from a lower to a higher finite number"),
        ("interval(nan,1)", "from a lower to a higher finite number"),
        ("interval(0.1,inf)", "from a lower to a higher finite number"),
        ("tag(log,interval(0,1))", "greater than 0"),
        ("tag(log,int(interval(0,9)))", "greater than 0"),
        ("tag(log,interval(-1,1))", "greater than 0"),
        ("tag(log,range(1,9,2))", "step of 1"),
        ("choice(a", "can't be read"),
        ("choice()", "can't be read"),
        ("'a", "can't be read"),
        ("[1", "can't be read"),
        ("range(1,a)", "can't be read"),
        ("interval(1)", "can't be read"),
        ("sort(interval(1,2))", "can't be read"),
        ("chioce(1,2)", "can't be read"),
        ("glob(*)", "must list its values: glob is not for searches"),
        ("range(1,9)x", "can't be read"),
    ],
)
def test_what_is_no_domain_is_told_with_its_key(text, part):
    with pytest.raises(UserError) as caught:
        parse_domain("model.size", text)
    assert "model.size" in str(caught.value)
    assert part in str(caught.value)


def test_a_quote_within_a_choice_is_kept():
    domain = parse_domain("key", r"'it\'s',b")
    assert isinstance(domain, Choice)
    assert domain.values == ("it's", "b")


def composer_of(*base: str) -> Composer:
    """A composer within `hydra_conf`."""
    return Composer(GlobalHydra.instance().config_loader(), "config", list(base), [])


@pytest.mark.usefixtures("hydra_conf")
def test_an_interpolation_among_choices_is_resolved_in_its_trial():
    domain = parse_domain("model.filters_1", "choice(${model.filters_2},8)")
    found = composer_of("data=digits", "model.filters_2=33").config({"model.filters_1": domain.literals[0]})
    assert found.model.arguments["filters_1"] == 33


VALUES = [
    1, -3, 10**20, 0.1, 1e-7, 3.0, True, None, "a", "", "1", "1.5", "1e3", "true", "null", "nan", "a b", "a,b", "a=b",
    "[1", "${x}", "a\\", "(x)", "x:y", "http://host:5000/a", " a ", [1, 2], [], ["a", 2.5], {"a": 1}, [[1], [2]], "\\",
    "../x", "C:\\new", "{a", "'q'", '"q"', "100%",
    "~/runs", "#", "a&b", "a'b", "d'", "é", "/home/josé/runs", ["a b", "1"], ["it's"], {"a": "1"},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_literal_is_read_by_hydra_as_the_value_it_was_made_of(value):
    again = OverridesParser.create().parse_override(f"key={as_literal(value)}").value()
    assert (type(again), again) == (type(value), value)


def test_a_domain_writes_its_values_as_literals():
    assert literal(Choice(("1", 1), ("'1'", "1")), "1") == "'1'"
    assert literal(Choice(("1", 1), ("'1'", "1")), 1) == "1"
    assert literal(Range(0.0, 1.0, None, False), 0.25) == "0.25"
    assert literal(Range(1, 9, 1, False), 3) == "3"


@pytest.mark.parametrize(
    ("text", "options"),
    [("glob(*)", ["adam", "adamw", "sgd"]), ("glob(a*)", ["adam", "adamw"]), ("glob(*,exclude=sgd)", ["adam", "adamw"]),
     ("glob([adam,s*])", ["adam", "sgd"])],
)  # fmt: skip
def test_glob_means_options_of_a_group(text, options):
    assert globbed("optimizer", text, ["sgd", "adamw", "adam"]) == options


def test_a_glob_of_nothing_is_told():
    with pytest.raises(
        UserError, match=r"optimizer must have at least one option, got glob\(x\*\); known are adam, sgd"
    ):
        globbed("optimizer", "glob(x*)", ["adam", "sgd"])


def test_a_value_of_another_kind_of_yaml_is_quoted_text() -> None:
    assert as_literal({"a": b"\xfd"}) == r"{a:'b\'\xfd\''}"
