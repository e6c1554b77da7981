"""The precision in which this machine's processor computes fastest, for `${fastest_precision:}` in a configuration."""

from functools import cache
from pathlib import Path

from omegaconf import OmegaConf

PROCESSOR = Path("/proc/cpuinfo")
BFLOAT16 = {"avx512_bf16", "amx_bf16"}


@cache
def fastest_precision() -> str:
    """mixed_bfloat16 where the processor multiplies such numbers itself, else float32."""
    try:
        lines = PROCESSOR.read_text(encoding="utf-8").splitlines()
    except OSError:
        return "float32"
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    return "mixed_bfloat16" if BFLOAT16 & set(flags) else "float32"


OmegaConf.register_new_resolver("fastest_precision", fastest_precision, replace=True)
