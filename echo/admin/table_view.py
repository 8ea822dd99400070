"""The base of every table: list with search, filters, sort and pages, and one row's details.

It does not know any one table, changes nothing, and never trusts the address line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from flask import flash, request, url_for
from flask_admin import expose
from flask_admin.contrib.sqla import ModelView
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import InstrumentedAttribute, Query

from echo.admin import keyset
from echo.admin.bulk import BulkActs
from echo.admin.columns import Columns
from echo.admin.filters import TEXT_MAX, TableFilter, whole_id
from echo.admin.keyset import Order
from echo.admin.keyset import Page as RowPage
from echo.admin.pages import Page
from echo.admin.table_export import TableExport
from echo.errors import NotFound
from echo.extensions import db
from echo.languages import gettext, mark
from echo.services.searching import Budget
from echo.text import folded, storable

COUNTED: Final = 10_000  # counting stops here, so that a page costs the same in a large table
ULID_CHARS: Final = 26
SEARCH_SECONDS: Final = 3.0
MISSING: Final = mark("There is no such row, or it has been deleted.")
LOST: Final = mark("This address does not say where its page begins, so here is the first one.")


@dataclass(frozen=True)
class Asked:
    """What the address asks of a list, checked; `filters` are pairs of a filter and its value."""

    sort: int | None
    descending: bool
    search: str
    filters: tuple[tuple[TableFilter, str], ...]

    @property
    def arguments(self) -> dict[str, Any]:
        """Return the same as arguments of an address, so that other pages of the list have them too."""
        chosen: dict[str, Any] = {flt.arg: value for flt, value in self.filters}
        if self.search:
            chosen["search"] = self.search
        if self.sort is not None:
            chosen |= {"sort": self.sort, "desc": int(self.descending)}
        return chosen


class TableView(TableExport, BulkActs, Columns, Page, ModelView):
    """A read-only table; subclasses name columns, filters and what may be done besides."""

    routes: ClassVar[tuple[str, ...]] = ("index_view", "details_view")
    can_create = can_edit = can_delete = can_export = False
    can_view_details = True
    page_size = 50
    list_template = "admin/list.html"
    details_template = "admin/details.html"
    about: ClassVar[str] = ""
    column_sortable_list = ()  # Flask-Admin's own finds no column that sorts in place of another
    searched: ClassVar[tuple[InstrumentedAttribute[Any], ...]] = ()
    search_rows: ClassVar[int] = 50_000
    """No index finds words inside of texts: only so many of the newest rows are looked through."""
    newest: ClassVar[str] = ""
    """The column that tells a row's age, where the key does not."""

    def __init__(self, model: type[Any], name: str, endpoint: str) -> None:
        self.key: InstrumentedAttribute[Any] = getattr(
            model, inspect(model).primary_key[0].key or ""
        )
        super().__init__(model, db, name=name, endpoint=f"admin_{endpoint}", url=endpoint)

    def scaffold_form(self) -> None:
        """No form is made from the table's columns: each form is written, or there is none."""

    get_create_form = get_edit_form = get_list_form = scaffold_form

    def _validate_form_class(self, *_args: Any, **_kwargs: Any) -> None:
        """Nothing to check without a scaffolded form."""

    def get_filter_arg(self, _index: int, flt: TableFilter) -> str:
        return flt.arg

    @expose("/")
    def index_view(self) -> Any:
        """Show one page of the rows that the address asks for."""
        asked = self._asked()
        order = self._order(asked)
        query, looked_at = self._found(asked)
        where = self._where(order)
        page = keyset.read(query, order, self.page_size, **where)
        count = self._count(query, page)
        self.prepare(page.rows)
        return self.render(
            self.list_template,
            data=page.rows,
            count=count,
            looked_at=looked_at,
            asked=asked,
            moved=bool(where),
            ticked=set(request.args.getlist("tick")),
            list_columns=self._list_columns,
            filters=self._filters or [],
            filter_args={flt.arg: value for flt, value in asked.filters},
            get_value=self.get_list_value,
            get_pk_value=self.get_pk_value,
            sort_url=lambda place: self._sort_url(asked, place),
            **self._neighbours(asked, order, page),
        )

    def prepare(self, rows: list[Any]) -> None:
        """Do what is to be done before these rows are shown."""

    def _asked(self) -> Asked:
        sort = request.args.get("sort", "")
        place = sort.removesuffix("-")  # the choice above cards says column and direction in one
        return Asked(
            sort=int(place) if place in self.orders else None,
            descending=place != sort or request.args.get("desc") == "1",
            search=storable(request.args.get("search", "").strip())[:TEXT_MAX],
            filters=tuple(self._filters_asked()),
        )

    def _filters_asked(self) -> list[tuple[TableFilter, str]]:
        """Return the filters of the address that can be used; say why of the others."""
        found = []
        for flt in self._filters or []:
            value = request.args.get(flt.arg, "").strip()
            if value and flt.validate(value):
                found.append((flt, value))
            elif value:
                flash(_unusable(flt, value), "error")
        return found

    def _order(self, asked: Asked) -> Order:
        if asked.sort is None:
            columns, _joins, descending = next(iter(self._get_default_order()))
        else:
            names = self.sorting[self._list_columns[asked.sort][0]]
            columns = tuple(getattr(self.model, name) for name in names)
            descending = asked.descending
        several = columns if isinstance(columns, tuple) else (columns,)
        is_last = several[-1].key == self.key.key
        return Order(several if is_last else (*several, self.key), bool(descending))

    def is_sortable(self, name: str) -> bool:
        return name in self.sorting

    @property
    def orders(self) -> dict[str, str]:
        """The labels of the columns that sort, by their place as the address has it."""
        listed = enumerate(self._list_columns)
        return {str(place): label for place, (name, label) in listed if self.is_sortable(name)}

    def _found(self, asked: Asked) -> tuple[Query[Any], int | None]:
        """Return the rows that filters and search leave, and how many were searched; None: all of them."""
        query = self.all_rows()
        for flt, value in asked.filters:
            query = flt.apply(query, flt.clean(value))
        if not (asked.search and self.searched):
            return query, None
        budget = Budget(self.search_rows, SEARCH_SECONDS)
        found, is_cut = self._matching(query, folded(asked.search).split(), budget)
        return query.filter(self.key.in_(found)), budget.read if is_cut else None

    def all_rows(self) -> Query[Any]:
        """Return the rows that this table is about."""
        rows: Query[Any] = db.session.query(self.model)
        return rows

    def _matching(
        self, query: Query[Any], terms: list[str], budget: Budget
    ) -> tuple[list[Any], bool]:
        """Return the keys of the newest rows with every term, and whether older ones were not looked at."""
        order = [getattr(self.model, self.newest)] if self.newest else []
        rows = query.with_entities(*order, self.key, *self.searched).statement
        keys, found = len(order) + 1, []
        for row in budget.rows(rows, keys):
            texts = [folded(str(text)) for text in row[keys:] if text]
            if all(any(term in text for text in texts) for term in terms):
                found.append(row[keys - 1])
            if len(found) > COUNTED:
                return found, True
        return found, budget.is_cut

    def _where(self, order: Order) -> dict[str, Any]:
        """Return the cursor of the address as an argument of `keyset.read`."""
        for name in ("after", "before"):
            if text := request.args.get(name):
                try:
                    return {name: keyset.decode_cursor(text, order)}
                except ValueError:
                    flash(gettext(LOST), "error")
        return {}

    def _count(self, query: Query[Any], page: RowPage) -> int:
        """Return how many rows there are, but no more than `COUNTED` + 1."""
        if not (page.has_before or page.has_after):
            return len(page.rows)
        counted = query.order_by(None).with_entities(self.key).limit(COUNTED + 1).subquery()
        return db.session.scalar(select(func.count()).select_from(counted)) or 0

    def _sort_url(self, asked: Asked, place: int) -> str:
        """Return the address of the list sorted by a column; by the present one the other way round."""
        down = int(asked.sort == place and not asked.descending)
        return url_for(".index_view", **{**asked.arguments, "sort": place, "desc": down})

    def _neighbours(self, asked: Asked, order: Order, page: RowPage) -> dict[str, str | None]:
        def at(name: str, row: Any) -> str:
            cursor = keyset.encode_cursor(order.key(row))
            return url_for(".index_view", **{**asked.arguments, name: cursor})

        rows = page.rows
        return {
            "previous_url": at("before", rows[0]) if rows and page.has_before else None,
            "next_url": at("after", rows[-1]) if rows and page.has_after else None,
        }

    def list_url(self, view: str = ".index_view", asked: Asked | None = None, **more: Any) -> str:
        """Return the address of the page of the list that this request belongs to, or of an act on it."""
        place: dict[str, Any] = {
            name: request.args[name] for name in ("after", "before") if name in request.args
        }
        return url_for(view, **(asked or self._asked()).arguments, **place, **more)

    def get_one(self, id: Any) -> Any:
        """Return one row; raises NotFound also for ids that no row can have."""
        row = self.all_rows().filter(self.key == self.checked_id(str(id))).one_or_none()
        if row is None:
            raise NotFound(gettext(MISSING))
        return row

    def checked_id(self, value: str) -> int | str:
        """Return a key as the table has them; raises NotFound for one that no row can have."""
        if self.key.type.python_type is str:
            return storable(value)[:ULID_CHARS]
        try:
            return whole_id(value)
        except ValueError:
            raise NotFound(gettext(MISSING)) from None

    @property
    def counted(self) -> int:
        return COUNTED


def _unusable(flt: TableFilter, value: str) -> str:
    said = gettext(
        "“%(value)s” cannot be used for “%(filter)s”.", value=value[:40], filter=gettext(flt.name)
    )
    return f"{said} {flt.help_text}"
