import contextlib
import os
import signal

import pytest

from mnist_sweep.execution.interrupts import Interrupts, Terminated, answering_signals


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_asks_and_the_second_insists(number: signal.Signals, code: int) -> None:
    before = signal.getsignal(number)
    with Interrupts() as interrupts:
        assert interrupts.received is None
        os.kill(os.getpid(), number)
        assert interrupts.received == number
        assert interrupts.code == code
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_signals_are_answered_where_a_shell_has_switched_them_off() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with answering_signals():
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
            with pytest.raises(Terminated):
                os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_counts_whose_exception_a_library_has_caught(number: signal.Signals) -> None:
    with answering_signals():
        with contextlib.suppress(KeyboardInterrupt):  # as a bare except, or a C extension as it is imported
            os.kill(os.getpid(), number)
        with Interrupts() as interrupts:
            assert interrupts.received == number
    with answering_signals():
        assert Interrupts().received is None
    assert Interrupts().received is None
