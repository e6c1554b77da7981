"""What a process takes, measured from outside."""

import subprocess
import sys

import psutil

from mnist_sweep.execution.meter import Meter

BUSY = """
import sys, time
block = bytearray(80_000_000)
for at in range(0, len(block), 4096): block[at] = 1
end = time.process_time() + 0.5
while time.process_time() < end: pass
print("ready", flush=True)
sys.stdin.readline()
"""


def test_cpu_seconds_and_peak_memory_of_a_process() -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        meter = Meter(psutil.Process(process.pid))
        assert meter.usage() is None
        assert process.stdout is not None
        process.stdout.readline()
        meter.look()
        seen = meter.usage()
        process.communicate(b"\n")
    assert seen is not None
    assert 0.5 <= seen.cpu_seconds < 5
    assert 80 < seen.peak_memory_megabytes < 400
    meter.look()  # it has ended
    assert meter.usage() == seen


def test_a_process_that_was_never_seen_has_no_usage() -> None:
    meter = Meter(None)
    meter.look()
    assert meter.usage() is None
