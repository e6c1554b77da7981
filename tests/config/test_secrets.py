"""Passwords and tokens of addresses are masked, and nothing else is."""

import pytest

from mnist_sweep.config.secrets import is_masked, masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://me:pw@host/db", "postgresql://me:***@host/db"),
        ("postgresql+psycopg2://me:p%40w@host:5432/db", "postgresql+psycopg2://me:***@host:5432/db"),
        ("https://me:p/w@host:5000", "https://me:***@host:5000"),
        ("https://me:p@w@host", "https://me:***@host"),
        ("https://:pw@host", "https://:***@host"),
        ("https://host/a?token=abc&x=1", "https://host/a?token=***&x=1"),
        ("mysql://host/db?user=me&password=pw", "mysql://host/db?user=me&password=***"),
        ("https://host/?X-Amz-Signature=abc", "https://host/?X-Amz-Signature=***"),
        (
            "mnist-sweep sweep 'tracking.uri=https://a:b@c' x=1 https://d:e@f",
            "mnist-sweep sweep 'tracking.uri=https://a:***@c' x=1 https://d:***@f",
        ),
        ('{"uri": "https://a:b@c", "email": "x@y"}', '{"uri": "https://a:***@c", "email": "x@y"}'),
    ],
)
def test_secrets_are_masked(text: str, expected: str) -> None:
    assert masked(text) == expected
    assert masked(expected) == expected
    assert is_masked(expected)


@pytest.mark.parametrize(
    "text",
    [
        "http://host:5000", "http://host:5000/a@b", "sqlite:////tmp/me:you@x/mlflow.db", "postgresql://me@host/db",
        "model.dropout=0.5", "https://host/a?tokens_of=", "a:b@c", "https://host/?x=1&y=2", "",
    ],
)  # fmt: skip
def test_everything_else_stays(text: str) -> None:
    assert masked(text) == text
    assert not is_masked(text)
