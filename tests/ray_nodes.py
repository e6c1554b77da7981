"""Real Ray clusters of several nodes on this machine, for tests."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

TOKEN = "0123456789abcdef" * 4
RAY = Path(sys.executable).with_name("ray")
STORE = "--object-store-memory=80000000"


class Nodes:
    """The nodes of a cluster, each started by `ray start`; the first is the head."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.environment = environment
        self.folder = folder
        self.port = 0
        self.raylets: dict[str, psutil.Process] = {}

    @property
    def address(self) -> str:
        return f"{self._ip}:{self.port}"

    def add(self, name: str, cpus: int = 1) -> None:
        before = {process.pid for process in self._raylets()}
        command = [RAY, "start", f"--node-name={name}", f"--num-cpus={cpus}", STORE, "--disable-usage-stats"]
        if not self.port:
            command += ["--head", "--port=0", "--include-dashboard=false"]
        else:
            command += [f"--address={self.address}"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        if not self.port:
            self._ip, _, port = (self.folder / "ray/ray_current_cluster").read_text().strip().rpartition(":")
            self.port = int(port)
        self.raylets[name] = next(process for process in self._raylets() if process.pid not in before)

    def _raylets(self) -> list[psutil.Process]:
        return [process for process in self.processes() if process.name() == "raylet"]

    def processes(self) -> list[psutil.Process]:
        """All processes of this cluster: Ray's own, agents, fork servers and trials."""
        found = []
        own = {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
        for process in psutil.process_iter():
            try:
                if process.pid not in own and process.environ().get("RAY_TMPDIR") == str(self.folder):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def agent(self, name: str) -> psutil.Process:
        return next(child for child in self.raylets[name].children(recursive=True) if "NodeAgent" in child.name()
                    or "NodeAgent" in " ".join(child.cmdline()))  # fmt: skip

    def family(self, name: str) -> list[psutil.Process]:
        return [self.raylets[name], *self.raylets[name].children(recursive=True)]

    def signal(self, name: str, number: signal.Signals) -> None:
        """Signals all processes of a node."""
        for process in self.family(name):
            process.send_signal(number)

    def drain(self, name: str) -> None:
        """Asks Ray to let a node go."""
        arguments = self.raylets[name].cmdline()
        (found,) = [one.partition("=")[2] for one in arguments if one.startswith("--node_id=")] or [""]
        command = [RAY, "drain-node", f"--address={self.address}", f"--node-id={found}", "--reason-message=a test",
                   "--reason=DRAIN_NODE_REASON_PREEMPTION", "--deadline-remaining-seconds=60"]  # fmt: skip
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def end_head(self) -> None:
        for process in self.processes():
            if process.name() == "gcs_server":
                process.kill()

    def close(self) -> None:
        for _ in range(3):
            for process in self.processes():
                try:
                    process.send_signal(signal.SIGCONT)
                    process.kill()
                except psutil.Error:
                    continue
            time.sleep(0.2)
        shutil.rmtree(self.folder, ignore_errors=True)


def start(folder: Path, names: Sequence[str], cpus: int = 1, guarded: bool = True) -> Nodes:
    """Starts a cluster, whose variables are those of this process; the first node is the head.

    Args:
        folder: A folder with a short path: sockets lie below it.
        names: What its nodes are called.
        cpus: What each of them has.
        guarded: Whether it asks for a token.
    """
    folder.mkdir(exist_ok=True)
    # The second line: nodes that do not answer are given up by Ray itself after seconds, not a minute.
    found = Nodes(
        folder,
        {
            **os.environ,
            **variables(folder),
            **({} if guarded else {"RAY_AUTH_MODE": "disabled"}),
            "RAY_memory_monitor_refresh_ms": "0",
            "RAY_health_check_period_ms": "1500",
            "RAY_health_check_failure_threshold": "10",
        },
    )
    for name in names:
        found.add(name, cpus)
    return found


def variables(folder: Path) -> dict[str, str]:
    """What a driver of the cluster in a folder must have in its environment."""
    return {"RAY_TMPDIR": str(folder), "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN}
