"""Echo knows itself: the table of what it can do, its search, and what of it a model is told.

`prompting` is for those who ask a model; `entries`, `browse` and what says them in the reader's language
are for the page.
"""

from echo.services.help.context import LEAST_WINDOW, Prompting, prompting
from echo.services.help.facts import Facts
from echo.services.help.facts import of as facts_of
from echo.services.help.table import Entry, entries
from echo.services.help.translated import browse, entry_here, facts_here, told_here

__all__ = [
    "LEAST_WINDOW", "Entry", "Facts", "Prompting", "browse", "entries", "entry_here", "facts_here",
    "facts_of", "prompting", "told_here",
]  # fmt: skip
