"""One person with one of everything, and the addresses, bodies and payloads that name it.

A route or event with an argument that is not in these tables fails its test by name: add the row.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from echo.clock import utc_now
from echo.extensions import db
from echo.models import (
    ApiKey,
    Collection,
    CollectionDocument,
    Conversation,
    ConversationMember,
    Device,
    Document,
    DocumentPicture,
    DocumentStatus,
    Feedback,
    Folder,
    GuardDecision,
    GuardRule,
    Invite,
    KeptResponse,
    Memory,
    Message,
    MessageStatus,
    Passage,
    Passkey,
    Persona,
    PersonaPicture,
    Picture,
    RecoveryCode,
    SavedPrompt,
    Share,
    SharedPrompt,
    User,
    Visibility,
)
from echo.models.types import new_id
from echo.parsing.terms import hashed, terms
from echo.services.accounts import one_time_links
from echo.services.accounts.one_time_links import Purpose
from echo.services.chats import tags
from echo.services.sharing import links as shared_links
from tests.web.routes import first_value

SECRET = "a secret about walruses"

TOKENS = {
    # endpoint whose address holds a link's token: what the link is for
    "account.setup": Purpose.FIRST_SUPER_ADMIN,
    "recovery.reset": Purpose.RESET_PASSWORD,
    "recovery.verify": Purpose.VERIFY_EMAIL,
    "recovery.unlock": Purpose.UNLOCK,
}
SHARED = ("sharing.read", "sharing.opened", "sharing.go_on")
"""Endpoints whose address holds the token of a shared chat."""
FIXED = {
    # arguments that name nobody's thing
    "filename": "img/favicon.svg",
    "chart_name": "signups",
    "month": "2026-01",
    "export_type": "csv",
    "model_id": "scripted",
    "rest": "nothing",
}
RECORDS = {
    # Flask-Admin's tables name a row by ?id=
    "admin_users": "user_id",
    "admin_roles": "role_id",
    "admin_invites": "invite_id",
    "admin_conversations": "conversation_id",
    "admin_messages": "message_id",
    "admin_feedback": "feedback_id",
    "admin_devices": "device_id",
    "admin_pictures": "picture_id",
    "admin_shares": "share_id",
    "admin_prompts": "shared_prompt_id",
    "admin_personas": "shared_persona_id",
    "admin_guardrails": "guard_rule_id",
    "admin_guard_decisions": "decision_id",
}


@dataclass
class World:
    """The owner, the ids of what is theirs by argument name, and live links by endpoint."""

    owner: User
    ids: dict[str, str]
    links: dict[str, str]

    def arguments(self, rule: Rule) -> dict[str, str]:
        """Return a real value for each argument of the address; fails for one that nobody knows."""
        return {name: self._value(rule, name) for name in rule.arguments}

    def _value(self, rule: Rule, name: str) -> str:
        if name == "token" and rule.endpoint in self.links:
            return self.links[rule.endpoint]
        if getattr(rule._converters.get(name), "items", None):
            return first_value(rule, name, "")
        known = {**FIXED, "kind": "json", **self.ids}
        if name not in known:
            pytest.fail(
                f"{rule.endpoint} ({rule.rule}): the argument {name!r} names nothing that the world of "
                "tests/security/world.py holds; make one there and put its id into the table"
            )
        return known[name]

    def path(self, app: Flask, rule: Rule) -> str:
        """Return the rule's address with real arguments, and the row's id where a table needs it."""
        adapter = app.url_map.bind("localhost")
        path = adapter.build(rule.endpoint, self.arguments(rule))
        table = rule.endpoint.partition(".")[0]
        return f"{path}?id={self.ids[RECORDS[table]]}" if table in RECORDS else path

    def body(self, endpoint: str) -> dict[str, Any]:
        """Return what a POST sends, as keywords of the test client."""
        conversation_id = self.ids["conversation_id"]
        json_bodies: dict[str, dict[str, Any]] = {
            "chat_api.chat": {"prompt": "Hi", "conversation_id": conversation_id},
            "conversations.settings": {"top_k": 1},
            "bulk.act": {"act": "change", "ids": [conversation_id], "add_tags": ["M"]},
            "bulk.export_zip": {"ids": [conversation_id]},
            "prompts.import_all": {"prompts": [{"name": "M", "text": "M"}]},
            "api_token.make": {"username": self.owner.username, "password": "not the right one"},
            "api_token.refresh": {"refresh_token": "echo_rt_unknown"},
            "api_conversations.create": {"title": "M"},
            "api_conversations.change": {"title": "M", "pinned": True},
            "api_conversations.restore": {},
            "api_folders.create": {"name": "M"},
            "api_folders.change": {"name": "M"},
            "api_folders.restore": {},
            "api_personas.create": {"name": "M"},
            "api_personas.change": {"name": "M"},
            "api_personas.restore": {},
            "api_messages.rate": {"rating": 1},
            "api_sharing.share": {"visibility": "signed-in"},
            "api_feedback.leave": {"opinion": "It is good as it is.", "category": "idea"},
            "api_users.create": {
                "username": f"m{new_id()[-10:]}".lower(),
                "email": f"{new_id().lower()}@example.org",
                "password": "correct horse battery",
            },
            "api_collections.create": {"name": "M"},
            "api_collections.change": {"name": "M"},
            "api_collections.restore": {},
            "api_collections.share": {"least_role": "user"},
            "api_conversations.attach": {"document_id": self.ids["document_id"]},
            "api_documents.search": {"query": "walruses"},
            "api_documents.describe": {"description": "M"},
            "api_decisions.object_to": {"objection": "M"},
            "api_users.change": {"active": True},
            "api_roles.change": {"description": "M"},
            "v1.chat_completions": {"messages": [{"role": "user", "content": "Hi"}]},
            "v1.completions": {"prompt": "Hi"},
            "v1.tokenize": {"text": "Hi"},
            "v1.embeddings": {"input": "Hi"},
            "v1.speech": {"input": "Hi", "voice": "joe-us"},
            "v1_responses.create": {
                "input": "Hi",
                "previous_response_id": f"resp_{self.ids['response_id']}",
            },
            "v1_messages.messages": {
                "model": "scripted",
                "max_tokens": 5,
                "messages": [{"role": "user", "content": "Hi"}],
            },
        }
        if endpoint in ("api_conversations.import_file", "chat_imports.begin"):
            told = {"conversation": {"title": "M"}, "messages": [{"role": "user", "text": "M"}]}
            return {"data": {"file": (io.BytesIO(json.dumps(told).encode()), "chat.json")}}
        if endpoint == "api_documents.upload":
            file = (io.BytesIO(b"Walruses are large."), "walruses.txt")
            return {"data": {"file": file, "conversation_id": conversation_id}}
        if endpoint == "documents.add":
            file = (io.BytesIO(b"Walruses are large."), "walruses.txt")
            return {"data": {"file": file, "collection_id": self.ids["collection_id"]}}
        if endpoint == "v1.transcriptions":
            return {"data": {"file": (io.BytesIO(b"sound"), "speech.wav")}}
        if endpoint in json_bodies:
            return {"json": json_bodies[endpoint]}
        return {
            "data": {"title": "M", "name": "M", "pinned": "1", "text": "M", "objection": "M"}
            | {"conversation_id": conversation_id}
        }

    def names_a_thing(self, rule: Rule) -> bool:
        """Tell whether the request names something of the owner's, in its address or its body."""
        return bool(rule.arguments & set(self.ids)) or rule.endpoint in (
            "chat_api.chat",
            "chat_forms.clear_discussion",
            "bulk.act",
            "bulk.export_zip",
            "documents.add",
            "v1_responses.create",
        )

    def payload(self, event: str) -> dict[str, Any]:
        """Return what an event sends to name the owner's things; fails for one that nobody knows."""
        conversation, message, question = (
            {name: self.ids[key]}
            for name, key in (
                ("conversation_id", "conversation_id"),
                ("message_id", "message_id"),
                ("message_id", "question_id"),
            )
        )
        payloads: dict[str, dict[str, Any]] = {
            "send_message": {**conversation, "text": "Hi", "client_id": new_id()},
            "edit_message": {**question, "text": "Hi", "client_id": new_id()},
            "save_message": {**message, "text": "Hi"},
            "regenerate_message": message,
            "continue_message": message,
            "open_conversation": conversation,
            "close_conversation": conversation,
            "resume": {**message, "after_seq": 0},
            "stop_message": message,
            "select_branch": message,
            "rate_message": {**message, "rating": 1},
            "ask_temporary": {"messages": [{"role": "user", "text": "Hi"}]},
            "stop_temporary": message,
            "watch_stats": {},
        }
        if event not in payloads:
            pytest.fail(f"{event} has no payload in tests/security/world.py: add one with real ids")
        return payloads[event]


def build(owner: User) -> World:
    """Give the owner one of everything that a route or an event can name."""
    conversation = Conversation(user_id=owner.id, title=SECRET)
    member = _somebody(owner)
    db.session.add_all([conversation, member])
    db.session.flush()
    db.session.add(ConversationMember(conversation_id=conversation.id, user_id=member.id))
    question, reply = _messages(conversation)
    persona = _persona(owner)
    rows: dict[str, Any] = {
        "conversation_id": conversation,
        "folder_id": Folder(
            user_id=owner.id, name=SECRET, position=0, system_prompt=SECRET, held=[]
        ),
        "question_id": question,
        "message_id": reply,
        "device_id": _device(owner),
        "passkey_id": Passkey(
            user_id=owner.id, credential_id=new_id(), public_key=b"key", name="Phone"
        ),
        "key_id": ApiKey(
            user_id=owner.id, name=SECRET, key_hash=new_id(), ending="wxyz", scope_names="chat"
        ),
        "response_id": KeptResponse(
            user_id=owner.id,
            said=[["user", SECRET], ["assistant", SECRET]],
            told={"status": "completed", "id": "resp_1", "object": "response", "model": "scripted"},
        ),
        "document_id": Document(
            user_id=owner.id,
            name=SECRET,
            size_bytes=10,
            status=DocumentStatus.READY,
            passage_count=1,
            width=1,
            height=1,
            description=SECRET,
        ),
        "collection_id": Collection(user_id=owner.id, name=SECRET),
        "picture_id": _picture(owner),
        "share_id": _share(conversation),
        "memory_id": Memory(user_id=owner.id, text=SECRET),
        "prompt_id": SavedPrompt(user_id=owner.id, name="Mine", text=SECRET),
        "shared_prompt_id": SharedPrompt(name="Ours", text="What is new?"),
        "persona_id": persona,
        "persona_picture_id": persona.picture,
        "shared_persona_id": Persona(least_role="user", name="Ours", emoji="🐋"),
        "guard_rule_id": GuardRule(
            name="A rule",
            place="both",
            kind="words",
            what="nobody says this",
            act="flag",
            reason="M",
        ),
        "decision_id": GuardDecision(
            message_id=question.id,
            user_id=owner.id,
            rule_name="A rule",
            place="question",
            act="flag",
            reason="M",
            excerpt=SECRET,
        ),
        "invite_id": Invite(
            token_hash=new_id(), created_by=owner.id, expires_at=utc_now() + timedelta(days=1)
        ),
        "feedback_id": Feedback(user_id=owner.id, opinion=SECRET, category="idea", rating=5),
    }
    db.session.add_all([*rows.values(), RecoveryCode(user_id=owner.id, code_hash=new_id())])
    db.session.flush()
    conversation.head_id = reply.id
    tags.put(conversation, tags.checked([SECRET]))
    question.guarded = True
    db.session.add_all([_passage(rows["document_id"]), _kept(rows["document_id"])])
    lies_in = {"collection_id": rows["collection_id"].id, "document_id": rows["document_id"].id}
    db.session.add(CollectionDocument(**lies_in))
    db.session.commit()
    ids = {name: str(row.id) for name, row in rows.items()}
    ids |= {"user_id": str(owner.id), "role_id": str(owner.role_id)}
    ids |= {"username": member.username}
    shown = str(shared_links.token_of(rows["share_id"]))
    links = {at: _link(owner, purpose) for at, purpose in TOKENS.items()}
    return World(owner, ids, links | dict.fromkeys(SHARED, shown))


def _messages(conversation: Conversation) -> tuple[Message, Message]:
    question, reply = (
        Message(
            conversation_id=conversation.id,
            user_id=conversation.user_id,
            ordinal=ordinal,
            role=role,
            text=SECRET,
            status=status,
        )
        for ordinal, role, status in (
            (1, "user", MessageStatus.COMPLETE),
            (2, "assistant", MessageStatus.STOPPED),  # so that it can be continued
        )
    )
    db.session.add(question)
    db.session.flush()
    reply.parent_id = question.id
    return question, reply


def _share(conversation: Conversation) -> Share:
    """Return words that their owner shows to everybody: no secret is among them."""
    said = [
        {"role": role, "text": "Words for everybody", "status": "complete", "edited": False}
        for role in ("user", "assistant")
    ]
    return Share(
        conversation_id=conversation.id,
        user_id=conversation.user_id,
        visibility=Visibility.PUBLIC,
        title="A title for everybody",
        said=said,
        **shared_links.new()._asdict(),
    )


def _passage(document: Document) -> Passage:
    text, words = (
        {"start_at": 0, "end_at": 10, "text": SECRET},
        [*map(_hashed(document), terms(SECRET))],
    )
    is_sqlite = db.engine.dialect.name == "sqlite"
    stored = " ".join(word if is_sqlite else f"{word}:1" for word in words)
    return Passage(document_id=document.id, position=0, words=stored, **text)


def _kept(document: Document) -> DocumentPicture:
    shown = {"content": SECRET.encode(), "preview": SECRET.encode()}
    return DocumentPicture(document_id=document.id, size_bytes=2 * len(SECRET), **shown)


def _hashed(document: Document) -> Callable[[str], str]:
    return lambda term: hashed(term, str(document.user_id))


def _somebody(owner: User) -> User:
    """Return one more person, whom the owner has invited into their conversation."""
    name = f"guest{new_id()[-12:]}".lower()
    names = {"username": name, "username_key": name}
    return User(
        **names, email=f"{name}@example.org", email_key=f"{name}@example.org", role=owner.role
    )


def _device(owner: User) -> Device:
    return Device(
        user_id=owner.id,
        token_hash=new_id(),
        expires_at=utc_now() + timedelta(days=1),
        address="::1",
    )


def _persona(owner: User) -> Persona:
    picture = PersonaPicture(content=SECRET.encode(), size_bytes=len(SECRET))
    said = {"name": SECRET, "emoji": "🦊", "system_prompt": SECRET}
    return Persona(user_id=owner.id, picture=picture, **said)


def _picture(owner: User) -> Picture:
    """Return the owner's picture: a person has one at most."""
    present = db.session.query(Picture).filter_by(user_id=owner.id).one_or_none()
    return present or Picture(user_id=owner.id, content=b"RIFF", size_bytes=4)


def _link(owner: User, purpose: Purpose) -> str:
    first = purpose is Purpose.FIRST_SUPER_ADMIN
    return one_time_links.make(purpose, None if first else owner.id, email=owner.email)


def snapshot(*leave_out: str) -> dict[str, list[str]]:
    """Return every row of every table (but those left out) as another process would see it now."""
    db.session.rollback()
    db.session.expire_all()
    tables = [table for table in db.metadata.sorted_tables if table.name not in leave_out]
    return {
        table.name: sorted(repr(tuple(row)) for row in db.session.execute(table.select()))
        for table in tables
    }


def changes(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the rows that differ, by table."""
    return {
        name: sorted(set(before[name]) ^ set(after[name]))
        for name in before
        if before[name] != after[name]
    }
