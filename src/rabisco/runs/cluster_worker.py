"""The process that speaks to a Ray cluster: ``python -m rabisco.runs.cluster_worker <address>``.

It reads orders from its standard input, one JSON object a line, and says on its standard output what becomes of them;
it ends when its input closes. What it has begun goes on: each training is a detached actor with a name, which the next
such process finds.
"""

import json
import os
import queue
import secrets
import sys
import threading
import time
from contextlib import suppress
from typing import Any

import ray
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayError

from rabisco.artifacts.durable import write_whole
from rabisco.runs.cluster import TrainingActor
from rabisco.runs.paths import cluster_file

NAMESPACE = "rabisco"
LOOK = 0.25  # seconds between two looks
TELL = 1.0  # seconds between two reports on the cluster
AGAIN = 1.0  # seconds before an actor that does not answer is asked again


class ClusterSession:
    """A connection to the cluster at an address; ``actors`` work on runs, or are to, each on one."""

    def __init__(self, address: str) -> None:
        dashboard = False if address == "local" else None  # ``None`` leaves it to the cluster
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, include_dashboard=dashboard)
        self.actors: dict[str, Any] = {}
        self._begun: dict[Any, str] = {}
        self._ended: dict[Any, str] = {}
        self._later: dict[str, float] = {}
        for name in ray.util.list_named_actors():
            run_id, _, rest = name.partition("-")
            if rest:
                self._watch(run_id, ray.get_actor(name))

    def begin(self, order: dict[str, Any]) -> None:
        """Have a machine with room begin a training, now or once there is one."""
        needs = order["needs"]
        actor = (
            ray.remote(TrainingActor)
            .options(
                name=f"{order['id']}-{secrets.token_hex(4)}",
                lifetime="detached",
                num_cpus=needs["cpus"],
                num_gpus=needs["gpus"],
                memory=needs["memory"] or None,
                max_restarts=0,
                max_concurrency=4,
            )
            .remote()
        )
        self._begun[actor.begin.remote(order["id"], order["folder"], order["told"])] = order["id"]
        self._watch(order["id"], actor)

    def kill(self, run_id: str) -> None:
        """End a training, or let it not begin."""
        if run_id in self.actors:
            ray.kill(self.actors[run_id])

    def look(self) -> None:
        """Say what has begun and what has ended."""
        for run_id, moment in list(self._later.items()):
            if time.monotonic() > moment:
                del self._later[run_id]
                self._watch(run_id, self.actors[run_id])
        for reference in _ready(self._begun):
            run_id = self._begun.pop(reference)
            with suppress(RayError):  # told below, as the end of it
                tell(id=run_id, **ray.get(reference))
        for reference in _ready(self._ended):
            run_id = self._ended.pop(reference)
            try:
                tell(id=run_id, status=ray.get(reference))
            except ActorUnavailableError:
                self._later[run_id] = time.monotonic() + AGAIN
                continue
            except ActorDiedError:
                tell(id=run_id, lost=True)
            except RayError as error:
                sys.stderr.write(f"{error}\n")
                tell(id=run_id, status=-1)
            with suppress(RayError):
                ray.kill(self.actors.pop(run_id))

    def _watch(self, run_id: str, actor: Any) -> None:
        self.actors[run_id] = actor
        self._ended[actor.wait.remote()] = run_id


def state() -> dict[str, Any]:
    """Return the machines of the cluster, and what of them is free; bytes of memory."""
    nodes = [
        {"name": node["NodeManagerHostname"], **_counts(node["Resources"])} for node in ray.nodes() if node["Alive"]
    ]
    return {"moment": time.time(), "fault": "", "nodes": nodes, "free": _counts(ray.available_resources())}


def tell(**told: object) -> None:
    """Say something to the process that began this one."""
    with suppress(OSError):
        os.write(_TOLD, json.dumps(told).encode() + b"\n")


def _counts(resources: dict[str, float]) -> dict[str, float]:
    return {name: float(resources.get(ray_name, 0)) for name, ray_name in _NAMES.items()}


_NAMES = {"cpus": "CPU", "gpus": "GPU", "memory": "memory"}


def _ready(references: dict[Any, str]) -> list[Any]:
    if not references:
        return []
    return list(ray.wait(list(references), num_returns=len(references), timeout=0)[0])


def _main(address: str) -> None:
    orders: queue.Queue[dict[str, Any]] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            orders.put(json.loads(line))
        os._exit(0)

    threading.Thread(target=listen, name="orders", daemon=True).start()
    try:
        cluster = ClusterSession(address)
    except Exception as error:
        write_whole(cluster_file(), json.dumps({"moment": time.time(), "fault": str(error)[:400]}))
        raise
    tell(known=list(cluster.actors))
    told = 0.0
    while True:
        with suppress(queue.Empty):
            order = orders.get(timeout=LOOK)
            if "kill" in order:
                cluster.kill(order["kill"])
            else:
                cluster.begin(order)
            continue
        cluster.look()
        if time.monotonic() - told > TELL:
            told = time.monotonic()
            now = state()
            write_whole(cluster_file(), json.dumps(now))
            tell(free=now["free"])


if __name__ == "__main__":
    _TOLD = os.dup(1)
    os.dup2(2, 1)  # what Ray says is for the log
    _main(sys.argv[1])
