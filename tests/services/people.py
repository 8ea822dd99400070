"""Somebody with a row in every table that can hold something about them."""

from __future__ import annotations

from datetime import timedelta

from echo.clock import utc_now
from echo.extensions import db
from echo.models import (
    ApiCall,
    ApiKey,
    ChatImport,
    Collection,
    CollectionDocument,
    Conversation,
    ConversationMember,
    Document,
    Feedback,
    Folder,
    GuardDecision,
    Invite,
    KeptResponse,
    Memory,
    Message,
    MessageRating,
    OneTimeLink,
    Passkey,
    Persona,
    PersonalPrompt,
    PersonaPicture,
    RecoveryCode,
    SavedPrompt,
    Share,
    User,
    UserDay,
    UserTotal,
)
from echo.models.types import new_id
from echo.services.accounts import profile_pictures
from echo.services.chats import conversations
from echo.services.sign_in import devices, login_delays
from tests.services.test_pictures import made

SECRETS = {
    "token_hash": "SECRET-link-hash",
    "totp_secret": "SECRET-totp",
    "code_hash": "SECRET-code-hash",
    "public_key": "SECRET-public-key",
    "credential_id": "SECRET-credential",
    "google_sub": "SECRET-google-sub",
    "invite_hash": "SECRET-invite-hash",
    "key_hash": "SECRET-key-hash",
    "share_hash": "SECRET-share-hash",
    "sealed_token": "SECRET-sealed-token",
}


def conversation_of(
    user: User, length: int = 4, word: str = "walrus", **values: object
) -> Conversation:
    """Make a conversation of one branch, `length` messages long, and rate its last reply."""
    row = Conversation(id=new_id(), user_id=user.id, title=f"{word} title", **values)
    db.session.add(row)
    parent = None
    for ordinal in range(1, length + 1):
        message = Message(
            id=new_id(),
            conversation_id=row.id,
            user_id=user.id,
            parent_id=parent,
            ordinal=ordinal,
            role="user" if ordinal % 2 else "assistant",
            text=f"{word} text {ordinal}",
        )
        db.session.add(message)
        db.session.flush()
        parent = message.id
    row.head_id, row.message_count = parent, length
    if parent is not None:
        rating = MessageRating(
            message_id=parent,
            user_id=user.id,
            rating=-1,
            reasons=["other"],
            comment=f"{word} comment",
        )
        db.session.add(rating)
    db.session.commit()
    return row


def fill(user: User) -> None:
    """Leave a trace of this person in every table."""
    document = Document(id=new_id(), user_id=user.id, name="walrus.txt", size_bytes=6)
    collection = Collection(id=new_id(), user_id=user.id, name="walrus collection")
    db.session.add_all([document, collection])
    db.session.flush()
    folder = Folder(
        user_id=user.id, name="walrus folder", position=0, system_prompt="walrus prompt", held=[]
    )
    db.session.add(folder)
    db.session.flush()
    shared = conversation_of(user, folder_id=folder.id)
    conversations.change(user.id, shared.id, tags=["walrus tag"])
    conversation_of(user, deleted_at=utc_now())
    db.session.add(ConversationMember(conversation_id=shared.id, user_id=user.id))
    user.totp_secret, user.google_sub = SECRETS["totp_secret"], SECRETS["google_sub"]
    user.retention_days = 90
    later = utc_now() + timedelta(days=1)
    db.session.add_all(
        [
            Feedback(
                user_id=user.id,
                opinion="walrus opinion",
                category="idea",
                rating=4,
                answer="walrus answer",
                answered_by=user.id,
            ),
            OneTimeLink(
                purpose="verify_email",
                token_hash=SECRETS["token_hash"],
                user_id=user.id,
                email="walrus.pending@example.org",
                expires_at=later,
            ),
            Share(
                conversation_id=shared.id,
                user_id=user.id,
                token_hash=SECRETS["share_hash"],
                sealed_token=SECRETS["sealed_token"],
                visibility="public",
                title="walrus shared",
                said=[
                    {"role": "user", "text": "walrus copy", "status": "complete", "edited": False}
                ],
            ),
            Passkey(
                user_id=user.id,
                credential_id=SECRETS["credential_id"],
                public_key=SECRETS["public_key"].encode(),
                name="walrus phone",
            ),
            ApiKey(
                user_id=user.id,
                name="walrus script",
                key_hash=SECRETS["key_hash"],
                ending="wxyz",
                scope_names="chat",
            ),
            ApiCall(
                user_id=user.id,
                route="chat.completions",
                model="walrus-1b",
                status="complete",
                finish_reason="stop",
                prompt_tokens=1,
                cached_tokens=0,
                completion_tokens=1,
                queue_ms=0,
                total_ms=1,
            ),
            KeptResponse(
                user_id=user.id,
                said=[["user", "walrus?"], ["assistant", "walrus!"]],
                told={"model": "walrus-1b"},
            ),
            GuardDecision(
                call_id="call",
                route="temporary",
                user_id=user.id,
                rule_name="walrus rule",
                place="question",
                act="flag",
                reason="walrus reason",
                objection="walrus objection",
                answered_by=user.id,
            ),
            PersonalPrompt(user_id=user.id, instructions="walrus instructions"),
            Memory(user_id=user.id, text="walrus memory"),
            SavedPrompt(user_id=user.id, name="walrus prompt", text="Ask a walrus."),
            Persona(
                user_id=user.id,
                name="walrus persona",
                emoji="🐋",
                picture=PersonaPicture(content=made("WEBP"), size_bytes=9),
            ),
            CollectionDocument(collection_id=collection.id, document_id=document.id),
            ChatImport(user_id=user.id, state="done", kept=1, node="gone", report={"chats": []}),
            RecoveryCode(user_id=user.id, code_hash=SECRETS["code_hash"]),
            Invite(
                token_hash=SECRETS["invite_hash"],
                note="walrus note",
                created_by=user.id,
                expires_at=later,
            ),
            UserDay(day=20000, user_id=user.id, questions=1, characters=1, replies=1),
            UserTotal(user_id=user.id, questions=1, characters=1, replies=1),
        ]
    )
    db.session.commit()
    devices.sign_in(user, address="203.0.113.77", user_agent="walrus browser", remember=True)
    profile_pictures.store(user.id, made())
    login_delays.failed(login_delays.key_of_account(user.id))
    login_delays.failed(login_delays.key_of_confirming(user.id))
