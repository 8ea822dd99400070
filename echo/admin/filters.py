"""Filters of the tables: one address argument each, checked before it reaches the database.

They do not know which table they narrow.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, ClassVar, Final

from flask_admin.contrib.sqla.filters import BaseSQLAFilter
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from echo.clock import midnight
from echo.extensions import db
from echo.languages import gettext, mark, number
from echo.text import storable

ID_MAX: Final = 2**63 - 1
TEXT_MAX: Final = 200
EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2199, 12, 31)


def whole_id(value: str) -> int:
    """Return the id that `value` spells; raises ValueError for anything that no database can hold."""
    value = value.strip()
    if not (value.isascii() and value.isdigit() and len(value) <= len(str(ID_MAX))):
        raise ValueError("not an id")
    if not 1 <= int(value) <= ID_MAX:
        raise ValueError("out of range")
    return int(value)


class TableFilter(BaseSQLAFilter):
    """A filter that appears in the address as `arg`; its name and its choices' labels are `mark`ed."""

    input_type: ClassVar[str] = "text"

    def __init__(
        self,
        column: InstrumentedAttribute[Any],
        name: str,
        arg: str,
        choices: list[tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(column, name, options=choices)
        self.arg = arg
        self.choices = choices

    @property
    def help_text(self) -> str:
        """Say what it takes."""
        return gettext("Use at most %(count)s characters.", count=number(TEXT_MAX))

    def operation(self) -> str:
        return ""

    def clean(self, value: str) -> Any:
        if len(value) > TEXT_MAX:
            raise ValueError("too long")
        return storable(value.strip())

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        return query.filter(self.get_column(alias) == value)


class IdIs(TableFilter):
    """One number of a row."""

    input_type = "number"

    @property
    def help_text(self) -> str:
        return gettext("Enter a whole number from 1 to %(most)s.", most=number(ID_MAX))

    def clean(self, value: str) -> int:
        return whole_id(value)


class TextIs(TableFilter):
    """One exact text, for instance an id made of letters."""


class ChoiceIs(TableFilter):
    """One of a few values."""

    input_type = "select"

    @property
    def help_text(self) -> str:
        return gettext("Choose one of the list.")

    def clean(self, value: str) -> str:
        if value not in dict(self.choices or []):
            raise ValueError("no such choice")
        return value


class WholeChoiceIs(ChoiceIs):
    """One of a few whole numbers."""

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        return query.filter(self.get_column(alias) == int(value))


class IsThere(ChoiceIs):
    """Whether a column holds anything."""

    def __init__(self, column: InstrumentedAttribute[Any], name: str, arg: str) -> None:
        super().__init__(column, name, arg, [("1", mark("Yes")), ("0", mark("No"))])

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        column = self.get_column(alias)
        return query.filter(column.is_not(None) if value == "1" else column.is_(None))


FEW: Final = 1_000


def few(query: Any, key: InstrumentedAttribute[Any], condition: Any) -> Any:
    """Narrow a query by a condition that an index serves and that few rows meet, in any order.

    Few rows are named by their keys. A database that does not know how few they are would else walk
    through the whole table in the order of the sort.
    """
    found = list(db.session.scalars(select(key).where(condition).limit(FEW + 1)))
    return query.filter(condition if len(found) > FEW else key.in_(found))


class IsTrue(ChoiceIs):
    """Yes or no."""

    def __init__(self, column: InstrumentedAttribute[Any], name: str, arg: str) -> None:
        super().__init__(column, name, arg, [("1", mark("Yes")), ("0", mark("No"))])

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        return query.filter(self.get_column(alias).is_(value == "1"))


class FromDay(TableFilter):
    """From the beginning of a UTC day on."""

    input_type = "date"

    @property
    def help_text(self) -> str:
        return gettext(
            "Enter a day as YYYY-MM-DD, from %(first)s to %(last)s.", first=EARLIEST, last=LATEST
        )

    def clean(self, value: str) -> date:
        day = date.fromisoformat(value.strip())
        if not EARLIEST <= day <= LATEST:
            raise ValueError("absurd day")
        return day

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        return query.filter(self.get_column(alias) >= midnight(value))


class UntilDay(FromDay):
    """Until the end of a UTC day."""

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        return query.filter(self.get_column(alias) < midnight(value + timedelta(days=1)))


def days(
    column: InstrumentedAttribute[Any], first: str = mark("From"), last: str = mark("Until")
) -> tuple[TableFilter, TableFilter]:
    """Return both ends of a range of days."""
    return FromDay(column, first, "from"), UntilDay(column, last, "until")
