"""What a search will take, where the machine's own figures are not enough."""

from pathlib import Path

import pytest

from mnist_sweep.driver import probe as probing


@pytest.mark.parametrize(("most", "expected"), [("1000000", 700_000), ("max", None), ("", None)])
def test_a_container_can_have_what_its_page_cache_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: str, expected: int | None
) -> None:
    (tmp_path / "memory.max").write_text(f"{most}\n")
    (tmp_path / "memory.current").write_text("900000\n")
    (tmp_path / "memory.stat").write_text("anon 300000\ninactive_file 500000\nactive_file 100000\n")
    monkeypatch.setattr(probing, "CGROUP", tmp_path)
    free = probing.free_memory()
    assert free == expected if expected else free > 10_000_000  # the machine's
