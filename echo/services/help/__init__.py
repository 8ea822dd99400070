"""Echo knows itself: the table of what it can do, its search, and what of it a model is told.

`prompting` is for those who ask a model, `entries` and `browse` are for the page.
"""

from echo.services.help.browse import browse
from echo.services.help.context import LEAST_WINDOW, Prompting, prompting
from echo.services.help.facts import Facts
from echo.services.help.facts import of as facts_of
from echo.services.help.table import Entry, entries

__all__ = [
    "LEAST_WINDOW", "Entry", "Facts", "Prompting", "browse", "entries", "facts_of", "prompting",
]  # fmt: skip
