"""What is read of /proc/cpuinfo."""

import pytest

from mnist_sweep.config import cpu


@pytest.fixture
def cpuinfo(tmp_path, monkeypatch):
    monkeypatch.setattr(cpu, "CPUINFO", tmp_path / "cpuinfo")
    cpu._first.cache_clear()
    yield tmp_path / "cpuinfo"
    cpu._first.cache_clear()


def test_name_and_flags_are_those_of_the_first_cpu(cpuinfo):
    cpuinfo.write_text("model name\t: Fast 9000 @ 2 GHz\nflags\t\t: fpu avx2\n\nmodel name\t: B\nflags\t\t: fma\n")
    assert cpu.model_name() == "Fast 9000 @ 2 GHz"
    assert cpu.flags() == {"fpu", "avx2"}


@pytest.mark.parametrize("text", [None, "", "model name\t: unknown\n"])
def test_an_unknown_processor_has_neither(cpuinfo, text):
    if text is not None:
        cpuinfo.write_text(text)
    assert cpu.model_name() == ""
    assert cpu.flags() == frozenset()


def test_caches_are_those_of_the_first_cpu(tmp_path, monkeypatch):
    monkeypatch.setattr(cpu, "CACHES", tmp_path)
    for index, (level, kind, size) in enumerate([("1", "Data", "32K"), ("3", "Unified", "16384K")]):
        (tmp_path / f"index{index}").mkdir()
        for name, text in (("level", level), ("type", kind), ("size", size)):
            (tmp_path / f"index{index}" / name).write_text(f"{text}\n")
    (tmp_path / "index9").mkdir()  # without files, as some virtual machines have it
    assert cpu.caches() == ["L1 Data 32K", "L3 Unified 16384K"]
