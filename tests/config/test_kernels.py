"""Which kernels TensorFlow computes with: the variable, the record, the CPU."""

import os

import pytest

from mnist_sweep.config import UserError, kernels
from mnist_sweep.config.kernels import VARIABLE, Kernels, chosen, fastest, given, switch_to, tensorflows_own

AVX2 = frozenset({"sse4_2", "fma", "avx", "avx2"})
AVX512 = AVX2 | {"avx512f", "avx512_vnni", "avx512_bf16"}


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.mark.parametrize(
    ("flags", "by_itself", "best"),
    [
        (AVX2, Kernels.EIGEN, Kernels.ONEDNN),
        (AVX512, Kernels.ONEDNN, Kernels.ONEDNN),
        (AVX2 | {"avx512f"}, Kernels.EIGEN, Kernels.ONEDNN),  # AVX-512 of before VNNI
        (AVX2 | {"avx_vnni"}, Kernels.ONEDNN, Kernels.ONEDNN),
        (AVX2 | {"amx_tile"}, Kernels.ONEDNN, Kernels.ONEDNN),
        (frozenset({"sse4_2", "avx"}), Kernels.EIGEN, Kernels.EIGEN),
    ],
)
def test_the_cpu_decides(
    monkeypatch: pytest.MonkeyPatch, flags: frozenset[str], by_itself: Kernels, best: Kernels
) -> None:
    monkeypatch.setattr(kernels, "flags", lambda: flags)
    assert (tensorflows_own(flags), fastest(), chosen()) == (by_itself, best, best)


def test_a_cpu_that_tells_nothing_is_left_to_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "flags", frozenset)
    assert chosen() is None
    switch_to(chosen())
    assert VARIABLE not in os.environ


@pytest.mark.parametrize(("text", "value"), [("0", Kernels.EIGEN), ("1", Kernels.ONEDNN), ("True", Kernels.ONEDNN)])
def test_the_variable_comes_before_the_record_and_the_record_before_the_cpu(
    monkeypatch: pytest.MonkeyPatch, text: str, value: Kernels
) -> None:
    monkeypatch.setattr(kernels, "flags", lambda: AVX512)
    assert chosen(Kernels.EIGEN) is Kernels.EIGEN
    monkeypatch.setenv(VARIABLE, text)
    assert (given(), chosen(Kernels.EIGEN), chosen(Kernels.ONEDNN)) == (value, value, value)


def test_another_value_of_the_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "yes")
    with pytest.raises(UserError, match=r"^the environment variable TF_ENABLE_ONEDNN_OPTS must be 0 or 1, got yes$"):
        chosen()


@pytest.mark.parametrize(("value", "text"), [(Kernels.EIGEN, "0"), (Kernels.ONEDNN, "1")])
def test_what_is_switched_to_is_what_the_process_then_has(
    monkeypatch: pytest.MonkeyPatch, value: Kernels, text: str
) -> None:
    monkeypatch.setenv(VARIABLE, "")
    switch_to(value)
    assert (os.environ[VARIABLE], given()) == (text, value)
