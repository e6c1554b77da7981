"""What TensorFlow computes with on this machine's CPU: Eigen's kernels, or those of oneDNN.

TensorFlow asks once, while it is imported: its variable TF_ENABLE_ONEDNN_OPTS, and else the CPU. oneDNN is faster from
AVX2 on (`benchmarks/throughput.py`), where TensorFlow itself switches it on for later CPUs only. Both add numbers in
another order, so a trial's bits belong to one of them: each records its own, and is reproduced with it.
"""

import os
from collections.abc import Iterable
from enum import StrEnum

from mnist_sweep.config.cpu import flags
from mnist_sweep.config.errors import UserError

VARIABLE = "TF_ENABLE_ONEDNN_OPTS"
# tensorflow/core/util/port.cc, TensorFlow 2.5 to 2.21
SWITCHED_ON_FOR = ("avx512_vnni", "avx512_bf16", "avx_vnni", "amx_")


class Kernels(StrEnum):
    """The library whose kernels TensorFlow computes with."""

    EIGEN = "Eigen"
    ONEDNN = "oneDNN"


def tensorflows_own(features: Iterable[str]) -> Kernels:
    """Returns what TensorFlow chooses by itself, which is what trials without a record of it were trained with.

    Args:
        features: The CPU's features, as Linux calls them.
    """
    is_on = any(feature.startswith(SWITCHED_ON_FOR) for feature in features)
    return Kernels.ONEDNN if is_on else Kernels.EIGEN


def fastest() -> Kernels | None:
    """Returns the fastest kernels for this machine's CPU, None where its features are unknown."""
    if not (features := flags()):
        return None
    return Kernels.ONEDNN if "avx2" in features else tensorflows_own(features)


def given() -> Kernels | None:
    """Returns what TF_ENABLE_ONEDNN_OPTS says, None where it is not set.

    Raises:
        UserError: It is neither 0 nor 1.
    """
    text = os.environ.get(VARIABLE, "").strip().lower()
    if text not in ("", "0", "1", "false", "true"):
        raise UserError(f"the environment variable {VARIABLE} must be 0 or 1, got {text}")
    if not text:
        return None
    return Kernels.ONEDNN if text in ("1", "true") else Kernels.EIGEN


def chosen(recorded: Kernels | None = None) -> Kernels | None:
    """Returns the kernels to train with: as the variable says, else as recorded, else the fastest.

    Args:
        recorded: What the trial that is repeated, or the study that goes on, was trained with.

    Raises:
        UserError: TF_ENABLE_ONEDNN_OPTS is neither 0 nor 1.
    """
    return given() or recorded or fastest()


def switch_to(kernels: Kernels | None) -> None:
    """Sets TensorFlow's variable in this process, before TensorFlow is imported; None leaves it to TensorFlow."""
    if kernels is not None:
        os.environ[VARIABLE] = "1" if kernels is Kernels.ONEDNN else "0"
