"""What every application works out anew and the applications of one test process may share.

Nearly every test makes an application of its own. Compiling a hundred routes, the templates it shows and the
statements it sends took two thirds of a test's time. Each is a pure function of the source, so that sharing
it changes no behaviour. Knows no test and nothing of what an application does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

from analytics import wire
from echo import extensions, languages
from echo.admin.chart_worker import ChartWorker
from echo.extensions import db

Builder = Callable[..., tuple[str, str]]


class LateRule(Rule):
    """A route that compiles what builds its address when the first address is asked for."""

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        compiled: list[Builder] = []
        compile_now = super()._compile_builder

        def build(rule: Rule, **values: object) -> tuple[str, str]:
            if not compiled:
                compiled.append(compile_now(append_unknown))
            return compiled[0](rule, **values)

        return build


class Templates(BytecodeCache):
    """Compiled templates; Jinja compares each one's source with the file before it takes it."""

    def __init__(self) -> None:
        self.known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.known:
            bucket.bytecode_from_string(self.known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.known[bucket.key] = bucket.bytecode_to_string()


templates = Templates()
statements: dict[Any, Any] = {}
dialects: dict[str, Any] = {}


class SharedDrawing(ChartWorker):
    """One drawing process for many applications; a report of the same rows is the same, and takes seconds."""

    def __init__(self, folder: Path, patience: float) -> None:
        super().__init__(folder, patience)
        self._reports: dict[bytes, wire.Frame] = {}

    def ask(self, header: dict[str, Any]) -> wire.Frame:
        if header["act"] != "report":
            return super().ask(header)
        request = wire.encode(header)
        if request not in self._reports:
            self._reports[request] = super().ask(header)
        return self._reports[request]


def prepare() -> None:
    """Once a process: late routes, and databases that nobody needs after the machine has lost its power."""
    Flask.url_rule_class = LateRule
    extensions.SQLITE_PRAGMAS = (*extensions.SQLITE_PRAGMAS, "PRAGMA synchronous=OFF")


def share(app: Flask) -> None:
    """Let an application on SQLite use what earlier ones have compiled."""
    app.jinja_env.bytecode_cache = templates
    with app.app_context():
        engine = db.engine
    if engine.dialect.name not in dialects:
        engine.connect().close()  # a dialect knows its database from its own engine's first connection on
    # a compiled statement belongs to a dialect; those of one kind of database are all alike
    engine.dialect = dialects.setdefault(engine.dialect.name, engine.dialect)
    engine.update_execution_options(compiled_cache=statements)


@cache
def bare() -> Flask:
    """Return an application with nothing but English, in whose requests bodies are read."""
    app = Flask("bare")
    languages.init_app(app)
    return app
