"""Who may do what: one rule for each page, event and act, used by pages, sockets, API and admin alike.

Knows roles by name and no rows. What is not declared here cannot be registered (`echo/web/guard.py`,
`echo/sockets/access.py`), so a forgotten rule stops the start instead of opening a door.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from echo.languages import mark


class RoleName(StrEnum):
    """The roles, weakest first; each includes the rights of those before it."""

    USER = "user"
    ANALYST = "analyst"
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"


FROM_ROLE_ON: Final = {
    RoleName.USER: mark("Everybody"),
    RoleName.ANALYST: mark("Analysts and administrators"),
    RoleName.ADMIN: mark("Administrators"),
    RoleName.SUPER_ADMIN: mark("Super admins"),
}
"""Who is meant where something is for a role and those that are stronger."""


class Right(StrEnum):
    """What a route or an event asks of the person."""

    ANYONE = "anyone"
    """Visitors too."""
    SIGNED_IN = "signed in"
    """Everybody with an account, about themselves."""
    OWNER = "owner"
    """Signed in, and the thing that is named is one's own: what is another's is not found."""
    MEMBER = "member"
    """As `OWNER`, of a chat that is one's own or that its owner has invited one into (docs/together.md)."""
    KEY = "key"
    """A program that shows a key of an account's; a cookie counts for nothing."""
    MACHINE = "machine"
    """The machine that Echo runs on, and programs that show the token for what is measured: nobody's role."""
    CHARTS = "charts"
    """Figures without people: analysts and stronger."""
    PEOPLE = "people"
    """Other people's accounts and words: administrators."""
    SHARING = "sharing with roles"
    """One's own collections of documents, shown to everybody of a role: administrators."""
    SYSTEM = "system"
    """Roles, settings and downloads of everything: super admins."""


LEAST_ROLE: Final = {
    Right.SIGNED_IN: RoleName.USER,
    Right.OWNER: RoleName.USER,
    Right.MEMBER: RoleName.USER,
    Right.KEY: RoleName.USER,
    Right.CHARTS: RoleName.ANALYST,
    Right.PEOPLE: RoleName.ADMIN,
    Right.SHARING: RoleName.ADMIN,
    Right.SYSTEM: RoleName.SUPER_ADMIN,
}
RANKS: Final = list(RoleName)

ROUTES: Final = {
    # Flask endpoint: right
    "static": Right.ANYONE,
    "home.index": Right.ANYONE,
    "home.conversation": Right.MEMBER,
    "help.index": Right.ANYONE,
    "installing.manifest": Right.ANYONE,
    "installing.service_worker": Right.ANYONE,
    "language.choose": Right.ANYONE,
    "health.healthz": Right.ANYONE,
    "health.readyz": Right.ANYONE,
    "metrics.text": Right.MACHINE,
    "signup.index": Right.ANYONE,
    "account.login": Right.ANYONE,
    "account.logout": Right.SIGNED_IN,
    "account.setup": Right.ANYONE,
    "recovery.forgot": Right.ANYONE,
    "recovery.reset": Right.ANYONE,
    "recovery.verify": Right.ANYONE,
    "recovery.unlock": Right.ANYONE,
    "recovery.send_verification": Right.SIGNED_IN,
    "google_login.start": Right.ANYONE,
    "google_login.authorize": Right.ANYONE,
    "google_login.link": Right.SIGNED_IN,
    "google_login.unlink": Right.SIGNED_IN,
    "second_factor.challenge": Right.ANYONE,
    "second_factor.confirm": Right.SIGNED_IN,
    "second_factor.go_on": Right.SIGNED_IN,
    "second_factor.security": Right.SIGNED_IN,
    "second_factor.begin_totp": Right.SIGNED_IN,
    "second_factor.finish_totp": Right.SIGNED_IN,
    "second_factor.remove_totp": Right.SIGNED_IN,
    "second_factor.renew_recovery_codes": Right.SIGNED_IN,
    "passkeys.registration_options": Right.SIGNED_IN,
    "passkeys.register": Right.SIGNED_IN,
    "passkeys.rename": Right.OWNER,
    "passkeys.remove": Right.OWNER,
    "passkeys.sign_in_options": Right.ANYONE,
    "passkeys.sign_in": Right.ANYONE,
    "profile.index": Right.SIGNED_IN,
    "profile.remove_picture": Right.SIGNED_IN,
    "profile.picture": Right.SIGNED_IN,
    "devices.listing": Right.SIGNED_IN,
    "devices.revoke": Right.OWNER,
    "devices.revoke_others": Right.SIGNED_IN,
    "settings_panels.own_account": Right.SIGNED_IN,
    "settings_panels.security": Right.SIGNED_IN,
    "personal.panel": Right.SIGNED_IN,
    "personal.instructions": Right.SIGNED_IN,
    "personal.memory": Right.SIGNED_IN,
    "personal.titles": Right.SIGNED_IN,
    "personal.tools": Right.SIGNED_IN,
    "personal.invitations": Right.SIGNED_IN,
    "personal.remember": Right.SIGNED_IN,
    "personal.change_memory": Right.OWNER,
    "personal.forget": Right.OWNER,
    **dict.fromkeys(
        ("prompts.listing", "prompts.panel", "prompts.make", "prompts.export", "prompts.import_all"),
        Right.SIGNED_IN,
    ),
    "prompts.change": Right.OWNER,
    "prompts.remove": Right.OWNER,
    "personas.panel": Right.SIGNED_IN,
    "personas.make": Right.SIGNED_IN,
    "personas.change": Right.OWNER,
    "personas.copy": Right.OWNER,
    "personas.remove": Right.OWNER,
    "personas.restore": Right.OWNER,
    "personas.picture": Right.OWNER,
    "keys.listing": Right.SIGNED_IN,
    "keys.make": Right.SIGNED_IN,
    "keys.revoke": Right.OWNER,
    "documents.index": Right.SIGNED_IN,
    "documents.add": Right.SIGNED_IN,
    "documents.text": Right.OWNER,
    "own_data.index": Right.SIGNED_IN,
    "own_data.export": Right.SIGNED_IN,
    "own_data.retention": Right.SIGNED_IN,
    "own_data.delete_me": Right.SIGNED_IN,
    "own_data.read_answers": Right.SIGNED_IN,
    "own_data.object_to": Right.OWNER,
    "own_data.looks": Right.SIGNED_IN,
    **dict.fromkeys(
        ("chat_imports.state", "chat_imports.begin", "chat_imports.stop", "chat_imports.forget"),
        Right.SIGNED_IN,
    ),
    "home.quota": Right.SIGNED_IN,
    "chat_forms.feedback": Right.SIGNED_IN,
    "chat_forms.clear_discussion": Right.OWNER,
    "conversations.listing": Right.SIGNED_IN,
    "conversations.row": Right.MEMBER,
    "conversations.rename": Right.OWNER,
    "conversations.pin": Right.OWNER,
    "conversations.settings": Right.OWNER,
    "conversations.delete": Right.OWNER,
    "conversations.restore": Right.OWNER,
    "conversations.export_as": Right.MEMBER,
    "bulk.act": Right.OWNER,
    "bulk.export_zip": Right.OWNER,
    "sharing.read": Right.ANYONE,
    "sharing.opened": Right.ANYONE,
    "sharing.go_on": Right.SIGNED_IN,
    "sharing.stop": Right.OWNER,
    "chat_api.chat": Right.MEMBER,
    "v1.models": Right.KEY,
    "v1.model": Right.KEY,
    "v1.chat_completions": Right.KEY,
    "v1.completions": Right.KEY,
    "v1.tokenize": Right.KEY,
    "v1.embeddings": Right.KEY,
    "v1.transcriptions": Right.SIGNED_IN,
    "v1.speech": Right.SIGNED_IN,
    "v1_messages.messages": Right.KEY,
    "v1_responses.create": Right.KEY,
    "v1_responses.fetch": Right.KEY,
    "v1_responses.remove": Right.KEY,
    "v1_responses.input_items": Right.KEY,
    "v1.nothing": Right.ANYONE,
    "api_token.make": Right.ANYONE,
    "api_token.refresh": Right.ANYONE,
    **dict.fromkeys(
        (
            "api_me.me", "api_conversations.listing", "api_conversations.create",
            "api_conversations.import_file",
            "api_folders.index", "api_folders.create", "api_tags.index",
            "api_personas.index", "api_personas.create",
            "api_feedback.listing", "api_feedback.leave",
            "api_documents.listing", "api_documents.upload", "api_documents.search",
            "api_collections.index", "api_collections.create",
            "api_decisions.listing",
        ), Right.SIGNED_IN,
    ),
    **dict.fromkeys(
        (
            "api_conversations.get", "api_conversations.export_as", "api_conversations.messages",
            "api_conversations.documents", "api_messages.get", "api_messages.rate",
            "api_members.index", "api_members.take_out",
        ), Right.MEMBER,
    ),
    **dict.fromkeys(
        (
            "api_conversations.change", "api_conversations.remove", "api_conversations.restore",
            "api_members.invite", "api_folders.change", "api_folders.remove", "api_folders.restore",
            "api_personas.get", "api_personas.change", "api_personas.remove", "api_personas.restore",
            "api_sharing.get", "api_sharing.share", "api_sharing.stop",
            "api_documents.get", "api_documents.remove", "api_documents.restore",
            "api_documents.picture", "api_documents.describe",
            "api_collections.get", "api_collections.change", "api_collections.remove",
            "api_collections.restore", "api_collections.put", "api_collections.take_out",
            "api_conversations.attach", "api_conversations.detach",
            "api_decisions.object_to",
        ), Right.OWNER,
    ),
    **dict.fromkeys(
        ("api_users.index", "api_users.create", "api_users.get", "api_users.change", "api_usage.index"),
        Right.PEOPLE,
    ),
    "api_collections.share": Right.SHARING,
    **dict.fromkeys(("api_users.remove", "api_roles.index", "api_roles.change"), Right.SYSTEM),
    "api_description.openapi": Right.ANYONE,
    "api_description.docs": Right.ANYONE,
    "admin.index": Right.CHARTS,
    "admin.chart": Right.CHARTS,
    "admin.chart_file": Right.CHARTS,
    "admin.report": Right.CHARTS,
    "admin_users.index_view": Right.PEOPLE,
    "admin_users.details_view": Right.PEOPLE,
    "admin_users.create_view": Right.PEOPLE,
    "admin_users.edit_view": Right.PEOPLE,
    "admin_users.action_view": Right.PEOPLE,
    "admin_users.export": Right.PEOPLE,
    "admin_users.reset_link": Right.PEOPLE,
    "admin_users.unlock": Right.PEOPLE,
    "admin_users.sign_out": Right.PEOPLE,
    "admin_users.remove_factors": Right.PEOPLE,
    "admin_users.delete": Right.SYSTEM,
    "admin_roles.index_view": Right.SYSTEM,
    "admin_roles.edit_view": Right.SYSTEM,
    "admin_invites.index_view": Right.PEOPLE,
    "admin_invites.create_view": Right.PEOPLE,
    "admin_invites.revoke": Right.PEOPLE,
    "admin_invites.action_view": Right.PEOPLE,
    "admin_invites.export": Right.PEOPLE,
    **dict.fromkeys(
        tuple(f"{table}.{view}" for table in ("admin_prompts", "admin_personas") for view in (
            "index_view", "details_view", "create_view", "edit_view", "delete_view", "export",
        )),
        Right.PEOPLE,
    ),
    **dict.fromkeys(
        tuple(f"admin_guardrails.{view}" for view in (
            "index_view", "details_view", "create_view", "edit_view", "delete_view", "switch", "export",
        )) + tuple(f"admin_guard_decisions.{view}" for view in (
            "index_view", "details_view", "answer", "export",
        )),
        Right.PEOPLE,
    ),
    "admin_devices.index_view": Right.PEOPLE,
    "admin_devices.revoke": Right.PEOPLE,
    "admin_devices.action_view": Right.PEOPLE,
    "admin_devices.export": Right.PEOPLE,
    "admin_pictures.index_view": Right.PEOPLE,
    "admin_pictures.create_view": Right.PEOPLE,
    "admin_pictures.delete_view": Right.PEOPLE,
    "admin_pictures.export": Right.PEOPLE,
    "admin_use.index": Right.PEOPLE,
    "admin_ratings.index_view": Right.PEOPLE,
    "admin_ratings.export": Right.PEOPLE,
    "admin_audit.index_view": Right.PEOPLE,
    "admin_audit.export": Right.PEOPLE,
    "admin_audit.verify": Right.SYSTEM,
    "admin_settings.index": Right.SYSTEM,
    "admin_settings.reset": Right.SYSTEM,
    "admin_downloads.index": Right.SYSTEM,
    "admin_downloads.begin": Right.SYSTEM,
    "admin_downloads.state": Right.SYSTEM,
    "admin_downloads.fetch": Right.SYSTEM,
    "admin_health.index": Right.PEOPLE,
    "admin_models.index": Right.PEOPLE,
    "admin_models.load": Right.SYSTEM,
    "admin_models.unload": Right.SYSTEM,
    "admin_models.make_default": Right.SYSTEM,
    "admin_models.edit": Right.SYSTEM,
    "admin_models.remove": Right.SYSTEM,
    "admin_models.refresh": Right.SYSTEM,
    "admin_models.add": Right.SYSTEM,
    "admin_models.begin": Right.SYSTEM,
    "admin_models.stop": Right.SYSTEM,
    "admin_models.put_away": Right.SYSTEM,
    "admin_conversations.index_view": Right.PEOPLE,
    "admin_conversations.details_view": Right.PEOPLE,
    "admin_conversations.export": Right.PEOPLE,
    "admin_messages.index_view": Right.PEOPLE,
    "admin_messages.details_view": Right.PEOPLE,
    "admin_messages.export": Right.PEOPLE,
    "admin_shares.index_view": Right.PEOPLE,
    "admin_shares.details_view": Right.PEOPLE,
    "admin_shares.revoke": Right.PEOPLE,
    "admin_shares.action_view": Right.PEOPLE,
    "admin_shares.export": Right.PEOPLE,
    "admin_feedback.index_view": Right.PEOPLE,
    "admin_feedback.details_view": Right.PEOPLE,
    "admin_feedback.open": Right.PEOPLE,
    "admin_feedback.answer": Right.PEOPLE,
    "admin_feedback.action_view": Right.PEOPLE,
    "admin_feedback.export": Right.PEOPLE,
}  # fmt: skip

EVENTS: Final = {
    # socket event: right
    "send_message": Right.MEMBER,
    "edit_message": Right.OWNER,
    "save_message": Right.OWNER,
    "regenerate_message": Right.MEMBER,
    "continue_message": Right.MEMBER,
    "open_conversation": Right.MEMBER,
    "close_conversation": Right.SIGNED_IN,
    "resume": Right.MEMBER,
    "stop_message": Right.MEMBER,
    "select_branch": Right.MEMBER,
    "rate_message": Right.MEMBER,
    "ask_temporary": Right.SIGNED_IN,
    "stop_temporary": Right.SIGNED_IN,
    "watch_stats": Right.CHARTS,
}


def of_route(endpoint: str) -> Right:
    """Return the right that a route asks for; raises LookupError for one that is not declared."""
    if endpoint not in ROUTES:
        raise LookupError(f"{endpoint!r} declares no right: give it a row in echo/policies.py")
    return ROUTES[endpoint]


def of_event(name: str) -> Right:
    """Return the right that a socket event asks for; raises LookupError for one that is not declared."""
    if name not in EVENTS:
        raise LookupError(f"event {name!r} declares no right: give it a row in echo/policies.py")
    return EVENTS[name]


def allows(role: RoleName | None, right: Right) -> bool:
    """Tell whether somebody with this role (None: a visitor) has the right."""
    if right is Right.ANYONE:
        return True
    if right is Right.MACHINE:
        return False
    return role is not None and RANKS.index(role) >= RANKS.index(LEAST_ROLE[right])


def up_to(role: RoleName) -> list[RoleName]:
    """Return this role and those that are weaker: what is for one of them is for somebody with this."""
    return RANKS[: RANKS.index(role) + 1]


def from_on(right: Right) -> list[RoleName]:
    """Return the roles that have a right."""
    return RANKS[RANKS.index(LEAST_ROLE[right]) :]


def may_administer(actor: RoleName, target: RoleName) -> bool:
    """A super admin may change everybody's account; an admin those without rights over others."""
    if actor is RoleName.SUPER_ADMIN:
        return True
    return actor is RoleName.ADMIN and not allows(target, Right.PEOPLE)


def may_give(actor: RoleName, role: RoleName) -> bool:
    """Only a super admin gives roles other than the plain one."""
    return actor is RoleName.SUPER_ADMIN or role is RoleName.USER
