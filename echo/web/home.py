"""The home page: an introduction for visitors, the chat for those who are signed in; the notice on both."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask_login import current_user

from echo import limits
from echo.languages import gettext
from echo.services import site_settings
from echo.services.chats import conversations, folders, personas, shelves, wire
from echo.services.documents import usable
from echo.services.numbers import contributors
from echo.services.prompts import personal
from echo.services.serving import Models
from echo.services.site_settings import Banner, SiteSettings
from echo.services.turns import quotas, speeches, transcriptions
from echo.services.turns.offers import offered
from echo.web import conversation_groups, sessions

blueprint = Blueprint("home", __name__)

PERSONAS_SHOWN: Final = 6  # as static/js/personas.js; the others are fetched when they are wanted
BANNER_COOKIE: Final = "echo_banner"
"""Set by static/js/banner.js: the mark of the notice that was put away."""


@blueprint.route("/")
def index() -> Any:
    if current_user.is_authenticated:
        return _chat(None)
    if "persona" in request.args:  # a link that begins a chat
        return sessions.to_login()
    site = site_settings.current()
    return render_template(
        "home.html",
        contributors=contributors.top() if site.contributors == "on" else [],
        signup_mode=site.signup_mode,
        banner=_banner(site.banner),
    )


@blueprint.route("/c/<conversation_id>")
def conversation(conversation_id: str) -> Any:
    """The chat, opened at one conversation."""
    if not current_user.is_authenticated:
        return sessions.to_login()
    conversations.readable(current_user.id, conversation_id)
    return _chat(conversation_id)


def _chat(conversation_id: str | None) -> str:
    rows, next_cursor = shelves.page(current_user.id, shelf=shelves.LIST)
    site = site_settings.current()
    return render_template(
        "chat.html",
        groups=conversation_groups.of(rows),
        next_cursor=next_cursor,
        boot=_boot(conversation_id, site),
        banner=_banner(site.banner),
    )


def _boot(conversation_id: str | None, site: SiteSettings) -> dict[str, Any]:
    """Return what the page's scripts need to begin with."""
    chosen = Models.here().choose(current_user.role_name, None)
    ceilings = {
        name: {"min": limit.low, "max": limit.high, "step": limit.step}
        for name, limit in limits.GENERATION_RANGES.items()
    }
    if site.max_new_tokens:
        ceilings["max_new_tokens"]["max"] = site.max_new_tokens
    return {
        "user": {
            "id": current_user.id,
            "username": current_user.username,
            "is_admin": current_user.is_admin,
            "can_see_admin": current_user.can_see_admin,
        },
        "session": sessions.lasting(),
        "conversation_id": conversation_id,
        "folders": [wire.folder(row) for row in folders.of(current_user.id)],
        "has_collections": usable.has_any(current_user.id),
        "personas": [
            wire.persona_in_short(row) for row in personas.first_of(current_user, PERSONAS_SHOWN)
        ],
        "has_archived": shelves.has_archived(current_user.id),
        "ceilings": ceilings,
        "limits": {
            "message_chars": limits.MESSAGE_CHARS,
            "document_bytes": limits.DOCUMENT_BYTES,
            "description_chars": limits.DESCRIPTION_CHARS,
            "memory_chars": limits.MEMORY_CHARS,
            "title_chars": limits.TITLE_CHARS,
            "folder_name_chars": limits.FOLDER_NAME_CHARS,
            "tag_chars": limits.TAG_CHARS,
            "bulk_chats": limits.BULK_CHATS,
            "feedback_min": limits.FEEDBACK_MIN,
            "feedback_max": limits.FEEDBACK_MAX,
            "system_prompt_chars": limits.SYSTEM_PROMPT_CHARS,
        },
        "memory": personal.of(current_user.id).memory_on,
        "voices": [
            {"name": voice.name, "title": voice.title, "lang": voice.language}
            for voice in speeches.offered(current_app)
        ],
        "dictation": transcriptions.folder(current_app) is not None,
        "model": chosen.name,
        "models": offered(Models.here().for_role(current_user.role_name)),
        "quota": quotas.status(current_user.id).as_payload(),
        "feedback_categories": _options(limits.FEEDBACK_CATEGORIES),
        "rating_reasons": _options(limits.RATING_REASONS),
    }


def _options(labels: dict[str, str]) -> list[dict[str, str]]:
    return [{"value": value, "label": gettext(label)} for value, label in labels.items()]


@blueprint.get("/quota")
def quota() -> Response:
    """Answer with the protocol's `quota` object, for a page that comes back after a while."""
    return jsonify(quotas.status(current_user.id).as_payload())


def _banner(text: str) -> Banner:
    """Return the notice to show on this request's page: none that this browser has put away."""
    banner = Banner.of(text)
    return Banner.of("") if request.cookies.get(BANNER_COOKIE) == banner.mark else banner
