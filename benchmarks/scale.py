"""Where the one driver of a large cluster saturates: `python benchmarks/scale.py --nodes 100 --slots 16`.

The driver is the real one: Optuna, the study's files, MLflow, and the pipe to the bridge. The bridge is a process as
always, with the real dispatcher; behind it, in place of Ray, are agents that are only told of: each trial of the dry
task sends its epochs and its files when its time has passed. Trials are so short that all slots together could end far
more of them than the driver can take: what is counted is how many it does. From there follows how long trials must be
so that it keeps that many slots busy.

Times of the parts are of the driver's own thread on the processor, from the beginning of the first trial to the end of
the last one; on a machine that others use, the trials that a free processor would take follow from them.
"""

import argparse
import contextlib
import functools
import heapq
import io
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import machine
import reporting

SECONDS = 1.0  # of a trial
EPOCHS = 3
KINDS = {
    "random, no tracking": ("sampler=random", "tracking=none"),
    "random, MLflow": ("sampler=random", "tracking=mlflow"),
    "tpe, no tracking": ("sampler=tpe", "tracking=none"),
}
PARTS = ("sampler and journal", "files", "receiving", "composing", "queueing for MLflow")


@dataclass(eq=False)
class Call:
    """A call of an agent's method."""

    agent: str
    method: str
    asked: float
    arguments: tuple[Any, ...]


class Agents:
    """A cluster of agents that are only told of: they need no time of a processor but for their messages."""

    def __init__(self, nodes: int, slots: int, clock: Callable[[], float] = time.monotonic) -> None:
        from mnist_sweep.execution.cluster.node import NodeInfo

        self.infos = [NodeInfo(f"id-{number}", f"node-{number:03d}", slots) for number in range(nodes)]
        self.clock = clock
        self.reports: dict[str, list[Any]] = {}
        self.due: list[tuple[float, int, str, int, Any]] = []
        self.count = itertools.count()

    def nodes(self) -> list[Any]:
        return self.infos

    def start(self, node: Any, *_: Any) -> str:
        self.reports[node.id] = []
        return str(node.id)

    def call(self, agent: str, method: str, *arguments: Any) -> Call:
        return Call(agent, method, self.clock(), arguments)

    def ready(self, calls: list[Any], timeout: float) -> list[Any]:
        end = self.clock() + timeout
        while True:
            now = self.clock()
            while self.due and self.due[0][0] <= now:
                _, _, agent, ticket, event = heapq.heappop(self.due)
                self._report(agent, ticket, event)
            found = [call for call in calls if self._is_ready(call, now)]
            if found or now >= end:
                return found
            time.sleep(0.001)

    def _is_ready(self, call: Call, now: float) -> bool:
        return call.method != "reports" or bool(self.reports[call.agent]) or now >= call.asked + call.arguments[1]

    def _report(self, agent: str, ticket: int, event: Any) -> None:
        from mnist_sweep.execution.cluster.messages import Report
        from mnist_sweep.execution.executor import Done

        result, packed = event, None
        if isinstance(event, tuple):
            result, packed = event
            assert isinstance(result, Done)
        self.reports[agent].append(Report(1, next(self.count) + 1, ticket, result, packed))

    def result(self, call: Call) -> Any:
        from mnist_sweep.execution.cluster.agent import facts

        if call.method == "facts":
            return facts()
        if call.method == "submit":
            self._train(call.agent, call.arguments[0], call.arguments[1])
        if call.method == "reports":
            said, self.reports[call.agent] = self.reports[call.agent], []
            return said
        return None

    def _train(self, agent: str, ticket: int, job: Any) -> None:
        from mnist_sweep.execution.executor import Done, Epoch, Started, Trained

        rows, packed, result = trained(job)
        begun = self.clock()
        events: list[tuple[float, Any]] = [(0.0, Started(job.number))]
        events += [(SECONDS * row["epoch"] / len(rows), Epoch(job.number, row)) for row in rows]
        events += [(SECONDS, Trained(job.number)), (SECONDS, (Done(job.number, result), packed))]
        for after, event in events:
            heapq.heappush(self.due, (begun + after, next(self.count), agent, ticket, event))

    def kill(self, agent: str) -> None:
        self.reports.pop(agent, None)

    def put(self, _: str) -> Any:
        raise AssertionError("dry trials have no images")


def trained(job: Any) -> tuple[list[dict[str, float]], Mapping[str, bytes], dict[str, Any]]:
    """What a dry trial reports, leaves in its folder and returns."""
    from mnist_sweep.tasks.dry import Dry

    curves = Dry().epochs(job.config)
    now = time.time()
    rows = [{"epoch": float(number), **row, "seconds": SECONDS / len(curves), "timestamp": now}
            for number, row in enumerate(curves, 1)]  # fmt: skip
    best = max(row["val_accuracy"] for row in curves)
    metrics = {"best_val_accuracy": best, "best_epoch": len(curves), "epochs": len(curves), **curves[-1],
               "training_seconds": SECONDS, "parameters": 1000.0}  # fmt: skip
    environment = {**job.settings["environment"], "weights_digest": f"{job.number:064x}", "epochs": len(curves),
                   "started": now - SECONDS, "ended": now, "stopped": False, "trial_seed": 0}  # fmt: skip
    text = io.StringIO()
    print(*rows[0], sep=",", file=text)
    for row in rows:
        print(*row.values(), sep=",", file=text)
    packed = {"metrics.json": json.dumps(metrics, indent=2).encode(),
              "environment.json": json.dumps(environment, indent=2).encode(),
              "history.csv": text.getvalue().encode(), "log.txt": b""}  # fmt: skip
    result = {"stopped": False, "epochs": len(rows), "metrics": metrics, "fit_seconds": SECONDS,
              "weights_digest": environment["weights_digest"]}  # fmt: skip
    return rows, packed, result


def bridge(connection: Connection, nodes: int, slots: int, figures: Connection) -> None:
    """The process between the driver and the agents; tells at its end what of a processor it took."""
    from mnist_sweep.execution.cluster import bridge as real
    from mnist_sweep.execution.cluster.agent import facts
    from mnist_sweep.execution.cluster.dispatcher import Dispatcher
    from mnist_sweep.execution.cluster.messages import Setup
    from mnist_sweep.execution.executor import Limits

    connection.recv()
    setup = Setup(Limits(), (), None, ("the driver's", "", ""))
    dispatcher = Dispatcher(Agents(nodes, slots), setup, facts(), slots, 60.0)  # type: ignore[arg-type]
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        real.serve(connection, dispatcher, "agents that are only told of")
    figures.send(time.process_time())


class Parts:
    """Processor time of the driver's thread by part; a part within another counts for itself."""

    def __init__(self) -> None:
        self.spent = dict.fromkeys(PARTS, 0.0)
        self.inner = [0.0]
        self.marks: list[dict[str, float]] = []

    def wrap(self, kind: Any, part: str, *names: str) -> None:
        for name in names:
            setattr(kind, name, self._timed(getattr(kind, name), part))

    def _timed(self, method: Callable[..., Any], part: str) -> Callable[..., Any]:
        @functools.wraps(method)
        def timed(*args: Any, **more: Any) -> Any:
            began = time.thread_time()
            self.inner.append(0.0)
            try:
                return method(*args, **more)
            finally:
                took = time.thread_time() - began
                self.spent[part] += took - self.inner.pop()
                self.inner[-1] += took

        return timed

    def mark(self) -> None:
        self.marks.append({"wall": time.perf_counter(), "driver": time.thread_time(), "process": time.process_time(),
                           **self.spent})  # fmt: skip


def measure(file: Path, nodes: int, slots: int, overrides: list[str]) -> int:
    """Runs the sweep in this process, and writes what it took."""
    from mnist_sweep.cli import main as command_line
    from mnist_sweep.driver import session
    from mnist_sweep.driver.plan import Plan
    from mnist_sweep.driver.study_files import StudyFiles
    from mnist_sweep.execution.cluster.executor import RayExecutor
    from mnist_sweep.search import Search
    from mnist_sweep.tracking import Tracker

    parts = Parts()
    parts.wrap(Search, PARTS[0], "ask", "report", "tell", "best", "ranked", "finished", "front")
    parts.wrap(StudyFiles, PARTS[1], "trial_started", "trial_ended")
    parts.wrap(RayExecutor, PARTS[2], "_receive")
    parts.wrap(Plan, PARTS[3], "config")
    parts.wrap(Tracker, PARTS[4], "_put")
    context = get_context("spawn")
    mine, figures = context.Pipe()

    def connect(executor: Any) -> None:
        here, there = context.Pipe()
        process = context.Process(target=bridge, args=(there, nodes, slots, figures), daemon=True)
        process.start()
        there.close()
        executor._bridge = subprocess.Popen(["true"])  # what the executor waits for at its end
        executor._output = io.BytesIO()
        executor.where = ""
        executor._connection = here
        here.send("begin")
        while not executor.where:
            executor._receive(1.0)

    ended, started = StudyFiles.trial_ended, StudyFiles.trial_started

    def began(*args: Any, **more: Any) -> None:
        if not parts.marks:
            parts.mark()
        started(*args, **more)

    def marked(*args: Any, **more: Any) -> None:
        ended(*args, **more)
        parts.mark()

    RayExecutor._connect = connect  # type: ignore[method-assign]
    StudyFiles.trial_ended, StudyFiles.trial_started = marked, began  # type: ignore[method-assign, assignment]
    assert session.make_executor
    code = command_line.run(["sweep", "runtime=ray", *overrides])
    bridge_seconds = mine.recv() if mine.poll(20) else None
    file.write_text(json.dumps({"marks": parts.marks, "bridge": bridge_seconds,
                                "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))  # fmt: skip
    return code


def rates(found: Mapping[str, Any], slots: int) -> dict[str, float]:
    """Trials a second, and what of the driver's thread each of them took."""
    marks = found["marks"]
    first, last, many = marks[0], marks[-1], len(marks) - 1
    milliseconds = {name: 1000 * (last[name] - first[name]) / many for name in ("driver", "process", *PARTS)}
    rate, free = many / (last["wall"] - first["wall"]), 1000 / milliseconds["process"]
    rest = milliseconds["driver"] - sum(milliseconds[name] for name in PARTS)
    return {"trials a second, measured": rate, "trials a second, on a free processor": free,
            "seconds a trial must take for it": slots / free, "process": milliseconds["process"],
            "driver": milliseconds["driver"], **{name: milliseconds[name] for name in PARTS}, "rest": rest,
            "other threads": milliseconds["process"] - milliseconds["driver"],
            "bridge": 1000 * (found["bridge"] or 0.0) / many}  # fmt: skip


def main() -> int:
    """Measures, and writes the results."""
    if "--measure" in sys.argv:
        _, _, file, nodes, slots, *overrides = sys.argv
        return measure(Path(file), int(nodes), int(slots), overrides)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--slots", type=int, default=16)
    parser.add_argument("--trials", type=int, default=2400)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    given = parser.parse_args()
    for kind in given.kinds:
        with tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True) as folder:
            file = Path(folder, "figures.json")
            command = [sys.executable, str(Path(__file__).absolute()), "--measure", str(file), str(given.nodes),
                       str(given.slots), "task=dry", "data=digits", "model=dnn", f"train.epochs={EPOCHS}",
                       "pruner=none", f"search.n_trials={given.trials}", *KINDS[kind]]  # fmt: skip
            with Path(folder, "output.txt").open("w") as output:
                done = subprocess.run(command, cwd=folder, stdout=output, stderr=output, check=False)
            if done.returncode:
                sys.exit(Path(folder, "output.txt").read_text()[-3000:])
            keep(kind, rates(json.loads(file.read_text()), given.nodes * given.slots), given)
    return 0


def keep(kind: str, figures: dict[str, float], given: argparse.Namespace) -> None:
    """Writes the figures of a kind beside those of the others."""
    found = {**reporting.read("scale").get("found", {}), kind: figures}
    found = {name: found[name] for name in KINDS if name in found}
    command = f"python benchmarks/scale.py --nodes {given.nodes} --slots {given.slots} --trials {given.trials}"
    reporting.write("scale", {"machine": machine.describe(), "command": command, "found": found})
    rows = [[name, *(f"{one[name]:.1f}" for one in found.values())] for name in figures]
    note = (f"`{command}`. From the fourth line on: milliseconds of a processor a trial; process: all threads of the "
            "driver until the last trial's end; driver: its own thread, of which the next six lines are the parts; "
            "bridge: the process between driver and agents.")  # fmt: skip
    reporting.write_table("scale", ["figure", *found], rows, note)


if __name__ == "__main__":
    sys.exit(main())
