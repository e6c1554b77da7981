"""What is wrong with a cluster becomes one line. Connecting is tested on real clusters."""

from typing import Any

import pytest

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'mnist_sweep[ray]'")

from mnist_sweep.config import Unavailable, UserError  # noqa: E402
from mnist_sweep.execution.cluster.ray_connection import connect, disconnect  # noqa: E402


@pytest.mark.parametrize(
    ("raised", "kind", "text"),
    [
        (ConnectionError("Failed to connect"), Unavailable, "10.0.0.7:6379 has not let us in: .* token"),
        (RuntimeError("Version mismatch: The cluster was started with:\n    Ray: 2.50.0\n    Python: 3.12"), UserError,
         "Ray can't be used: Version mismatch: The cluster was started with: Ray: 2.50.0 Python: 3.12"),
        (OSError("no space"), UserError, "Ray can't be used: no space"),
    ],
)  # fmt: skip
def test_what_ray_raises_becomes_one_line(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, kind: type[Exception], text: str
) -> None:
    def init(**_given: Any) -> None:
        raise raised

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(kind, match=text) as found:
        connect("10.0.0.7:6379")
    assert "\n" not in str(found.value)
    disconnect()  # from nothing
