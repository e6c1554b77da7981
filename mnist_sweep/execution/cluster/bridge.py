"""The program between a driver and a Ray cluster: `python -m mnist_sweep.execution.cluster.bridge DESCRIPTOR`.

Ray ends the process that has lost its cluster, and writes into its output. This program takes that: its end is an end
of file for the driver. It ends with the driver in turn, and with it the driver's agents and their trials.
"""

import os
import queue
import signal
import sys
import threading
import traceback
from multiprocessing.connection import Connection

from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.execution.cluster.address import ENVIRONMENT, check_guarded, find, own_environment
from mnist_sweep.execution.cluster.agent import facts
from mnist_sweep.execution.cluster.dispatcher import Dispatcher
from mnist_sweep.execution.cluster.messages import Command, Connecting, Ready, Refused, Setup, Status

TICK_SECONDS = 0.02


Commands = queue.SimpleQueue[Command | None]  # None: the driver is gone


def listen(connection: Connection, commands: Commands) -> None:
    """Takes what the driver sends, in a thread of its own: each of the two may send more than the pipe holds."""
    try:
        while True:
            commands.put(connection.recv())
    except (EOFError, OSError):
        commands.put(None)


def obey(commands: Commands, dispatcher: Dispatcher) -> None:
    """Does what the driver has asked for since the last time; raises EOFError where it is gone."""
    while not commands.empty():
        command = commands.get()
        if command is None:
            raise EOFError
        if command.job is not None:
            dispatcher.submit(command.job)
        else:
            dispatcher.stop(command.number)


def serve(connection: Connection, dispatcher: Dispatcher, where: str) -> None:
    """Passes on jobs and events until the driver is gone; raises EOFError then."""
    said, ready = Status(1, ()), False
    commands: Commands = queue.SimpleQueue()
    threading.Thread(target=listen, args=(connection, commands), daemon=True).start()
    while True:
        obey(commands, dispatcher)
        for delivered in dispatcher.step(TICK_SECONDS):
            connection.send(delivered)
        if (status := dispatcher.status()) != said:
            said = status
            connection.send(status)
        if dispatcher.is_ready and not ready:
            ready = True
            connection.send(Ready(where))


def run(connection: Connection) -> None:
    """Connects to the cluster that the driver names, and serves the driver."""
    asked = connection.recv()
    assert isinstance(asked, Connecting)
    try:
        address = find(asked.runtime.address)
        if address is not None:
            check_guarded(address)
    except UserError as error:
        connection.send(Refused(str(error), not isinstance(error, Unavailable)))
        return
    os.environ.update(ENVIRONMENT)
    if address is None:
        os.environ.pop("RAY_ADDRESS", None)
        os.environ.update(own_environment())
    from mnist_sweep.execution.cluster.ray_cluster import RayCluster
    from mnist_sweep.execution.cluster.ray_connection import connect, disconnect

    dispatcher = None
    try:
        where = connect(address)
        cluster = RayCluster()
        here = facts()
        code = cluster.store(asked.code) if asked.code is not None else None
        setup = Setup(asked.limits, asked.preload, asked.kernels, here.place, code)
        dispatcher = Dispatcher(cluster, setup, here, asked.runtime.workers_per_node, asked.runtime.node_timeout)
        serve(connection, dispatcher, where)
    except UserError as error:
        connection.send(Refused(str(error), not isinstance(error, Unavailable)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the driver is gone
    except Exception as error:
        traceback.print_exc()
        reason = " ".join(str(error).split())[:200]
        connection.send(Refused(f"the Ray cluster has failed ({type(error).__name__}: {reason})", is_mistake=False))
    finally:
        if dispatcher is not None:
            dispatcher.close()
        disconnect()


def main() -> None:
    """Runs until the driver closes its end of the pipe."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the driver handles them
        signal.signal(number, signal.SIG_IGN)
    run(Connection(int(sys.argv[1])))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
