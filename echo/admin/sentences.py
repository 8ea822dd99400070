"""Acts of the audit trail as plain sentences. Knows no rows beside those that it is given."""

from __future__ import annotations

from typing import Any, Final

from flask import url_for
from markupsafe import Markup, escape

from echo.models import AuditEvent
from echo.services.audit import Act

SENTENCES: Final = {
    # who and whom are links to the accounts; the other words come from the row's detail
    Act.USER_CREATED: "{who} made the account of {whom} as {role}",
    Act.USER_EDITED: "{who} changed {fields} of {whom}",
    Act.USER_ROLE_GIVEN: "{who} gave {whom} the role {role}",
    Act.USER_SWITCHED_OFF: "{who} switched off the account of {whom}",
    Act.USER_SWITCHED_ON: "{who} switched on the account of {whom}",
    Act.USER_DELETED: "{who} deleted the account of {whom}",
    Act.USER_SIGNED_OUT: "{who} signed {whom} out everywhere",
    Act.USER_UNLOCKED: "{who} unlocked the sign-in of {whom}",
    Act.USER_RESET_LINK_MADE: "{who} made a link for a new password of {whom}",
    Act.USER_EXPORTED: "{who} downloaded the data of {whom}",
    Act.DEVICE_REVOKED: "{who} signed {whom} out on one device",
    Act.ROLE_EDITED: "{who} changed a role",
    Act.KEY_MADE: "{who} made an API key for {whom}",
    Act.KEY_REVOKED: "{who} revoked an API key of {whom}",
    Act.INVITE_MADE: "{who} made an invitation",
    Act.INVITE_REVOKED: "{who} withdrew an invitation",
    Act.PICTURE_MADE: "{who} gave {whom} a picture",
    Act.PICTURE_DELETED: "{who} deleted the picture of {whom}",
    Act.SHARE_REVOKED: "{who} ended a link to a shared chat of {whom}",
    Act.PROMPT_SHARED: "{who} shared a prompt",
    Act.PROMPT_CHANGED: "{who} changed a shared prompt",
    Act.PROMPT_REMOVED: "{who} deleted a shared prompt",
    Act.CONVERSATION_OPENED: "{who} opened a conversation of {whom}",
    Act.MESSAGE_OPENED: "{who} opened a message of {whom}",
    Act.MESSAGES_LISTED: "{who} saw {whom} in a list of {target}",
    Act.FEEDBACK_ANSWERED: "{who} answered the feedback of {whom}",
    Act.FEEDBACK_TRIAGED: "{who} marked feedback of {whom} as seen",
    Act.SETTINGS_CHANGED: "{who} changed the settings",
    Act.MODEL_ADDED: "{who} added a model",
    Act.MODEL_REMOVED: "{who} removed a model",
    Act.MODEL_LOADED: "{who} loaded a model",
    Act.MODEL_UNLOADED: "{who} unloaded a model",
    Act.MODEL_MADE_DEFAULT: "{who} chose the default model",
    Act.MODEL_CHANGED: "{who} changed what holds for a model",
    Act.RATINGS_LEARNED: "{who} trained a model with answers that people allow",
    Act.BACKUP_TAKEN: "{who} took a backup",
    Act.USER_FACTORS_REMOVED: "{who} removed the second factors of {whom}",
    Act.BACKUP_RESTORED: "{who} put a backup back",
    Act.PICTURES_DOWNLOADED: "{who} downloaded pictures",
    Act.TABLE_DOWNLOADED: "{who} downloaded a table",
    Act.TRAIL_VERIFIED: "{who} verified this trail",
}
LABELS: Final = {act: act.replace(".", ": ", 1).replace("_", " ").capitalize() for act in SENTENCES}
COMMAND_LINE: Final = "The command line"
TOLD_ALREADY: Final = ("role",)
"""Details that the sentence holds; the others stand in a column of their own."""


def sentence(row: AuditEvent, names: dict[int, str]) -> Markup:
    """Return what happened, in words."""
    pattern = SENTENCES.get(Act(row.act)) if row.act in LABELS else None
    if pattern is None:  # a row that a newer Echo wrote, or somebody by hand
        pattern = "{who}: {act}"
    return Markup(pattern).format(
        who=person(row.actor_id, names, COMMAND_LINE),
        whom=person(row.subject_id, names, "somebody"),
        role=_plain(row.detail.get("role", "?")),
        fields=" and ".join(map(_plain, row.detail)) or "something",
        target=row.target,
        act=row.act,
    )


def person(user_id: int | None, names: dict[int, str], nobody: str) -> Any:
    """Return an account's name as a link to it; of a deleted one only the number is left."""
    if user_id is None:
        return nobody
    if user_id not in names:
        return f"account {user_id} (deleted)"
    url = url_for("admin_users.details_view", id=user_id)
    return Markup('<a href="{}">{}</a>').format(url, names[user_id])


def detail(row: AuditEvent) -> Any:
    """Return what changed, such as "daily messages: 50 → no limit"."""
    said = [
        f"{_plain(name)}: {_change(value)}"
        for name, value in row.detail.items()
        if value is not None
        and not (name in TOLD_ALREADY or (row.act == Act.USER_EDITED and value == "changed"))
    ]
    return escape("; ".join(said))


def _change(value: Any) -> str:
    if isinstance(value, list):
        return " → ".join("none" if part is None else _plain(part) for part in value)
    return _plain(value)


def _plain(value: Any) -> str:
    return str(value).replace("_", " ")
