"""Prompts as the application writes them: who Echo is before the system prompt, its help beside a question.

So a model learns and is judged as people get it. Knows no model and no answers.
"""

from functools import cache

from echo.config import Settings
from echo.policies import RoleName
from echo.services import help
from echo.services.help.table import entries
from echo.services.site_settings import SiteSettings
from training.corpus import Message
from training.small.config import SYSTEM_PROMPT

WINDOW = 4096  # tokens that the model reads


@cache
def _told() -> help.Prompting:
    """What a user of a site with nothing set is told."""
    return help.prompting(Settings(_env_file=None), SiteSettings(), RoleName.USER, WINDOW)


def entry_lines() -> dict[str, str]:
    """Every entry of the help by its id, as one line of a prompt."""
    return {entry.id: f"{entry.title}: {entry.said(_told().facts)}" for entry in entries()}


def filled(text: str) -> str:
    """A text with the facts of such a site in place of their names, as `{message_chars}`."""
    for name, fact in _told().facts.words.items():
        text = text.replace(f"{{{name}}}", fact)
    return text


FULL_PROMPT = _told().system_prompt(SYSTEM_PROMPT)


def as_read(message: Message, system: str) -> Message:
    """A message as the model reads it: a user's question with the help that fits, where Echo is explained."""
    has_help = message["content"].startswith("<help>\n")
    if message["role"] != "user" or system != FULL_PROMPT or has_help:
        return message
    return {"role": "user", "content": _told().question(message["content"])}
