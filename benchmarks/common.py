"""What all measurements share: the machine, percentiles, tables, results as files. Measures nothing."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("flask", "flask-socketio", "python-socketio", "eventlet", "sqlalchemy", "torch")


def machine() -> dict[str, Any]:
    """Return what a reader needs to judge the figures."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the sorted values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def memory_mb(process: int) -> float:
    """Return a process's resident memory."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError("no resident memory in /proc")


def show(title: str, rows: Sequence[Sequence[object]]) -> None:
    """Print a table with the columns: what, measured, aim, ratio."""
    head = ("", "measured", "aim", "measured / aim")
    cells = [head, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    print(f"\n{title}")
    for row in cells:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


def row(what: str, measured: float, aim: float, unit: str) -> tuple[str, str, str, str]:
    """Return one row of a table; below 1.00 the aim is met."""
    return what, f"{measured:,.1f} {unit}", f"≤ {aim:,g} {unit}", f"{measured / aim:.2f}"


def save(name: str, report: dict[str, Any]) -> Path:
    """Write a report beside the others and return its path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return path
