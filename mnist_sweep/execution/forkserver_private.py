"""The private name of multiprocessing that we need: a fork server that runs can't be given other modules or kernels.

`set_forkserver_preload` counts for a server that is still to start. One process may run a search of a function, whose
server has no TensorFlow, and then one of networks, each of whose trials would have to import it. Nor may a function
have TensorFlow in its process: PyTorch's import beside it ends in a segmentation fault.
"""

from collections.abc import Sequence
from multiprocessing import forkserver
from typing import Any

from mnist_sweep.config.kernels import Kernels

FIRST = "mnist_sweep.execution.preload"
_KERNELS: list[Kernels | None] = []  # of the server that runs


def use(modules: Sequence[str], kernels: Kernels | None = None) -> None:
    """Has the fork server import modules; one that runs with others is ended, and the next process starts another.

    No process of the old one may be running.

    Args:
        modules: The modules.
        kernels: What the server's TensorFlow is to compute with, as `config.kernels.chosen` returns it here: it asks
            for them once, while it is imported.
    """
    server: Any = forkserver._forkserver
    wanted = [FIRST, *modules]
    is_running = server._forkserver_pid is not None
    if is_running and set(wanted) == set(server._preload_modules) and [kernels] == _KERNELS:
        return
    if is_running:
        server._stop()
    forkserver.set_forkserver_preload(wanted)
    _KERNELS[:] = [kernels]
