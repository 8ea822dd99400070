"""The dashboard's whole way at size: each chart cold and cached, and health while ten admins reload it.

    python -m benchmarks.dashboard [--admins 10] [--rounds 2] [--instance FOLDER] [--databases sqlite]

The databases are those of `benchmarks.admin`. Each part is asked of the real `run.py` over HTTP. It does
not measure the browser, nor the SQL alone.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks import admin, common
from benchmarks.server import probe
from echo.clock import utc_now
from tests.live.server import PASSWORD, LiveServer, Person

COLD_AIM_MS = 300
CACHED_AIM_MS = 20
HEALTH_AIM_MS = 100
DAYS = {"30 days": 30, "year": 365}
COLD_TIMES = 3
NAME = "bench_admin"
PART = {"X-Requested-With": "XMLHttpRequest"}
BROWSER = {"Accept-Encoding": "gzip, deflate, br"}
WARM_FOR_EACH_COLD = 5  # warm rounds are so much shorter: else there are too few waits for a p99


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the dashboard over HTTP.")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--messages", type=int, default=2_000_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--admins", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=2, help="reloads of each admin")
    parser.add_argument("--instance", type=Path, help="keep the databases here for the next time")
    parser.add_argument(
        "--databases", nargs="+", default=["sqlite", "postgresql"], choices=list(admin.SERVED)
    )
    options = parser.parse_args()
    report: dict[str, Any] = {"machine": common.machine(), "options": vars(options) | {"seed": 1}}
    with admin._folder(options.instance) as folder:
        for name in options.databases:
            with admin.SERVED[name](folder) as url, served(folder / name, url, options) as person:
                report[name] = measure(person, options)
            show(name, report[name])
    report["options"]["instance"] = str(options.instance or "")
    print(f"\n{common.save('dashboard', report)}")


@contextmanager
def served(instance: Path, url: str, options: argparse.Namespace) -> Iterator[Person]:
    """The server on the filled database, and an administrator who is signed in."""
    instance.mkdir(parents=True, exist_ok=True)
    admin.fill(instance, url, options)
    server = LiveServer(instance, ECHO_INSTANCE=str(instance), DATABASE_URL=url).start()
    try:
        words = ("--email", f"{NAME}@example.org", "--username", NAME, "--password-stdin")
        server.command("create-admin", *words, stdin=PASSWORD)  # it may be there from the last time
        person = server.person(NAME)
        assert person.post("/login", credentials=NAME, password=PASSWORD).status_code == 200
        yield person
    finally:
        server.stop()


def measure(person: Person, options: argparse.Namespace) -> dict[str, Any]:
    """Time each chart alone, then `/healthz` at rest and during cold and warm reloads."""
    begun = time.monotonic()
    names = chart_names(person)
    found: dict[str, Any] = {"first_page_with_start_s": time.monotonic() - begun}
    found["page_ms"] = statistics.median(timed(person, "/admin/") for _ in range(5))
    found["charts"] = charts(person, names)
    found["health"] = {"at rest": percentiles(probe(person.server.port, 5))}
    for kind in ("cold", "warm"):
        found["health"][f"{kind} reloads"] = reloads(person, names, kind, options)
    return found


def chart_names(person: Person) -> list[str]:
    page = person.http.get(f"{person.server.url}/admin/", timeout=60).text
    found = [part.split("?")[0] for part in page.split('data-part="/admin/charts/')[1:]]
    assert len(found) == 20, found
    return found


def charts(person: Person, names: list[str]) -> dict[str, Any]:
    """Time part and picture of each chart; each cold time is of a range that nobody has asked for."""
    found, shift = {}, 0
    for what, days in DAYS.items():
        for name in names:
            times: dict[str, list[float]] = {"part": [], "picture": [], "cached": []}
            for _ in range(COLD_TIMES):
                shift += 1
                query = span(days, shift)
                times["part"].append(timed(person, f"/admin/charts/{name}?{query}", **PART))
                times["picture"].append(timed(person, f"/admin/charts/{name}.svg?{query}"))
                times["cached"].append(timed(person, f"/admin/charts/{name}.svg?{query}"))
            found[f"{name}, {what}"] = {key: statistics.median(all) for key, all in times.items()}
    return found


def span(days: int, shift: int) -> str:
    """Return a range whose length differs with the shift, so that it has a cache entry of its own."""
    last = utc_now().date() - timedelta(days=shift % 7)
    first: date = last - timedelta(days=days - 1 + shift // 7)
    return f"from={first}&to={last}"


def timed(person: Person, path: str, **headers: str) -> float:
    """Return the milliseconds of one request that succeeds."""
    began = time.perf_counter()
    answer = person.http.get(person.server.url + path, headers=headers, timeout=120)
    assert answer.status_code == 200, (path, answer.status_code)
    return 1000 * (time.perf_counter() - began)


def reloads(
    person: Person, names: list[str], kind: str, options: argparse.Namespace
) -> dict[str, float]:
    """Ask `/healthz` while all admins load page, parts and pictures, each with a range of its own if cold."""
    load = multiprocessing.get_context("fork").Process(
        target=all_reload, args=(person, names, kind == "cold", options)
    )
    began = time.monotonic()
    load.start()
    waits: list[float] = []
    while load.is_alive():
        waits += probe(person.server.port, 0.5)
    load.join()
    assert load.exitcode == 0, "a request of the load failed"
    return {**percentiles(waits), "asked": len(waits), "seconds": time.monotonic() - began}


def all_reload(person: Person, names: list[str], cold: bool, options: argparse.Namespace) -> None:
    failed: list[str] = []
    admins = [
        threading.Thread(target=reload, args=(person, names, number, cold, options.rounds, failed))
        for number in range(options.admins)
    ]
    for each in admins:
        each.start()
    for each in admins:
        each.join()
    if failed:
        print(f"  failed: {', '.join(failed[:5])}")
        raise SystemExit(1)


def reload(
    person: Person, names: list[str], number: int, cold: bool, rounds: int, failed: list[str]
) -> None:
    wire = http.client.HTTPConnection("127.0.0.1", person.server.port, timeout=300)
    for turn in range(rounds if cold else rounds * WARM_FOR_EACH_COLD):
        # no range of `charts` is so long; another length for each admin and each turn
        query = span(130 + number * 10 + turn, 1) if cold else "days=90"
        paths = [f"/admin/?{query}"]
        for name in names:
            paths += [f"/admin/charts/{name}?{query}", f"/admin/charts/{name}.svg?{query}"]
        for path in paths:
            wire.request("GET", path, headers={"Cookie": person.cookie, **PART, **BROWSER})
            answer = wire.getresponse()
            answer.read()
            if answer.status != 200:
                failed.append(f"{path} {answer.status}")
    wire.close()


def percentiles(waits: list[float]) -> dict[str, float]:
    shares = {"p50": 0.5, "p99": 0.99, "most": 1.0}
    return {f"{name}_ms": 1000 * common.percentile(waits, share) for name, share in shares.items()}


def show(name: str, found: dict[str, Any]) -> None:
    rows = [common.row("page", found["page_ms"], COLD_AIM_MS, "ms")]
    for what, times in found["charts"].items():
        rows.append(common.row(f"{what}: part", times["part"], COLD_AIM_MS, "ms"))
        rows.append(common.row(f"{what}: picture", times["picture"], COLD_AIM_MS, "ms"))
        rows.append(common.row(f"{what}: cached", times["cached"], CACHED_AIM_MS, "ms"))
    for what, times in found["health"].items():
        rows.append(common.row(f"/healthz p99, {what}", times["p99_ms"], HEALTH_AIM_MS, "ms"))
    common.show(name, rows)


if __name__ == "__main__":
    main()
