"""Acts of the audit trail as plain sentences. Knows no rows beside those that it is given."""

from __future__ import annotations

from typing import Any, Final

from flask import url_for
from markupsafe import Markup, escape

from echo.admin.words import plain
from echo.languages import gettext, mark
from echo.models import AuditEvent
from echo.services.audit import Act

SENTENCES: Final = {
    # who and whom are links to the accounts; the other words come from the row's detail
    Act.USER_CREATED: mark("{who} made the account of {whom} as {role}"),
    Act.USER_EDITED: mark("{who} changed {fields} of {whom}"),
    Act.USER_ROLE_GIVEN: mark("{who} gave {whom} the role {role}"),
    Act.USER_SWITCHED_OFF: mark("{who} switched off the account of {whom}"),
    Act.USER_SWITCHED_ON: mark("{who} switched on the account of {whom}"),
    Act.USER_DELETED: mark("{who} deleted the account of {whom}"),
    Act.USER_SIGNED_OUT: mark("{who} signed {whom} out everywhere"),
    Act.USER_UNLOCKED: mark("{who} unlocked the sign-in of {whom}"),
    Act.USER_RESET_LINK_MADE: mark("{who} made a link for a new password of {whom}"),
    Act.USER_EXPORTED: mark("{who} downloaded the data of {whom}"),
    Act.DEVICE_REVOKED: mark("{who} signed {whom} out on one device"),
    Act.ROLE_EDITED: mark("{who} changed a role"),
    Act.KEY_MADE: mark("{who} made an API key for {whom}"),
    Act.KEY_REVOKED: mark("{who} revoked an API key of {whom}"),
    Act.INVITE_MADE: mark("{who} made an invitation"),
    Act.INVITE_REVOKED: mark("{who} withdrew an invitation"),
    Act.PICTURE_MADE: mark("{who} gave {whom} a picture"),
    Act.PICTURE_DELETED: mark("{who} deleted the picture of {whom}"),
    Act.SHARE_REVOKED: mark("{who} ended a link to a shared chat of {whom}"),
    Act.PROMPT_SHARED: mark("{who} shared a prompt"),
    Act.PROMPT_CHANGED: mark("{who} changed a shared prompt"),
    Act.PROMPT_REMOVED: mark("{who} deleted a shared prompt"),
    Act.COLLECTION_SHARED: mark("{who} shared a collection of documents"),
    Act.COLLECTION_UNSHARED: mark("{who} stopped sharing a collection of documents"),
    Act.PERSONA_SHARED: mark("{who} made a persona for everybody"),
    Act.PERSONA_CHANGED: mark("{who} changed a persona for everybody"),
    Act.PERSONA_REMOVED: mark("{who} deleted a persona for everybody"),
    Act.GUARD_RULE_ADDED: mark("{who} added a guardrail"),
    Act.GUARD_RULE_CHANGED: mark("{who} changed a guardrail"),
    Act.GUARD_RULE_REMOVED: mark("{who} deleted a guardrail"),
    Act.GUARD_UPHELD: mark("{who} upheld what a guardrail decided about words of {whom}"),
    Act.GUARD_LIFTED: mark("{who} lifted what a guardrail decided about words of {whom}"),
    Act.CONVERSATION_OPENED: mark("{who} opened a conversation of {whom}"),
    Act.MESSAGE_OPENED: mark("{who} opened a message of {whom}"),
    Act.MESSAGES_LISTED: mark("{who} saw {whom} in a list of {target}"),
    Act.FEEDBACK_ANSWERED: mark("{who} answered the feedback of {whom}"),
    Act.FEEDBACK_TRIAGED: mark("{who} marked feedback of {whom} as seen"),
    Act.SETTINGS_CHANGED: mark("{who} changed the settings"),
    Act.MODEL_ADDED: mark("{who} added a model"),
    Act.MODEL_REMOVED: mark("{who} removed a model"),
    Act.MODEL_LOADED: mark("{who} loaded a model"),
    Act.MODEL_UNLOADED: mark("{who} unloaded a model"),
    Act.MODEL_MADE_DEFAULT: mark("{who} chose the default model"),
    Act.MODEL_CHANGED: mark("{who} changed what holds for a model"),
    Act.RATINGS_LEARNED: mark("{who} trained a model with answers that people allow"),
    Act.BACKUP_TAKEN: mark("{who} took a backup"),
    Act.USER_FACTORS_REMOVED: mark("{who} removed the second factors of {whom}"),
    Act.BACKUP_RESTORED: mark("{who} put a backup back"),
    Act.PICTURES_DOWNLOADED: mark("{who} downloaded pictures"),
    Act.TABLE_DOWNLOADED: mark("{who} downloaded a table"),
    Act.TRAIL_VERIFIED: mark("{who} verified this trail"),
}
LABELS: Final = {
    Act.USER_CREATED: mark("User: created"),
    Act.USER_EDITED: mark("User: edited"),
    Act.USER_ROLE_GIVEN: mark("User: role given"),
    Act.USER_SWITCHED_OFF: mark("User: switched off"),
    Act.USER_SWITCHED_ON: mark("User: switched on"),
    Act.USER_DELETED: mark("User: deleted"),
    Act.USER_SIGNED_OUT: mark("User: signed out"),
    Act.USER_UNLOCKED: mark("User: unlocked"),
    Act.USER_RESET_LINK_MADE: mark("User: reset link made"),
    Act.USER_EXPORTED: mark("User: exported"),
    Act.DEVICE_REVOKED: mark("Device: revoked"),
    Act.ROLE_EDITED: mark("Role: edited"),
    Act.KEY_MADE: mark("Key: made"),
    Act.KEY_REVOKED: mark("Key: revoked"),
    Act.INVITE_MADE: mark("Invite: made"),
    Act.INVITE_REVOKED: mark("Invite: revoked"),
    Act.PICTURE_MADE: mark("Picture: made"),
    Act.PICTURE_DELETED: mark("Picture: deleted"),
    Act.SHARE_REVOKED: mark("Share: revoked"),
    Act.PROMPT_SHARED: mark("Prompt: shared"),
    Act.PROMPT_CHANGED: mark("Prompt: changed"),
    Act.PROMPT_REMOVED: mark("Prompt: removed"),
    Act.COLLECTION_SHARED: mark("Collection: shared"),
    Act.COLLECTION_UNSHARED: mark("Collection: unshared"),
    Act.PERSONA_SHARED: mark("Persona: shared"),
    Act.PERSONA_CHANGED: mark("Persona: changed"),
    Act.PERSONA_REMOVED: mark("Persona: removed"),
    Act.GUARD_RULE_ADDED: mark("Guard rule: added"),
    Act.GUARD_RULE_CHANGED: mark("Guard rule: changed"),
    Act.GUARD_RULE_REMOVED: mark("Guard rule: removed"),
    Act.GUARD_UPHELD: mark("Guard: upheld"),
    Act.GUARD_LIFTED: mark("Guard: lifted"),
    Act.CONVERSATION_OPENED: mark("Conversation: opened"),
    Act.MESSAGE_OPENED: mark("Message: opened"),
    Act.MESSAGES_LISTED: mark("Messages: listed"),
    Act.FEEDBACK_ANSWERED: mark("Feedback: answered"),
    Act.FEEDBACK_TRIAGED: mark("Feedback: triaged"),
    Act.SETTINGS_CHANGED: mark("Settings: changed"),
    Act.MODEL_ADDED: mark("Model: added"),
    Act.MODEL_REMOVED: mark("Model: removed"),
    Act.MODEL_LOADED: mark("Model: loaded"),
    Act.MODEL_UNLOADED: mark("Model: unloaded"),
    Act.MODEL_MADE_DEFAULT: mark("Model: made default"),
    Act.MODEL_CHANGED: mark("Model: changed"),
    Act.RATINGS_LEARNED: mark("Ratings: learned"),
    Act.BACKUP_TAKEN: mark("Backup: taken"),
    Act.USER_FACTORS_REMOVED: mark("User: factors removed"),
    Act.BACKUP_RESTORED: mark("Backup: restored"),
    Act.PICTURES_DOWNLOADED: mark("Pictures: downloaded"),
    Act.TABLE_DOWNLOADED: mark("Table: downloaded"),
    Act.TRAIL_VERIFIED: mark("Trail: verified"),
}
COMMAND_LINE: Final = mark("The command line")
TOLD_ALREADY: Final = ("role",)
"""Details that the sentence holds; the others stand in a column of their own."""


def sentence(row: AuditEvent, names: dict[int, str]) -> Markup:
    """Return what happened, in words."""
    pattern = SENTENCES.get(Act(row.act)) if row.act in LABELS else None
    if pattern is None:  # a row that a newer Echo wrote, or somebody by hand
        pattern = "{who}: {act}"
    return Markup(gettext(pattern)).format(
        who=person(row.actor_id, names, gettext(COMMAND_LINE)),
        whom=person(row.subject_id, names, gettext("somebody")),
        role=plain(row.detail.get("role", "?")),
        fields=gettext(" and ").join(map(plain, row.detail)) or gettext("something"),
        target=plain(row.target),
        act=row.act,
    )


def person(user_id: int | None, names: dict[int, str], nobody: str) -> Any:
    """Return an account's name as a link to it; of a deleted one only the number is left."""
    if user_id is None:
        return nobody
    if user_id not in names:
        return gettext("account %(number)s (deleted)", number=user_id)
    url = url_for("admin_users.details_view", id=user_id)
    return Markup('<a href="{}">{}</a>').format(url, names[user_id])


def detail(row: AuditEvent) -> Any:
    """Return what changed, such as "daily messages: 50 → no limit"."""
    said = [
        f"{plain(name)}: {_change(value)}"
        for name, value in row.detail.items()
        if value is not None
        and not (name in TOLD_ALREADY or (row.act == Act.USER_EDITED and value == "changed"))
    ]
    return escape("; ".join(said))


def _change(value: Any) -> str:
    if isinstance(value, list):
        return " → ".join(gettext("none") if part is None else plain(part) for part in value)
    return plain(value)
