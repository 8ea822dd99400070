"""Stored values in the reader's words: roles, states, what the audit trail names. Knows no table."""

from __future__ import annotations

from typing import Any, Final

from echo.languages import gettext, mark
from echo.models import FeedbackState, MessageStatus, RoleName

KNOWN: Final = frozenset(
    {
        # roles, and who said something
        mark("user"), mark("analyst"), mark("admin"), mark("super admin"), mark("assistant"),
        # states of messages and of feedback
        mark("queued"), mark("streaming"), mark("complete"), mark("stopped"), mark("interrupted"),
        mark("failed"), mark("new"), mark("seen"), mark("answered"),
        # what feedback is about
        mark("answers"), mark("speed"), mark("design"), mark("bug"), mark("idea"), mark("other"),
        # what the details of the audit trail are of, and what they say
        mark("username"), mark("email"), mark("before"), mark("description"), mark("daily messages"),
        mark("daily tokens"), mark("max uses"), mark("days"), mark("scopes"), mark("kind"),
        mark("source"), mark("chats"), mark("people"), mark("filters"), mark("searched"),
        mark("with"), mark("rows"), mark("broken at"), mark("sessions ended"), mark("least role"),
        mark("help"), mark("titles"), mark("tools"), mark("contributors"), mark("sharing"),
        mark("signup mode"), mark("retention days"), mark("banner"), mark("system prompt"),
        mark("sampling"), mark("context length"), mark("template"), mark("temperature"),
        mark("top p"), mark("top k"), mark("repetition penalty"), mark("max new tokens"),
        mark("changed"), mark("reset"), mark("yes"), mark("on"), mark("off"), mark("open"),
        mark("invite"), mark("closed"), mark("public"), mark("whole"), mark("adapter"),
        mark("a path of this machine"),
        # tables
        mark("conversations"), mark("messages"), mark("shares"),
    }
)  # fmt: skip
"""What is said in other languages too; anything else may be somebody's own word, and stays as it is."""
ROLES: Final = {
    RoleName.USER: mark("User"),
    RoleName.ANALYST: mark("Analyst"),
    RoleName.ADMIN: mark("Admin"),
    RoleName.SUPER_ADMIN: mark("Super admin"),
}
FEEDBACK_STATES: Final = {
    FeedbackState.NEW: mark("New"),
    FeedbackState.SEEN: mark("Seen"),
    FeedbackState.ANSWERED: mark("Answered"),
}
MESSAGE_STATES: Final = {
    MessageStatus.QUEUED: mark("Queued"),
    MessageStatus.STREAMING: mark("Streaming"),
    MessageStatus.COMPLETE: mark("Complete"),
    MessageStatus.STOPPED: mark("Stopped"),
    MessageStatus.INTERRUPTED: mark("Interrupted"),
    MessageStatus.FAILED: mark("Failed"),
}


def plain(value: Any) -> str:
    """Return a stored value in words, such as "super admin"."""
    text = str(value).replace("_", " ")
    return gettext(text) if text in KNOWN else text


def choices(labels: dict[Any, str]) -> list[tuple[str, str]]:
    """Return a table of labels as a form offers them, in the reader's language."""
    return [(str(value), gettext(label)) for value, label in labels.items()]
