"""The help as a model reads it: who Echo is, and the entries that fit a question. Knows no model and no rows.

What is written here is never stored: it is made anew for every prompt, from the same text in the same way, so
that the next turn's prompt begins with the same tokens and their keys and values are found in the cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from echo.config import Settings
from echo.policies import RoleName
from echo.services.help import facts, search
from echo.services.help.facts import Facts
from echo.services.help.table import Entry
from echo.services.site_settings import SiteSettings
from echo.text import untagged

IDENTITY: Final = (
    "You are Echo, the assistant of the chat application Echo {version}. {where} The people who run this "
    "server keep the data. You cannot open pictures or web pages, see other chats, know the time, or click "
    "anything. A note in <help> comes from Echo's own help: if the question is about Echo, answer from it."
)
BLOCK: Final = "<help>\n{lines}\n</help>\n{question}"
BLOCK_CHARS: Final = 380
"""About 90 tokens (of small vocabularies 115): what the entries beside a question may have together."""
LEAST_WINDOW: Final = 2048
"""A model that reads less than this has no room beside the conversation, and is too small to read it."""


@dataclass(frozen=True)
class Prompting:
    """What the model of one person's prompts is told beside the person's own words."""

    role: RoleName | None
    facts: Facts
    is_on: bool = True
    is_shown: bool = True
    """Whether its reader sees what the help says, also beside a model that reads too little to be told."""

    def system_prompt(self, own: str) -> str:
        """Return who Echo is, the same for everybody, and after it the site's or conversation's words."""
        if not self.is_on:
            return own
        identity = IDENTITY.format_map(self.facts.words)
        return "\n\n".join(filter(None, (identity, self.plain(own))))

    def plain(self, text: str) -> str:
        """Return what a person wrote as the model reads it: no note of the help."""
        return untagged(text, "help") if self.is_on else text

    def found(self, text: str) -> list[Entry]:
        """Return the entries that a question is about; none to an ordinary one."""
        return search.find(text, self.role) if self.is_shown else []

    def question(self, text: str) -> str:
        """Return a question as the model reads it: with the entries that it is about, if there are any."""
        if not self.is_on:
            return text
        lines = _lines(search.find(text, self.role), self.facts)
        plain = self.plain(text)
        return BLOCK.format(lines="\n".join(lines), question=plain) if lines else plain


def prompting(
    settings: Settings, site: SiteSettings, role: RoleName | None, window: int, wanted: bool = True
) -> Prompting:
    """Return what holds for a model with a window of so many tokens; `wanted`: the model's own switch."""
    is_shown = wanted and site.help == "on"
    is_on = is_shown and window >= LEAST_WINDOW
    return Prompting(role, facts.of(settings, site), is_on, is_shown)


def _lines(found: list[Entry], facts: Facts) -> list[str]:
    """Return one line for each entry, as many as there is room for; the first always."""
    lines: list[str] = []
    for entry in found:
        line = f"{entry.title}: {entry.said(facts)}"
        if lines and sum(map(len, lines)) + len(line) > BLOCK_CHARS:
            break
        lines.append(line)
    return lines
