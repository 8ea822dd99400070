"""What `serve run` and `serve deploy` build: a door before replicas that grow with the load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ray.serve import Application

from deploy.ray.door import Door
from deploy.ray.replica import Replica

ECHO_MINI = Path(__file__).resolve().parent.parent.parent / "weights" / "echo-mini"
SLOTS = 32
"""Answers that a replica writes at once."""


def build(args: dict[str, Any]) -> Application:
    """Return the application.

    `models`: name → folder, GGUF file or Hub id on every node (echo-mini); `engine`: fields of
    `EngineConfig`; `replicas`, `most_replicas`: how few and how many; `cpus`, `gpus`: of each replica.
    """
    models = args.get("models") or {"echo-mini": str(ECHO_MINI)}
    engine = {"slots": SLOTS, **(args.get("engine") or {})}
    slots = engine["slots"]
    replicas = Replica.options(
        ray_actor_options={"num_cpus": args.get("cpus", 1), "num_gpus": args.get("gpus", 0)},
        autoscaling_config={
            "min_replicas": args.get("replicas", 1),
            "max_replicas": args.get("most_replicas", 4),
            "target_ongoing_requests": max(1, slots // 2),
            "upscale_delay_s": 5,
            "downscale_delay_s": 300,
        },
        max_ongoing_requests=2 * slots,  # beyond its slots they wait in the engine's own fair queue
        max_queued_requests=8 * slots,  # and beyond that the door says that it is busy
        health_check_period_s=5,
        graceful_shutdown_timeout_s=60,
    )
    return Door.options(
        num_replicas=args.get("doors", 1),
        max_ongoing_requests=1000,
        ray_actor_options={"num_cpus": 0},
    ).bind(replicas.bind(models, engine), list(models))
