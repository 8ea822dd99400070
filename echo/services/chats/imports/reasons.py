"""Why a file, or a chat in it, is not taken.

The process that takes files apart knows no reader and says it in English; `said` and `named` say it in the
reader's language.
"""

from __future__ import annotations

from typing import Final

from echo import languages
from echo.languages import mark

NO_EXPORT: Final = mark(
    "This is no export that Echo knows. It takes ChatGPT's conversations.json, Open WebUI's chat export "
    "and Echo's own, each as JSON or in the ZIP in which it came."
)
TOO_LARGE: Final = mark("Unpacked it is larger than %(most)s MB.")
TOO_DEEP: Final = mark("This file is too large or too deeply nested.")
NO_ZIP: Final = mark("This ZIP cannot be opened.")
MANY_CHATS: Final = mark("This file holds more than %(most)s chats.")
MANY_FILES: Final = mark("This ZIP holds more than %(most)s files.")

NO_MORE: Final = mark("An import takes at most %(chats)s chats with %(messages)s messages.")
LIKE_ABOVE: Final = mark("For reasons like those above.")
NO_FORM: Final = mark("It is in no form that Echo knows.")
NO_JSON: Final = mark("It is no JSON that can be read.")
NOT_CHATGPT: Final = mark("Its messages are not in the form of ChatGPT's export.")
NOT_OPEN_WEBUI: Final = mark("Its messages are not in the form of Open WebUI's export.")
NOT_OURS: Final = mark("Its messages are not in the form of Echo's export.")
MANY_MESSAGES: Final = mark("It has more than %(most)s messages.")
SILENT: Final = mark("Nothing is said in it.")
CIRCLE: Final = mark("Its messages go round in a circle.")
TOO_LONG: Final = mark("It is too long: a message has at most %(most)s characters.")

REASONS: Final = (
    NO_EXPORT, TOO_LARGE, TOO_DEEP, NO_ZIP, MANY_CHATS, MANY_FILES, NO_MORE, LIKE_ABOVE, NO_FORM, NO_JSON,
    NOT_CHATGPT, NOT_OPEN_WEBUI, NOT_OURS, MANY_MESSAGES, SILENT, CIRCLE, TOO_LONG,
)  # fmt: skip


UNNAMED: Final = mark("Chat %(number)s")
MORE: Final = mark("… and %(count)s more")


def said(reason: str) -> str:
    """Return a reason in the reader's language."""
    return languages.said(reason, REASONS)


def named(title: str) -> str:
    """Return the title of a chat that is left out; one that we have given it, in the reader's language."""
    return languages.said(title, (UNNAMED, MORE))
