"""The base of every table: list with search, filters, sort and pages, and one row's details.

It does not know any one table, changes nothing, and never trusts the address line.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from flask import flash, request
from flask_admin.contrib.sqla import ModelView
from flask_admin.model.base import ViewArgs
from sqlalchemy import func, select

from echo.admin.filters import TEXT_MAX, TableFilter, whole_id
from echo.admin.pages import Page
from echo.errors import NotFound
from echo.extensions import db
from echo.text import storable

COUNTED: Final = 10_000  # counting stops here, so that a page costs the same in a large table
ULID_CHARS: Final = 26


class TableView(Page, ModelView):
    """A read-only table; subclasses name columns, filters and what may be done besides."""

    routes: ClassVar[tuple[str, ...]] = ("index_view", "details_view")
    can_create = can_edit = can_delete = can_export = False
    can_view_details = True
    page_size = 50
    simple_list_pager = True
    list_template = "admin/list.html"
    details_template = "admin/details.html"
    about: ClassVar[str] = ""
    blocks: ClassVar[tuple[str, ...]] = ()
    """Columns whose text is long and keeps its line breaks in the details."""

    def __init__(self, model: type[Any], name: str, endpoint: str) -> None:
        super().__init__(model, db, name=name, endpoint=f"admin_{endpoint}", url=endpoint)

    def scaffold_form(self) -> None:
        """No form is made from the table's columns: each form is written, or there is none."""

    get_create_form = get_edit_form = get_list_form = scaffold_form

    def _validate_form_class(self, *_args: Any, **_kwargs: Any) -> None:
        """Nothing to check without a scaffolded form."""

    def get_filter_arg(self, _index: int, flt: TableFilter) -> str:
        return flt.arg

    def _get_list_filter_args(self) -> list[tuple[int, str, str]]:
        """Return the filters of the address that can be used; say why of the others."""
        found = []
        for index, flt in enumerate(self._filters or []):
            value = request.args.get(flt.arg, "").strip()
            if value and flt.validate(value):
                found.append((index, flt.name, value))
            elif value:
                flash(f"“{value[:40]}” cannot be used for “{flt.name}”. {flt.help_text}", "error")
        return found

    def _get_filters(self, filters: list[tuple[int, str, str]] | None) -> dict[str, str]:
        return {self._filters[index].arg: value for index, _name, value in filters or []}

    def _get_list_extra_args(self) -> ViewArgs:
        """Return page, sort, search and filters; whatever else the address holds is dropped."""
        last_page = COUNTED // self.page_size
        return ViewArgs(
            page=min(max(request.args.get("page", 0, type=int), 0), last_page),
            sort=request.args.get("sort", None, type=int),
            sort_desc=request.args.get("desc", None, type=int),
            search=storable(request.args.get("search", "").strip())[:TEXT_MAX] or None,
            filters=self._get_list_filter_args(),
            extra_args={},
        )

    def get_list(
        self,
        page: int | None,
        sort_column: str | None,
        sort_desc: bool,
        search: str | None,
        filters: Any,
        execute: bool = True,
        page_size: int | None = None,
    ) -> tuple[int, list[Any]]:
        """Return how many rows there are (no more than `COUNTED` + 1) and one page of them."""
        _none, query = super().get_list(
            None, sort_column, sort_desc, search, filters, execute=False, page_size=0
        )
        counted = query.order_by(None).with_entities(self.model.id).limit(COUNTED + 1).subquery()
        count = db.session.scalar(select(func.count()).select_from(counted)) or 0
        first = (page or 0) * self.page_size
        return count, query.offset(first).limit(self.page_size).all()

    def get_one(self, id: Any) -> Any:
        """Return one row; raises NotFound also for ids that no row can have."""
        row = db.session.get(self.model, self._checked_id(str(id)))
        if row is None:
            raise NotFound("There is no such row, or it has been deleted.")
        return row

    def _checked_id(self, value: str) -> int | str:
        if self.model.__table__.c.id.type.python_type is str:
            return storable(value)[:ULID_CHARS]
        try:
            return whole_id(value)
        except ValueError:
            raise NotFound("There is no such row, or it has been deleted.") from None

    @property
    def counted(self) -> int:
        return COUNTED
