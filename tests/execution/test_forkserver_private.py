"""A contract with multiprocessing: a fork server ends where other modules or kernels are wanted, and else stays."""

import subprocess
import sys

SCRIPT = """
import sys
from multiprocessing import forkserver, get_context
from mnist_sweep.config.kernels import Kernels
from mnist_sweep.execution.forkserver_private import use


def has(name, pipe):
    pipe.send(name in sys.modules)


def asked(name):
    here, there = context.Pipe()
    process = context.Process(target=has, args=(name, there))
    process.start()
    found = here.recv()
    process.join()
    return found, forkserver._forkserver._forkserver_pid


if __name__ == "__main__":
    context = get_context("forkserver")
    use(["colorsys"])
    with_colours, first = asked("colorsys")
    use(["colorsys"])
    _, same = asked("colorsys")
    use(["chunk_that_is_not_there", "wave"])
    with_wave, other = asked("wave")
    use([])
    without, last = asked("wave")
    use([], Kernels.EIGEN)
    _, eigen = asked("wave")
    print(with_colours, first == same, with_wave, other != first, not without, last != other, eigen != last)
"""


def test_a_server_that_has_the_modules_stays_and_another_is_replaced(tmp_path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True"] * 7, (
        "multiprocessing.forkserver has changed: see mnist_sweep/execution/forkserver_private.py\n" + done.stderr
    )
