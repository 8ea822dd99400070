"""A real Ray cluster of two nodes on this machine, with `deploy/ray`; run by the interpreter that has Ray.

Prints a line of JSON for each word that it reads: `pids` (the replicas'), `kill` (ends one), `quit`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_DISABLE_IMPORT_WARNING"] = "1"

import ray
from ray import serve
from ray.cluster_utils import Cluster

ROOT = Path(__file__).resolve().parent.parent.parent
STORE_BYTES = 80 * 2**20
REPLICA = "ServeReplica:echo:Replica"


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from deploy.ray.app import build

    # room for one replica on each
    node = {"num_cpus": 1, "object_store_memory": STORE_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    cluster.add_node(**node)
    cluster.wait_for_nodes()
    ray.init(
        cluster.address, runtime_env={"env_vars": {"PYTHONPATH": _path()}}, log_to_driver=False
    )
    port = _free_port()
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    args = {
        "replicas": 2,
        "most_replicas": 2,
        "cpus": 1,
        "engine": {"slots": 4, "max_queue": 4, "threads": 1},
    }
    serve.run(build(args), name="echo", route_prefix="/")
    _say(url=f"http://127.0.0.1:{port}", nodes=len(ray.nodes()))
    for line in sys.stdin:
        word = line.strip()
        if word == "quit":
            break
        pids = _replicas()
        if word == "kill":
            os.kill(pids[0], signal.SIGKILL)
        _say(pids=pids)
    serve.shutdown()
    ray.shutdown()
    cluster.shutdown()


def _path() -> str:
    """What finds Echo, and the libraries that this interpreter found for it."""
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


def _replicas() -> list[int]:
    """The replicas of this cluster alone: children of the nodes that this process started."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and REPLICA in (entry / "cmdline").read_text():
                if _parent(_parent(int(entry.name))) == os.getpid():
                    found.append(int(entry.name))
        except OSError:  # it has ended meanwhile
            continue
    return sorted(found)


def _parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _say(**told: object) -> None:
    print("SAID " + json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
