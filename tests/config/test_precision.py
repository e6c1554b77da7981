"""What is taken for the fastest precision, from processors' own descriptions."""

import pytest
from omegaconf import OmegaConf

from mnist_sweep.config import cpu, precision


@pytest.fixture
def processor(tmp_path, monkeypatch):
    monkeypatch.setattr(cpu, "CPUINFO", tmp_path / "cpuinfo")
    cpu._first.cache_clear()
    yield tmp_path / "cpuinfo"
    cpu._first.cache_clear()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu avx2 avx512f avx512_bf16 gfni", "mixed_bfloat16"),
        ("fpu amx_bf16 amx_tile", "mixed_bfloat16"),
        ("fpu avx2 avx512f", "float32"),
    ],
)
def test_bfloat16_is_for_processors_that_multiply_it(processor, flags, expected):
    processor.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: avx512_bf16\n", encoding="utf-8")
    assert OmegaConf.create({"precision": "${fastest_precision:}"}).precision == expected


def test_an_unknown_processor_computes_in_float32(processor):
    assert precision.fastest_precision() == "float32"
