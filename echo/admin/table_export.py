"""The rows that a table shows as a CSV file, sent while they are read. Knows no one table.

Every download is a row of the audit trail; so is, as on the pages, each look into private words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from flask import Response, stream_with_context, url_for
from flask_admin import expose
from flask_login import current_user

from echo import csv_lines, hub
from echo.admin import keyset
from echo.admin.access import require_fresh_proof
from echo.admin.columns import On
from echo.clock import utc_now
from echo.errors import NotFound
from echo.extensions import db
from echo.languages import gettext
from echo.models import User
from echo.services import audit
from echo.services.audit import Act
from echo.services.storage import BATCH_CHARS

EXPORT_ROWS: Final = 100_000
BATCH_ROWS: Final = 500


class TableExport:
    """Mixin of the tables; their columns say which of them are exported, none of them a secret."""

    export_batch: ClassVar[int] = BATCH_ROWS

    name: str
    url: Any
    model: Any
    _asked: Any
    _order: Any
    _found: Any
    names_on: Any

    @property
    def export_limit(self) -> int:
        return EXPORT_ROWS

    @expose("/export/<export_type>/")
    def export(self, export_type: str) -> Any:
        """Send the rows that the list shows, in its order, after a fresh proof of who one is."""
        if export_type != "csv":
            raise NotFound(gettext("Tables are downloaded as CSV."))
        asked = self._asked()
        require_fresh_proof(
            url_for(".index_view", **asked.arguments)
        )  # a file is no page to stay on
        actor: User = current_user._get_current_object()
        query, _looked_at = self._found(asked)
        places = (On.CSV, On.WORDS) if actor.is_super_admin else (On.CSV,)
        columns = [name for place in places for name in self.names_on(place)]
        self._note(actor, asked, columns)
        lines = self._lines(query, self._order(asked), columns, actor)
        response = Response(stream_with_context(lines), mimetype="text/csv")
        name = f"echo-{self.model.__tablename__.replace('_', '-')}-{utc_now():%Y-%m-%d}.csv"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        response.headers["Cache-Control"] = "no-store"
        return response

    def _note(self, actor: User, asked: Any, columns: list[str]) -> None:
        """Write down what is taken; the values of filters may be personal and stay out."""
        said: dict[str, Any] = {
            "filters": ", ".join(flt.arg for flt, _value in asked.filters) or None,
            "searched": "yes" if asked.search else None,
            "with": ", ".join(name for name in self.names_on(On.WORDS) if name in columns) or None,
        }
        audit.record(Act.TABLE_DOWNLOADED, actor, target=self.model.__tablename__, **said)

    def _lines(self, query: Any, order: Any, columns: list[str], actor: User) -> Iterator[str]:
        yield csv_lines.heading(columns)
        left, cursor = EXPORT_ROWS, None
        while left > 0:
            most = min(self.export_batch, left)
            page = keyset.read(query, order, most, after=cursor, chars=BATCH_CHARS)
            if any(name in columns for name in self.names_on(On.WORDS)):
                self.note_looks(actor, page.rows)
            text = csv_lines.lines([getattr(row, name) for name in columns] for row in page.rows)
            db.session.commit()  # the connection goes back while the client reads
            yield text
            hub.sleep()
            if not page.has_after:
                return
            left, cursor = left - len(page.rows), order.key(page.rows[-1])

    def note_looks(self, actor: User, rows: list[Any]) -> None:
        """Write down whose words are given away; tables without private words need nothing."""
