"""What answers look like: those of `echo/services/chats/wire.py`, people, use. Knows no routes."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

from echo.api.rest.message_parts import Decision, Source
from echo.api.rest.persona_shapes import PersonaShown

T = TypeVar("T")
Role = Literal["user", "analyst", "admin", "super_admin"]


class Page(BaseModel, Generic[T]):
    """Some rows, and what to ask with as `after` for those that follow; null where none do."""

    data: list[T]
    next: str | None


class Token(BaseModel):
    """What a program asks with, and by what it gets the next."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int = Field(description="seconds")
    refresh_token: str


class Together(BaseModel):
    """Of a conversation of several people: whose it is, and how many were invited."""

    owner: str | None
    own: bool
    members: int


class Member(BaseModel):
    """Somebody who is in a conversation."""

    username: str
    owner: bool
    you: bool


class Members(BaseModel):
    """Who is in a conversation, and whether more can be invited."""

    data: list[Member]
    possible: bool = Field(description="whether chats may be shared here")
    most: int = Field(description="how many can be invited")


class Author(BaseModel):
    """Who asked; null: somebody whose account is no more."""

    name: str | None


class Conversation(BaseModel):
    """A conversation without its messages."""

    id: str
    title: str
    pinned: bool
    archived: bool = Field(description="whether it is kept out of the list")
    folder_id: str | None = Field(description="where it lies; null: in no folder")
    tags: list[str] = Field(description="its owner's own words for it")
    collection_ids: list[str] = Field(description="in whose documents its questions are looked up")
    persona: PersonaShown | None = Field(description="whom it was begun with; null: Echo")
    settings: dict[str, Any] = Field(description="what differs from the model's own")
    head_id: str | None = Field(description="the last message of the branch that is shown")
    live: bool = Field(description="whether an answer is being written")
    together: Together | None = Field(description="whose it is, where others are in it")
    created_at: str
    updated_at: str


class Folder(BaseModel):
    """A folder for conversations."""

    id: str
    name: str
    system_prompt: str = Field(description="for its conversations that have none; empty: none")
    collection_ids: list[str] = Field(description="that all of its conversations use")


class Tokens(BaseModel):
    """What an answer took."""

    prompt: int | None
    cached: int | None
    completion: int


class Timing(BaseModel):
    """How long it took, in milliseconds."""

    queue_ms: int | None
    first_token_ms: int | None
    total_ms: int


class Failure(BaseModel):
    """Why an answer failed."""

    code: str
    text: str | None


class Versions(BaseModel):
    """Where `siblings` stand among very many."""

    first: int = Field(description="the number of the first one that is told, from 1 on")
    count: int = Field(description="how many there are")


class ConversationMessage(BaseModel):
    """A question or an answer; what has not happened to it is not there."""

    id: str
    conversation_id: str
    parent_id: str | None
    role: Literal["user", "assistant"]
    text: str
    status: Literal["queued", "streaming", "complete", "stopped", "interrupted", "failed"]
    seq: int = Field(description="how many pieces the text came in")
    created_at: str
    siblings: list[str] = Field(
        description="answers to the same, or wordings, in order: all, or the 50 around it"
    )
    versions: Versions | None = Field(None, description="where those 50 stand among all")
    tokens: Tokens | None
    timing: Timing | None
    model: str | None
    finish_reason: str | None
    client_id: str = ""
    author: Author | None = Field(None, description="who asked, where that is not the chat's owner")
    error: Failure | None = None
    edited_at: str = ""
    original_text: str = Field("", description="what the model had said, where it was edited")
    sources: list[Source] = Field(default_factory=list, description="passages it was given")
    steps: list[dict[str, str]] = Field(default_factory=list, description="tool, input, result")
    guard: list[Decision] = Field(default_factory=list, description="what guardrails decided")
    rating: Literal[-1, 1] | None = None
    rating_reasons: list[str] = Field(default_factory=list)
    rating_comment: str = ""


class SkippedChat(BaseModel):
    """A chat that is left out."""

    title: str
    reason: str


class ImportedChat(BaseModel):
    """A chat that is kept, or would be."""

    title: str
    messages: int
    folder: str | None
    archived: bool


class Import(BaseModel):
    """What became of the chats in a file; of a preview: what would become of them."""

    created: int = Field(description="how many conversations were made")
    skipped: list[SkippedChat]
    chats: list[ImportedChat] = Field(description="those that were made, the first thousand")


class Export(BaseModel):
    """A conversation with every message of every branch."""

    conversation: dict[str, Any]
    folder: str | None = Field(description="the name of where it lies")
    head_id: str | None
    messages: list[ConversationMessage]


class Share(BaseModel):
    """How a conversation is shown to others, if it is."""

    url: str | None = Field(
        description="the link; null where it is not shared, or the server's key was changed since"
    )
    visibility: Literal["off", "signed-in", "public"]
    with_name: bool
    expires_at: str | None
    taken_at: str | None = Field(description="the moment that the copy shows")
    is_current: bool = Field(description="whether the copy is still what its owner sees")
    opened: int = Field(description="how often browsers of others have shown it")
    possible: list[Literal["signed-in", "public"]] = Field(description="what this site allows")


class Feedback(BaseModel):
    """An opinion about Echo, and what an administrator answered."""

    id: int
    opinion: str
    category: str
    rating: int | None
    state: Literal["new", "seen", "answered"]
    created_at: str
    answer: str | None
    answered_at: str | None


class Allowance(BaseModel):
    """Of this day in UTC; a limit of null means none."""

    used: int
    limit: int | None


class Quota(BaseModel):
    """What is left of the day."""

    messages: Allowance
    tokens: Allowance
    resets_at: str


class Me(BaseModel):
    """The person in whose name the program asks."""

    id: int
    username: str
    email: str
    email_verified: bool
    role: Role
    created_at: str
    retention_days: int | None
    second_factor: bool
    scopes: list[str] | None = Field(description="of what was shown; null for a page's session")
    quota: Quota


class User(BaseModel):
    """An account, as administrators see it."""

    id: int
    username: str
    email: str
    email_verified: bool
    role: Role
    active: bool
    created_at: str
    last_seen_at: str | None
    version: str = Field(description="changes with what can be edited; send it with an edit")


class RoleRow(BaseModel):
    """What a role says and allows a day; null allows without limit."""

    id: int
    name: Role
    description: str
    daily_messages: int | None
    daily_tokens: int | None
    version: str


class Roles(BaseModel):
    """All of them: none is made or deleted."""

    data: list[RoleRow]


class RoleUse(BaseModel):
    """All people of one role together."""

    role: Role
    people: int
    messages: int
    tokens: int


class PersonUse(BaseModel):
    """One person's day."""

    user_id: int
    username: str
    role: Role
    messages: int
    tokens: int
    daily_messages: int | None
    daily_tokens: int | None


class Usage(BaseModel):
    """Who used how much today (UTC), those who used most first."""

    day: str
    roles: list[RoleUse]
    people: list[PersonUse]
