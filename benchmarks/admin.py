"""The admin side's SQL at size: every chart's rows and the cards, on SQLite and PostgreSQL.

    python -m benchmarks.admin [--users 100000] [--messages 2000000] [--instance FOLDER]

The databases are made by `run.py demo-data` and, in a folder that is given, kept for the next time.
It does not measure drawing, nor pages.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg2
from sqlalchemy import delete, event, text

from benchmarks import common
from echo.app import create_app
from echo.clock import utc_now
from echo.config import load
from echo.extensions import cache, db
from echo.models import TimingSpan, UserDay
from echo.services.numbers import cards, chart_rows, contributors, rollups, slots
from echo.services.numbers.rollups import spans
from tests.databases import answers, postgres_program, unprivileged
from tests.live.server import ROOT, free_port, wait_until

AIM_MS = 100
SPANS = {"year": 365, "90 days": 90, "30 days": 30}
WARM_TIMES = 5
ROWS = (
    "signups", "active", "cohorts", "hours", "usage", "questions", "endings", "errors", "timing",
    "thumbs", "feedback", "top_users", "lengths",
)  # fmt: skip
ZONE = ZoneInfo("Europe/Berlin")
LARGE = ("messages", "users", "message_ratings", "feedback")  # must not be read through


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the admin side's SQL.")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--messages", type=int, default=2_000_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--instance", type=Path, help="keep the databases here for the next time")
    parser.add_argument(
        "--databases", nargs="+", default=["sqlite", "postgresql"], choices=list(SERVED)
    )
    options = parser.parse_args()
    report: dict[str, Any] = {"machine": common.machine(), "options": vars(options) | {"seed": 1}}
    with _folder(options.instance) as folder:
        for name in options.databases:
            with SERVED[name](folder) as url:
                report[name] = measure(folder / name, url, options)
            show(name, report[name])
    report["options"]["instance"] = str(options.instance or "")
    print(f"\n{common.save('admin', report)}")


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="echo-bench-") as folder:
        os.chmod(folder, 0o755)  # PostgreSQL's own user goes through it
        yield Path(folder)


@contextmanager
def sqlite(_folder: Path) -> Iterator[str]:
    yield ""


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A PostgreSQL server whose data stay in the folder."""
    home, run_as = folder / "server", unprivileged()
    home.mkdir(parents=True, exist_ok=True)
    if run_as:
        os.chown(home, run_as["user"], run_as["group"])
    data, port = home / "data", free_port()
    if not data.exists():
        words = [postgres_program("initdb"), "-D", data, "-U", "echo", "-A", "trust", "-E", "UTF8"]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd=home, **run_as)  # type: ignore[call-overload]
    options = ["-p", str(port), "-k", "/tmp", "-h", "127.0.0.1"]
    with (home / "log").open("ab") as log:
        server = subprocess.Popen(
            [postgres_program("postgres"), "-D", data, *options],
            stdout=log, stderr=log, cwd=home, **run_as,  # type: ignore[call-overload]
        )  # fmt: skip
    try:
        wait_until(lambda: answers(port), what=f"PostgreSQL answers; its log: {home}/log")
        _make_database(port)
        yield f"postgresql://echo@127.0.0.1:{port}/echo_bench"
    finally:
        server.terminate()
        server.wait()


def _make_database(port: int) -> None:
    connection = psycopg2.connect(host="127.0.0.1", port=port, user="echo", dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_database where datname = 'echo_bench'")
        if cursor.fetchone() is None:
            cursor.execute("create database echo_bench")
    connection.close()


SERVED: dict[str, Callable[[Path], Any]] = {"sqlite": sqlite, "postgresql": postgresql}


def measure(instance: Path, url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Fill the database unless it is full, and time everything that the admin side reads."""
    instance.mkdir(parents=True, exist_ok=True)
    filled = fill(instance, url, options)
    settings = load(_env_file=None, instance=instance, database_url=url, engine="scripted")
    app = create_app(settings)
    with app.app_context():
        rollups.refresh()
        found: dict[str, Any] = {"filled": filled, "size": sizes(), "reads": reads()}
        found["scans"] = sorted(found["reads"].pop("scans"))
        found["refresh_ms"] = timed(rollups.refresh)
        forget_today()
        found["refresh_longest_write_ms"] = longest_write(rollups.refresh)
        db.session.remove()
        db.engine.dispose()
    return found


def fill(instance: Path, url: str, options: argparse.Namespace) -> str:
    """Make the data by the product's own command; its last words tell how long it took."""
    mark = instance / "filled.txt"
    if not mark.exists():
        environment = os.environ | {
            "ECHO_INSTANCE": str(instance), "ECHO_ENGINE": "scripted", "DATABASE_URL": url,
        }  # fmt: skip
        numbers = ("users", "messages", "days")
        words = [word for name in numbers for word in (f"--{name}", str(getattr(options, name)))]
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "run.py", "demo-data", *words],
            env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        mark.write_text(done.stdout)
    return mark.read_text()


def sizes() -> dict[str, int]:
    tables = ("users", "conversations", "messages", "user_days", "reply_slots", "timing_spans")
    return {name: db.session.scalar(text(f"select count(*) from {name}")) or 0 for name in tables}


def reads() -> dict[str, Any]:
    """Time each function cold (a new connection, nothing cached by it) and warm."""
    today, found = utc_now().date(), {"scans": set()}
    for span, days in SPANS.items():
        first = today - timedelta(days=days - 1)
        for name in ROWS:
            rows = chart_rows.ROWS[name]
            found[f"{name}, {span}"] = both(lambda rows=rows, first=first: rows(first, today, ZONE))
            found["scans"] |= scans(lambda rows=rows, first=first: rows(first, today, ZONE))
    for what, work in (
        ("cards", cards.recent_cards), ("contributors", contributors.top),
    ):  # fmt: skip
        found[what] = both(work)
        found["scans"] |= scans(work)
    return found


def both(work: Callable[[], Any]) -> dict[str, float]:
    db.session.remove()
    db.engine.dispose()
    cold = timed(work)
    return {"cold_ms": cold, "warm_ms": statistics.median(timed(work) for _ in range(WARM_TIMES))}


def timed(work: Callable[[], Any]) -> float:
    cache.clear()
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def forget_today() -> None:
    """Remove the sums of today, so that the next refresh has a whole day to write."""
    today = slots.day_number(utc_now())
    for table in spans.BY_SLOT:
        db.session.execute(delete(table).where(spans.slots_of(table, today, today)))
    db.session.execute(delete(UserDay).where(UserDay.day == today))
    db.session.execute(delete(TimingSpan).where(TimingSpan.day == today))
    db.session.commit()


def longest_write(work: Callable[[], Any]) -> float:
    """Return for how many milliseconds one transaction of `work` kept other writers out at most."""
    began, spans = [0.0], [0.0]

    def before(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if re.match(r"INSERT|UPDATE|DELETE", statement) and not began[0]:
            began[0] = time.perf_counter()

    def committed(_connection: Any) -> None:
        if began[0]:
            spans.append(1000 * (time.perf_counter() - began[0]))
            began[0] = 0.0

    event.listen(db.engine, "before_cursor_execute", before)
    event.listen(db.engine, "commit", committed)
    work()
    event.remove(db.engine, "before_cursor_execute", before)
    event.remove(db.engine, "commit", committed)
    return max(spans)


def scans(work: Callable[[], Any]) -> set[str]:
    """Return the large tables that `work` reads from end to end, with what asks for it."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    cache.clear()
    event.listen(db.engine, "before_cursor_execute", note)
    work()
    event.remove(db.engine, "before_cursor_execute", note)
    return {f"{table}: {' '.join(s.split())[:90]}" for s, p in asked for table in _scanned(s, p)}


def _scanned(statement: str, parameters: Any) -> set[str]:
    connection = db.session.connection()
    if db.engine.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        plan = "\n".join(row[3] for row in rows)
        found = set(re.findall(r"SCAN (\w+)(?! USING COVERING)", plan))
    else:
        rows = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
        plan = json.dumps(rows.scalar())
        found = set(re.findall(r'"Seq Scan".*?"Relation Name": "(\w+)"', plan))
    return found & set(LARGE)


def show(name: str, found: dict[str, Any]) -> None:
    rows = []
    for what, times in found["reads"].items():
        rows.append(common.row(f"{what}: cold", times["cold_ms"], AIM_MS, "ms"))
        rows.append(common.row(f"{what}: warm", times["warm_ms"], AIM_MS, "ms"))
    rows.append(
        common.row("a refresh's longest write", found["refresh_longest_write_ms"], AIM_MS, "ms")
    )
    size = ", ".join(f"{count:,} {table}" for table, count in found["size"].items())
    common.show(f"{name}: {size}", rows)
    print(f"  a refresh takes {found['refresh_ms']:,.0f} ms in all")
    print(f"  read from end to end: {'; '.join(found['scans']) or 'no large table'}")


if __name__ == "__main__":
    main()
