"""The precision in which this machine's processor computes fastest, for `${fastest_precision:}` in a configuration."""

from omegaconf import OmegaConf

from mnist_sweep.config.cpu import flags

BFLOAT16 = {"avx512_bf16", "amx_bf16"}


def fastest_precision() -> str:
    """Returns `mixed_bfloat16` where the processor multiplies such numbers in hardware, else `float32`."""
    return "mixed_bfloat16" if BFLOAT16 & flags() else "float32"


OmegaConf.register_new_resolver("fastest_precision", fastest_precision, replace=True)
