"""Where trials run: the section runtime."""

import re
from typing import Annotated, Any, Literal

from pydantic import ByteSize, Field
from pydantic.dataclasses import dataclass

from mnist_sweep.config.check import check, shown
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.schema import CONFIG, Int
from mnist_sweep.config.times import Duration


@dataclass(frozen=True, config=CONFIG)
class RuntimeConfig:
    """Where trials run: `workers` at the same time, null for one on each core; what each may take, null for no limit.

    `memory_limit` is of a trial's resident memory, TensorFlow included; `trial_timeout` is from start to end.
    """

    executor: Literal["local", "ray"]
    workers: Annotated[Int, Field(ge=1, le=1024)] | None
    memory_limit: Annotated[ByteSize, Field(ge=1_000_000)] | None  # a bare 5 is 5 bytes
    trial_timeout: Duration | None
    allowed_targets: list[str]


@dataclass(frozen=True, config=CONFIG)
class RayConfig(RuntimeConfig):
    """Where trials run on a Ray cluster: `workers` at the same time in all, null for what its nodes have slots for.

    `address` is `auto` (the cluster that runs on this machine), HOST:PORT, `local` (a Ray of this command's own), or
    null for `auto` where a cluster is running, else `local`; `workers_per_node` null for the CPUs that Ray has given a
    node; `node_timeout` how long to wait for a node where there is none.
    """

    executor: Literal["ray"]
    address: str | None
    workers_per_node: Annotated[Int, Field(ge=1, le=1024)] | None
    node_timeout: Duration


_ADDRESS = re.compile(r"auto|local|([\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}")


def parse_runtime(plain: Any) -> RuntimeConfig:
    """Returns the runtime section; raises UserError for a wrong value."""
    if isinstance(plain, dict) and plain.get("executor") == "dry":
        raise UserError("runtime.executor=dry is now a task: write task=dry")
    if not isinstance(plain, dict) or plain.get("executor") != "ray":
        return check(RuntimeConfig, plain, "runtime")
    address = plain.get("address")
    if address is not None and not (isinstance(address, str) and _ADDRESS.fullmatch(address)):
        raise UserError(f"runtime.address must be auto, local, HOST:PORT or null, got {shown(address)}")
    return check(RayConfig, plain, "runtime")
