"""What a person writes, against what Hydra's own parser makes of it."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from mnist_sweep.config import UserError
from mnist_sweep.config.domains import Choice, Range, parse_domain
from mnist_sweep.config.spelling import dotted, read, spelled


def value(text: str) -> object:
    return OverridesParser.create().parse_override(spelled(text)).value()


@pytest.mark.parametrize("key", ["runs_folder", "study.name", "data.path", "tracking.uri", "output", "data.groups",
                                 "runtime.address", "study.on_event", "study.tags.mine"])  # fmt: skip
@pytest.mark.parametrize(
    "text",
    [
        "2024",
        "1.10",
        "1_000",
        "[::1]:6379",
        "1e5",
        "true",
        "a=b",
        "a b",
        "größe",
        "实验",
        "~/runs",
        "a,b",
        "(x)",
        "it's",
        "x\\y",
        "{a}",
        "[a]",
        "#1",
        "a'",
    ],
)
def test_what_is_text_stays_as_it_is_written(key: str, text: str) -> None:
    assert value(f"{key}={text}") == text


@pytest.mark.parametrize(
    "text", ["runs_folder=null", "study.name='a b'", 'study.name="x"', "runs_folder=${oc.env:HOME}"]
)
def test_what_hydra_has_its_own_meaning_for_is_left_to_it(text: str) -> None:
    assert spelled(text) == text


@pytest.mark.parametrize(
    "text", ["model.filters_1=8", "a=[1,2]", "a={b:1}", "a=1,2", "a=range(1,5)", "~a", "+a=1", "a=", "a=null", "a"]
)
def test_what_hydra_reads_is_not_touched(text: str) -> None:
    assert spelled(text) == text


def test_other_values_are_quoted_where_nothing_else_can_be_meant() -> None:
    assert value("model.note=größer als ~5") == "größer als ~5"


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("choice(null,2,3)", Choice((None, 2, 3), ("null", "2", "3"))),
        ({"type": "int", "low": 8, "high": 32}, Range(8, 32, 1, log=False)),
        ({"type": "int", "low": 8, "high": 32, "step": 8}, Range(8, 32, 8, log=False)),
        ({"type": "int", "low": 8, "high": 32, "log": True}, Range(8, 32, 1, log=True)),
        ({"type": "float", "low": 0, "high": 1}, Range(0.0, 1.0, None, log=False)),
        ({"type": "float", "low": 1e-4, "high": 0.1, "log": True}, Range(1e-4, 0.1, None, log=True)),
        (
            {"type": "categorical", "choices": [8, None, "a", True]},
            Choice((8, None, "a", True), ("8", "null", "a", "true")),
        ),
        ("größe", Choice(("größe",), ("'größe'",))),
    ],
)
def test_a_domain_can_be_written_in_several_ways(text: object, domain: object) -> None:
    assert parse_domain("a.b", text) == domain


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"type": "float", "low": 0.1, "hgh": 1}, "x must have high and low with type float"),
        ({"type": "categorical", "low": 0.1}, "x must have choices with type categorical"),
        ({"type": "float", "low": "a", "high": 1}, "x must have numbers as low and high"),
        ({"type": "int", "low": 1, "high": "a", "step": 1}, "x must have numbers as low and high"),
    ],
)
def test_a_mapping_that_is_no_range_is_told(mapping: dict, message: str) -> None:
    with pytest.raises(UserError, match=f"^search.space.{message}"):
        dotted({"x": mapping})


def test_a_nested_space_has_dotted_keys() -> None:
    nested = {"model": {"filters_1": "range(8,16)", "x": {"type": "float", "low": 0, "high": 1}}, "train.epochs": 3}
    assert dotted(nested) == {
        "model.filters_1": "range(8,16)", "model.x": "interval(0.0,1.0)", "train.epochs": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("model.filters_1", "write model.filters_1=VALUE"),
        ("a.b = 8", "write a.b=8, without blanks around the ="),
        ("a=interval(0,1", "a parenthesis is missing"),
        ("a=uniform(0,1)", r"write a=interval\(0,1\)"),
        ("a=hp.loguniform(1e-4,1)", r"write a=tag\(log,interval\(1e-4,1\)\)"),
        ("a=grid_search([1,2])", r"write a=choice\(\[1,2\]\)"),
        ("a=chioce(1,2)", r"write choice\(a,b,c\), range"),
        ("a=1,", "leave out the comma"),
        ("a='b", "quote its value"),
    ],
)
def test_what_can_not_be_read_is_told_with_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(UserError, match=f"can't be read: {hint}") as caught:
        read(text)
    for jargon in ("Exception", "viable", "mismatched", "token"):
        assert jargon not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("search.start=[model.dropout=0.3,runs/p1/best.yaml]", ["model.dropout=0.3", "runs/p1/best.yaml"]),
        ("search.start=[[a=1,b=[8,8]],c=x]", [["a=1", "b=[8,8]"], "c=x"]),
        ("search.start=[a=1 b='x,y']", ["a=1 b='x,y'"]),
        ("search.start=a=1", "a=1"),
        ("search.start=['a=1',{b:2}]", ["a=1", {"b": 2}]),
        ("search.start=[]", []),
        ("search.constraints=[parameters<=10000,val_loss<0.1]", ["parameters<=10000", "val_loss<0.1"]),
        ("search.constraints=parameters<=1e4", "parameters<=1e4"),
    ],
)
def test_overrides_in_a_list_need_no_quotes(text: str, value: object) -> None:
    assert read(spelled(text)).value() == value
