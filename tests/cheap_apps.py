"""What every application works out anew and the applications of one test process may share.

Nearly every test makes an application of its own. Compiling a hundred routes, the templates it shows and the
statements it sends took two thirds of a test's time. Each is a pure function of the source, so that sharing
it changes no behaviour. Knows no test and nothing of what an application does.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from functools import cache
from pathlib import Path
from types import MethodType
from typing import Any, ClassVar

from flask import Flask
from flask_admin.contrib.sqla import ModelView
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Map, MapAdapter, Rule, RuleFactory

from analytics import wire
from echo import extensions, languages
from echo.admin.chart_worker import ChartWorker
from echo.extensions import db


class SharedMap(Map):
    """Routes that are compiled when the first is looked for, once for all applications that have the same."""

    _known: ClassVar[dict[tuple[object, ...], Map]] = {}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._added: list[Rule] = []
        self._settled: Map | None = None

    def add(self, rulefactory: RuleFactory) -> None:
        self._added.extend(rulefactory.get_rules(self))
        self._settled = None

    def settled(self) -> Map:
        """Return the map of all that was added; others may have the same, and nobody changes it."""
        if self._settled is None:
            told = (self.host_matching, *self.converters.items(), *map(_told, self._added))
            if told not in self._known:
                self._known[told] = self._compiled()
            self._settled = self._known[told]
        return self._settled

    def _compiled(self) -> Map:
        made = Map(host_matching=self.host_matching, converters=self.converters)
        for rule in self._added:
            made.add(copy(rule))  # what is bound belongs to one map
        return made

    def bind(self, *args: Any, **options: Any) -> MapAdapter:
        return self.settled().bind(*args, **options)

    def bind_to_environ(self, *args: Any, **options: Any) -> MapAdapter:
        return self.settled().bind_to_environ(*args, **options)

    def iter_rules(self, endpoint: Any = None) -> Iterable[Rule]:
        return self.settled().iter_rules(endpoint)

    def is_endpoint_expecting(self, endpoint: Any, *arguments: str) -> bool:
        return self.settled().is_endpoint_expecting(endpoint, *arguments)


def _told(rule: Rule) -> tuple[object, ...]:
    """Return all that a route was made of."""
    sets = (frozenset(rule.methods or ()), frozenset((rule.defaults or {}).items()))
    return (
        rule.rule, rule.endpoint, *sets, rule.subdomain, rule.host, rule.strict_slashes,
        rule.merge_slashes, rule.build_only, rule.redirect_to, rule.alias, rule.websocket,
        getattr(rule, "provide_automatic_options", None),
    )  # fmt: skip


def _laid_out(view: ModelView, *args: Any, **options: Any) -> None:
    """Lay out an administrators' table as the first of its class: looking through its model takes long."""
    kind = type(view)
    if kind not in _layouts:
        _lay_out(view, *args, **options)
        _layouts[kind] = _of_another(vars(view), view, NOBODY)
    vars(view).update(_of_another(_layouts[kind], NOBODY, view))


_lay_out = ModelView.__init__
_layouts: dict[type[ModelView], dict[str, Any]] = {}
NOBODY = object()


def _of_another(value: Any, one: object, other: object) -> Any:
    """Return a copy in which the methods of one view are another's."""
    if isinstance(value, MethodType) and value.__self__ is one:
        return MethodType(value.__func__, other)
    if type(value) is dict:
        return {name: _of_another(each, one, other) for name, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_of_another(each, one, other) for each in value)
    return value


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
    """Once a process: routes and tables that are shared, databases that need not outlive a loss of power."""
    Flask.url_map_class = SharedMap
    ModelView.__init__ = _laid_out  # type: ignore[method-assign]
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
