"""Acts on the ticked rows of a table: asked about on a page of their own, then done one by one.

A row that is gone or may not be touched is left and counted; the others are done. Knows no one act.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar, Final, NamedTuple

from flask import flash, redirect, request
from flask_admin import expose
from flask_login import current_user
from werkzeug.wrappers import Response

from echo.errors import EchoError, InvalidInput
from echo.languages import gettext
from echo.models import User

ROWS_MAX: Final = 200
TICKS_KEPT: Final = 50
"""So many rows a page has; an address holds no more."""
REASONS_SHOWN: Final = 3


class BulkAct(NamedTuple):
    """One act: its button, the question before it, what is said after it (all `mark`ed), what does it."""

    label: str
    question: str
    done: str
    act: Callable[[User, Any], object]
    is_harsh: bool = False


class BulkActs:
    """Mixin of the tables; `bulk_acts` holds them by the name that the form sends."""

    bulk_acts: ClassVar[dict[str, BulkAct]] = {}

    checked_id: Any
    all_rows: Any
    list_url: Any
    render: Any
    model: Any
    key: Any

    @expose("/action/", methods=("POST",))
    def action_view(self) -> Any:
        """Ask whether the act is meant, and do it once that was said."""
        name = request.form.get("action", "")
        ids = list(dict.fromkeys(request.form.getlist("rowid")))
        if name not in self.bulk_acts:
            raise InvalidInput(gettext("Choose what is to be done with these rows."))
        if not ids:
            flash(gettext("Tick the rows first."), "error")
            return redirect(self.list_url())
        if len(ids) > ROWS_MAX:
            raise InvalidInput(
                gettext("At most %(count)s rows can be chosen at once.", count=ROWS_MAX)
            )
        if request.form.get("confirmed") != "yes":
            return self._ask(name, ids)
        return self._do(self.bulk_acts[name], ids)

    def page_before(self, view: str) -> str | None:
        """Return the list with its ticks, for who will not prove who they are before an act on rows."""
        if view != "action_view":
            return None
        ticked = request.form.getlist("rowid")[:TICKS_KEPT]
        return str(self.list_url(tick=ticked))

    def _ask(self, name: str, ids: list[str]) -> Any:
        keys = [key for key in map(self._key_or_none, ids) if key is not None]
        rows = self.all_rows().filter(self.key.in_(keys)).order_by(self.key).all()
        return self.render(
            "admin/bulk.html",
            name=name,
            bulk=self.bulk_acts[name],
            rows=rows,
            asked_for=len(ids),
            here=self.list_url(".action_view"),
            back=self.list_url(tick=[str(getattr(row, self.key.key)) for row in rows]),
        )

    def _key_or_none(self, value: str) -> Any:
        try:
            return self.checked_id(value)
        except EchoError:
            return None

    def _do(self, bulk: BulkAct, ids: list[str]) -> Response:
        done, left = 0, Counter[str]()
        for value in ids:
            try:
                bulk.act(current_user, self.checked_id(value))
                done += 1
            except EchoError as error:
                left[error.text] += 1
        if done:
            flash(f"{gettext(bulk.done)}: {done}.", "success")
        for text, count in left.most_common(REASONS_SHOWN):
            left_out = gettext("Left as they were: %(count)s.", count=count)
            flash(f"{left_out} {text}", "error")
        return redirect(self.list_url())

    def row_title(self, row: Any) -> str:
        """Return what a row is called on the page that asks."""
        return str(getattr(row, self.key.key))
