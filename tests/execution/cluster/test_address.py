"""Where a cluster is looked for, before Ray is imported."""

import socket
from collections.abc import Iterator

import pytest

from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.execution.cluster import address
from mnist_sweep.execution.cluster.address import check_guarded, find, is_public, is_reachable, own_environment


@pytest.fixture
def listening() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def closed() -> str:
    """An address at which nothing answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def current(monkeypatch: pytest.MonkeyPatch, found: str | None) -> None:
    monkeypatch.setattr(address, "current_cluster", lambda: found)


def test_a_cluster_that_runs_is_used_unless_one_of_its_own_is_wanted(
    monkeypatch: pytest.MonkeyPatch, listening: str
) -> None:
    current(monkeypatch, listening)
    assert [find(given) for given in ("auto", None, listening, "local")] == [listening, listening, listening, None]


def test_without_a_cluster_there_is_one_of_its_own_unless_one_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    current(monkeypatch, closed)  # the last one has been ended
    assert find(None) is None
    with pytest.raises(Unavailable, match=f"no Ray cluster is running on this machine, the last one was at {closed}"):
        find("auto")
    current(monkeypatch, None)
    assert find(None) is None
    with pytest.raises(Unavailable, match="no Ray cluster is running on this machine; start one"):
        find("auto")
    with pytest.raises(Unavailable, match=f"runtime.address={closed}: nothing answers there"):
        find(closed)


@pytest.mark.parametrize("given", ["no.such.host.invalid:1", "127.0.0.1:99999", "127.0.0.1:x"])
def test_what_is_no_address_is_not_reachable(given: str) -> None:
    assert not is_reachable(given)


def test_a_ray_of_our_own_wants_a_token_that_nobody_else_has() -> None:
    one, other = own_environment(), own_environment()
    assert one["RAY_AUTH_MODE"] == "token"
    assert len(one["RAY_AUTH_TOKEN"]) == 64
    assert one["RAY_AUTH_TOKEN"] != other["RAY_AUTH_TOKEN"]


@pytest.mark.parametrize(("listens_on", "public"), [("127.0.0.1", False), ("", True)])
def test_what_listens_on_all_addresses_is_public_by_whichever_it_is_called(listens_on: str, public: bool) -> None:
    with socket.create_server((listens_on, 0)) as server:
        port = server.getsockname()[1]
        assert is_public(f"127.0.0.1:{port}") is is_public(f"localhost:{port}") is public
        assert is_public(f"203.0.113.7:{port}")


@pytest.mark.parametrize(("public", "answers", "refused"),
                         [(True, True, True), (True, False, False), (False, True, False)])  # fmt: skip
def test_a_cluster_that_lets_anyone_in_is_refused_where_others_can_reach_it(
    monkeypatch: pytest.MonkeyPatch, public: bool, answers: bool, refused: bool
) -> None:
    monkeypatch.setattr(address, "is_public", lambda _: public)
    monkeypatch.setattr(address, "answers_anyone", lambda _: answers)
    if not refused:
        check_guarded("203.0.113.7:6379")
        return
    with pytest.raises(UserError, match=r"runtime\.address: the Ray cluster at 203\.0\.113\.7:6379 can be reached"):
        check_guarded("203.0.113.7:6379")
