"""Whether the right passage is found: questions over documents, and what finding and reading cost.

    python -m benchmarks documents [--set development] [--embedding FOLDER] [--chars 1900000]

Two sets: the kept one of thirty questions over four documents, and one to develop with, of 116 over six, 80
in people's own words and 36 that look something up in the text's. Another way of searching is tried on the
latter; the kept one is run once, at the end: what was chosen by its questions says nothing any more.
Documents and questions were written for this. They lie among Echo's own documents, hundreds of passages that
answer none of them. Words alone and words with meanings are measured side by side, the latter where the
folder of the embedding model is named. `hub` is the longest time that everybody else had to wait while a
large document was read and searched.
"""

from __future__ import annotations

# ruff: noqa: E402  # as in run.py, before anything else: sockets wait greenly then
import eventlet

eventlet.monkey_patch(thread=False)

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask

from benchmarks.common import machine, save
from echo import config, hub, logs
from echo.app import create_app
from echo.extensions import db
from echo.models import Document, User
from echo.services.accounts import accounts
from echo.services.documents import meaning, reading, search
from echo.services.library import embedding
from echo.services.serving.embedder import Embedder

HERE = Path(__file__).parent
SETS = {"kept": HERE / "documents_corpus", "development": HERE / "documents_development"}
OTHERS = list((HERE.parent / "docs").glob("*.md"))  # hundreds of passages that answer none of them
AMONG = 3
SEARCHES = 30
IDLE_SECONDS = 5.0
READING_SECONDS = 600.0


class Ticks:
    """A green thread that wants to run all the time, and the longest that it could not."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._on = True
        hub.spawn(self._run)

    def _run(self) -> None:
        last = time.monotonic()
        while self._on:
            hub.sleep(0.0005)
            now = time.monotonic()
            self.longest, last = max(self.longest, now - last - 0.0005), now

    def stop(self) -> float:
        self._on = False
        return round(1000 * self.longest, 1)


def main() -> None:
    options = read_options()
    logs.configure("ERROR", "console")
    report: dict[str, Any] = {"machine": machine(), "options": vars(options)}
    for way in ("words", "words and meaning") if options.embedding else ("words",):
        with application(Path(options.embedding) if way != "words" else None) as app:
            report[way] = found = measure(app, SETS[options.set], options.chars)
        print(f"\n{way}: {found['right']} of {found['asked']} among the first {AMONG} "
              f"({100 * found['share']:.0f} %), {found['first']} first")  # fmt: skip
        for kind, (asked, right, first) in found["kinds"].items():
            print(f"   {kind}: {right} of {asked}, {first} first")
        for lost in found["lost"]:
            print(f"   not found: {lost}")
        large = found["large"]
        print(
            f"   {large['characters']:,} characters read in {large['reading_s']} s, "
            f"{large['passages']:,} passages; "
            f"a search takes {large['search_ms']} ms (median); "
            f"hub held {large['hub_reading_ms']} ms at most "
            f"while reading, {large['hub_searching_ms']} ms while searching "
            f"({large['hub_idle_ms']} ms while nothing was done: others use this machine too)"
        )
    print(f"\n{save('documents', report)}")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--set", choices=SETS, default="kept", help="of documents and questions")
    parser.add_argument("--embedding", default="", help="the folder of the embedding model")
    parser.add_argument("--chars", type=int, default=1_900_000, help="of the large document")
    return parser.parse_args()


@contextmanager
def application(model: Path | None) -> Iterator[Flask]:
    with tempfile.TemporaryDirectory() as folder:
        settings = config.load(
            _env_file=None, instance=Path(folder), engine="scripted", database_url="", redis_url=""
        )
        app = create_app(settings)
        if model is not None:
            home = embedding.MODEL.home(app.extensions["library"].folder)
            home.parent.mkdir(parents=True)
            home.symlink_to(model.resolve())
        with app.app_context():
            flask_migrate.upgrade()
            yield app
            Embedder.of(app).stop()
            db.session.remove()
            db.engine.dispose()


def measure(app: Flask, corpus: Path, chars: int) -> dict[str, Any]:
    user = accounts.sign_up("reader", "reader@example.org", "correct horse battery")
    questions = json.loads((corpus / "questions.json").read_text("utf-8"))
    files = [path for path in sorted(corpus.iterdir()) if path.suffix != ".json"]
    rows = [add(user, path.name, path.read_bytes()) for path in (*files, *sorted(OTHERS))]
    assert [row.name for row in rows if row.status != "ready"] == []
    ranks = [rank(user, rows, question) for question in questions]
    lost = [q["ask"] for q, at in zip(questions, ranks, strict=True) if at is None or at >= AMONG]
    right = len(questions) - len(lost)
    return {
        "asked": len(questions),
        "right": right,
        "share": right / len(questions),
        "first": ranks.count(0),
        "kinds": by_kind(questions, ranks),
        "lost": lost,
        "passages": sum(row.passage_count for row in rows),
        "large": large(user, questions, chars),
    }


def by_kind(questions: list[dict[str, str]], ranks: list[int | None]) -> dict[str, Any]:
    """Return how many of each kind were asked, found among the first, and first."""
    kinds: dict[str, list[int]] = {}
    for question, at in zip(questions, ranks, strict=True):
        counts = kinds.setdefault(question.get("kind", "own words"), [0, 0, 0])
        counts[0] += 1
        counts[1] += at is not None and at < AMONG
        counts[2] += at == 0
    return kinds


def add(user: User, name: str, raw: bytes) -> Document:
    """Read a document to its end, its vectors among it."""
    row = reading.add(user.id, name, lambda path: Path(path).write_bytes(raw))
    deadline = time.monotonic() + READING_SECONDS
    while is_unread(row) and time.monotonic() < deadline:
        hub.sleep(0.05)
    return row


def is_unread(row: Document) -> bool:
    db.session.rollback()
    db.session.refresh(row)
    if row.status in reading.UNREAD:
        return True
    lacking = db.text("SELECT count(*) FROM passages WHERE document_id = :id AND vector IS NULL")
    lacks = db.session.scalar(lacking, {"id": row.id})
    db.session.commit()
    return bool(lacks) and meaning.model_folder() is not None


def rank(user: User, rows: list[Document], question: dict[str, str]) -> int | None:
    """Return the place of the first passage that holds the answer, as a chat with all documents finds it."""
    found = search.fitting(user.id, rows, question["ask"], 8)
    for at, one in enumerate(found):
        said = " ".join(one.passage.text.split())
        if one.document.name == question["in"] and question["holds"] in said:
            return at
    return None


def large(user: User, questions: list[dict[str, str]], chars: int) -> dict[str, Any]:
    words = (SETS["kept"] / "lighthouse.txt").read_text("utf-8").split()
    text = " ".join(f"{words[n % len(words)]}{n if n % 17 == 0 else ''}" for n in range(chars // 6))
    ticks = Ticks()
    hub.sleep(IDLE_SECONDS)
    idle_ms = ticks.stop()
    ticks, began = Ticks(), time.monotonic()
    row = add(user, "large.txt", text[:chars].encode())
    seconds, reading_ms = time.monotonic() - began, ticks.stop()
    assert row.status == "ready", row.error
    ticks, spent = Ticks(), []
    for question in questions[:SEARCHES]:
        start = time.monotonic()
        search.search(user.id, question["ask"], 5)
        spent.append(time.monotonic() - start)
    return {
        "characters": row.char_count,
        "passages": row.passage_count,
        "reading_s": round(seconds, 1),
        "search_ms": round(1000 * statistics.median(spent), 1),
        "hub_idle_ms": idle_ms,
        "hub_reading_ms": reading_ms,
        "hub_searching_ms": ticks.stop(),
    }


if __name__ == "__main__":
    main()
