"""A mistake is one line, whatever it quotes."""

import pytest

from mnist_sweep.config.errors import Unavailable, UserError


@pytest.mark.parametrize("kind", [UserError, Unavailable])
def test_a_message_is_one_line(kind: type[UserError]) -> None:
    assert str(kind("  first\n\tsecond \r\n third ")) == "first second third"


def test_what_is_unavailable_is_caught_as_a_mistake() -> None:
    with pytest.raises(UserError, match="no such server"):
        raise Unavailable("no such server")
