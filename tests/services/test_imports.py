"""Chats from elsewhere: three formats, a sound tree of each, hostile files, all or nothing, none twice."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from echo import limits
from echo.clock import utc_now
from echo.config import ROOT, Settings
from echo.errors import Busy, EchoError, InvalidInput
from echo.extensions import db
from echo.limits import TAGS_MAX, TAGS_PER_CHAT
from echo.models import Conversation, Folder, Message, User
from echo.services.chats import conversations, export, folders, message_tree, tags
from echo.services.chats.erasing import erase_conversations
from echo.services.chats.imports import apart, keeping, room, taking_apart
from echo.services.chats.imports.found import Chat, Line, NotAnExport, Skipped, Unusable, moment_of
from echo.services.chats.imports.tree import Node, lines_of
from echo.services.numbers.rollups import sources
from echo.services.people import archive
from echo.services.turns import quotas
from tests.services.people import conversation_of

PICTURE = {"content_type": "image_asset_pointer"}


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def bob(make_user: Callable[..., User]) -> User:
    return make_user("bob")


# ── made-up files ───────────────────────────────────────────────────────────────────────────


def gpt_node(parent: str | None, role: str | None, *parts: Any, **more: Any) -> dict[str, Any]:
    if role is None:
        return {"message": None, "parent": parent, "children": []}
    content = {"content_type": "text", "parts": list(parts)}
    message = {"author": {"role": role}, "create_time": 1.7e9, "content": content, **more}
    return {"message": message, "parent": parent, "children": []}


def gpt(**nodes: dict[str, Any]) -> dict[str, Any]:
    """A conversation of ChatGPT's export, the last node shown."""
    return {
        "title": "Sea cows", "conversation_id": "c-1", "create_time": 1.7e9, "update_time": 1.7e9 + 60,
        "current_node": list(nodes)[-1], "mapping": nodes,
    }  # fmt: skip


def web(**messages: dict[str, Any]) -> dict[str, Any]:
    """A chat of Open WebUI's export, the last message shown."""
    history = {"messages": messages, "currentId": list(messages)[-1]}
    chat = {
        "title": "Sea cows",
        "models": ["m"],
        "history": history,
        "params": {"system": "Be brief."},
    }
    return {
        "id": "w-1",
        "title": "Sea cows",
        "chat": chat,
        "created_at": 1_700_000_000,
        "pinned": True,
    }


def web_node(parent: str | None, role: str, content: Any) -> dict[str, Any]:
    return {"parentId": parent, "role": role, "content": content, "timestamp": 1_700_000_000}


def found_in(tmp_path: Path, raw: bytes) -> list[Chat | Skipped]:
    file = tmp_path / "file"
    file.write_bytes(raw)
    return list(taking_apart.take_apart(file))


def chats_in(tmp_path: Path, document: Any) -> list[Chat]:
    found = found_in(tmp_path, json.dumps(document).encode())
    assert all(isinstance(each, Chat) for each in found), found
    return found  # type: ignore[return-value]


def tree_of(chat: Chat) -> list[tuple[int | None, str, str]]:
    return [(line.parent, line.role, line.text) for line in chat.lines]


def packed(**files: bytes | str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, raw in files.items():
            file.writestr(name, raw)
    return made.getvalue()


def kept(user: User, raw: bytes) -> keeping.Report:
    with apart.taken_apart(io.BytesIO(raw)) as found:
        return keeping.keep(user.id, found)


# ── formats ─────────────────────────────────────────────────────────────────────────────────


def test_chatgpt(tmp_path: Path) -> None:
    document = gpt(
        root=gpt_node(None, None),
        system=gpt_node("root", "system", "hidden"),
        q1=gpt_node("system", "user", "How large?", PICTURE),
        a1=gpt_node("q1", "assistant", "Small.", metadata={"model_slug": "gpt-9"}),
        call=gpt_node("q1", "assistant", "search()", recipient="browser"),
        tool=gpt_node("call", "tool", "found"),
        thoughts=gpt_node(
            "tool", "assistant", "hm", metadata={"is_visually_hidden_from_conversation": True}
        ),
        a2=gpt_node("thoughts", "assistant", "About ", "3 m"),
        more=gpt_node("a2", "assistant", "Or 4 m."),
        q2=gpt_node("more", "user", "Thanks\0\ud800"),
    )
    chat = chats_in(tmp_path, [document])[0]
    assert tree_of(chat) == [
        (None, "user", "How large?\n\n[picture]"),
        (0, "assistant", "Small."),
        (0, "assistant", "About \n\n3 m\n\nOr 4 m."),
        (2, "user", "Thanks\ufffd\ufffd"),
    ]
    assert (chat.head, chat.title, chat.key) == (3, "Sea cows", "chatgpt:c-1")
    assert (chat.lines[1].model, chat.created_at, chat.updated_at) == ("gpt-9", 1.7e9, 1.7e9 + 60)


def test_open_webui(tmp_path: Path) -> None:
    nodes = {
        "q": web_node(
            None, "user", [{"type": "text", "text": "How large?"}, {"type": "image_url"}]
        ),
        "a": web_node("q", "assistant", "Small."),
        "b": web_node("q", "assistant", "3 m"),
    }
    linear = {"chat": {"title": "Old", "messages": [nodes["q"], nodes["a"]], "history": {}}}
    tagged = web(**nodes) | {"meta": {"tags": ["general_knowledge", "sea", 5, ""]}}
    chat, old = chats_in(tmp_path, [tagged, linear])
    said = (None, "user", "How large?\n\n[picture]")
    assert tree_of(chat) == [said, (0, "assistant", "Small."), (0, "assistant", "3 m")]
    assert (chat.head, chat.pinned, chat.settings) == (2, True, {"system_prompt": "Be brief."})
    assert tree_of(old) == [said, (0, "assistant", "Small.")]
    assert (chat.tags, old.tags) == (["general knowledge", "sea"], [])


@pytest.mark.parametrize("odd", ["q\0", "q\ud800", ""])
def test_what_hangs_on_a_message_with_an_odd_id_stays_with_it(tmp_path: Path, odd: str) -> None:
    said = [("user", "Q"), ("assistant", "A"), ("assistant", "B")]
    ids = [odd, "a" + odd, "b"]
    parents = [None, odd, odd]
    rows = [
        {"id": each, "parent_id": parent, "role": role, "text": text}
        for each, parent, (role, text) in zip(ids, parents, said, strict=True)
    ]
    nodes = {row["id"]: gpt_node(row["parent_id"], row["role"], row["text"]) for row in rows}
    messages = {row["id"]: web_node(row["parent_id"], row["role"], row["text"]) for row in rows}
    found = chats_in(
        tmp_path,
        [
            gpt(**nodes) | {"current_node": ids[1]},
            {"chat": {"history": {"messages": messages, "currentId": ids[1]}}},
            {"conversation": {}, "messages": rows, "head_id": ids[1]},
        ],
    )
    for chat in found:
        assert tree_of(chat) == [(None, "user", "Q"), (0, "assistant", "A"), (0, "assistant", "B")]
        assert chat.head == 1


def test_echos_own_comes_back_byte_for_byte(ada: User, bob: User) -> None:
    work = folders.create(ada.id, "Work")
    row = conversation_of(ada, length=3, folder_id=work.id, settings={"top_k": 5, "model": "m"})
    conversations.change(ada.id, row.id, tags=["Work", "far away"])
    texts = ["  a\r\nb\tc\n", "﷽ e\u0301 🏴󠁧󠁢󠁥󠁮󠁧󠁿 \u200b", '{"json": "<b>&amp;\\u0000"}', ""]
    replies = db.session.scalars(select(Message).order_by(Message.ordinal)).all()
    other = Message(
        conversation_id=row.id, user_id=ada.id, parent_id=replies[0].id, ordinal=4,
        role="assistant", status="stopped", model="walrus-1b", edited_at=utc_now(), original_text="was",
    )  # fmt: skip
    db.session.add(other)
    for message, text in zip([*replies, other], texts, strict=True):
        message.text = text
    db.session.commit()
    before = json.loads(export.as_json(row))
    with archive.make(ada) as file:
        report = kept(bob, file.read())
    assert (len(report.kept), report.skipped) == (1, [])
    copy = db.session.scalars(select(Conversation).where(Conversation.user_id == bob.id)).one()
    after = json.loads(export.as_json(copy))
    assert after["folder"] == "Work"
    assert after["conversation"]["settings"] == {"top_k": 5}
    assert after["conversation"]["tags"] == ["far away", "Work"]
    assert after["conversation"]["created_at"] == before["conversation"]["created_at"]

    def shape(told: dict[str, Any]) -> list[Any]:
        at = {each["id"]: n for n, each in enumerate(told["messages"])}
        names = ("role", "text", "status", "model", "created_at", "edited_at", "original_text")
        rows = [
            [at.get(each["parent_id"]), *(each.get(name) for name in names)]
            for each in told["messages"]
        ]
        return [at[told["head_id"]], *sorted(rows, key=repr)]

    old, new = shape(before), shape(after)
    parents = {tuple(row[1:3]) for row in old[1:]}
    assert parents == {tuple(row[1:3]) for row in new[1:]}
    assert sorted(repr(row[1:]) for row in old[1:]) == sorted(repr(row[1:]) for row in new[1:])
    assert [m.text for m in message_tree.branch(copy.head_id)] == texts[:3]


# ── trees ───────────────────────────────────────────────────────────────────────────────────


def node(parent: str | None, role: str, text: str) -> Node:
    return Node(parent, Line(None, role, text))


def test_an_answer_without_a_question_gets_an_unsaid_one() -> None:
    lines, head = lines_of(
        {"a": node(None, "assistant", "Hello!"), "q": node("a", "user", "Hi")}, "a"
    )
    assert [(line.parent, line.role, line.text) for line in lines] == [
        (None, "user", "…"), (0, "assistant", "Hello!"), (1, "user", "Hi"),
    ]  # fmt: skip
    assert head == 2


def test_what_hangs_on_nothing_begins_a_branch_of_its_own() -> None:
    nodes = {
        "q": node("gone", "user", "One"),
        "r": node(None, "user", "Two"),
        "s": node("r", "assistant", "!"),
    }
    lines, head = lines_of(nodes, "also gone")
    assert [line.parent for line in lines] == [None, None, 1]
    assert head == 2


def test_a_part_that_branches_stays_with_both_that_go_on_from_it() -> None:
    nodes = {
        "q": node(None, "user", "Q"),
        "a": node("q", "assistant", "A"),
        "b": node("a", "assistant", "B"),
        "c": node("a", "assistant", "C"),
        "r": node("a", "user", "R"),
    }
    lines, _ = lines_of(nodes, "b")
    assert [(line.parent, line.text) for line in lines] == [
        (None, "Q"), (0, "A"), (0, "A\n\nB"), (0, "A\n\nC"), (1, "R"),
    ]  # fmt: skip


def test_a_circle_is_told() -> None:
    nodes = {
        "a": node("b", "user", "A"),
        "b": node("a", "assistant", "B"),
        "c": node(None, "user", "C"),
    }
    for hostile in (nodes, {"a": node("a", "user", "A")}):
        with pytest.raises(Unusable, match="circle"):
            lines_of(hostile, None)


def test_a_chat_as_deep_as_it_is_long() -> None:
    count = limits.IMPORT_CHAT_MESSAGES
    nodes = {
        str(n): node(str(n - 1) if n else None, "assistant" if n % 2 else "user", "x")
        for n in range(count)
    }
    lines, head = lines_of(nodes, "0")
    assert (len(lines), head) == (count, count - 1)
    nodes["more"] = node(str(count - 1), "user", "x")
    with pytest.raises(Unusable, match="5,000"):
        lines_of(nodes, None)


def test_a_run_that_would_grow_without_end_is_refused() -> None:
    nodes = {"q": node(None, "user", "Q"), "0": node("q", "assistant", "x" * 100_000)}
    nodes |= {str(n): node("0", "assistant", "y") for n in range(1, 200)}
    with pytest.raises(Unusable, match="too long"):
        lines_of(nodes, None)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (1.7e9, 1.7e9), (1.7e12, 1.7e9), (1.7e15, 1.7e9), (1.7e18, 1.7e9), ("2023-11-14T22:13:20Z", 1.7e9),
        (True, None), (0, None), (-1, None), (float("nan"), None), (float("inf"), None), (10**400, None),
        ("yesterday", None), (None, None), ([], None), ("0001-01-01T00:00:00+23:59", None),
    ],
)  # fmt: skip
def test_moments_in_every_unit(told: Any, seconds: float | None) -> None:
    assert moment_of(told) == seconds


# ── hostile files ───────────────────────────────────────────────────────────────────────────

GOOD = gpt(q=gpt_node(None, "user", "Hi"))
NO_EXPORTS: list[bytes] = [
    b"", b"\0", b"hello", b"{", b"[]", b"{}", b"null", b"1e999", b"[1, 2]", b'{"a": 1}', b"\xff\xfe[",
    b"[" * 100_000,
    b"PK\x03\x04 no zip", packed(**{"readme.txt": "x"}), packed(**{"conversations.json": "x"}),
    b"9" * 10_000, json.dumps([{"title": "t"}]).encode(), json.dumps({"messages": []}).encode(),
]  # fmt: skip


@pytest.mark.parametrize("raw", NO_EXPORTS, ids=range(len(NO_EXPORTS)))
def test_no_export(raw: bytes, tmp_path: Path) -> None:
    with pytest.raises(NotAnExport):
        found_in(tmp_path, raw)


ODD: list[Any] = [
    None, 1, "x", [], {}, {"mapping": None}, {"mapping": []}, {"mapping": {}}, {"mapping": {"a": None}},
    {"mapping": {"a": {"parent": 7, "message": {"author": [], "content": 3}}}, "current_node": {}},
    {"mapping": {"a": {"parent": "b"}, "b": {"parent": "a"}}},
    {"mapping": {"q": gpt_node(None, "user", None, 3, [], {})}, "title": {"x": 1}},
    {"mapping": {"q": gpt_node(None, "user", "x", create_time=True)}, "title": 1, "create_time": "soon"},
    {"chat": {}}, {"chat": {"history": []}}, {"chat": {"history": {"messages": {"a": 1}}}},
    {"chat": {"messages": [None, {"role": "user", "content": {"x": 1}}]}}, {"history": {"messages": 5}},
    {"conversation": 1, "messages": 1}, {"conversation": {}, "messages": [1, None, {"id": []}]},
    {"conversation": {"settings": [1]}, "messages": [{"role": "user", "text": 5}]},
]  # fmt: skip


def test_one_bad_chat_spoils_no_other(ada: User) -> None:
    report = kept(ada, json.dumps([GOOD, *ODD]).encode())
    titles = [chat["title"] for chat in report.kept]
    assert titles[0] == "Sea cows"
    assert len(report.kept) + len(report.skipped) == 1 + len(ODD)
    assert all(each["reason"] and each["title"] for each in report.skipped)
    assert {"reason": "Its messages go round in a circle.", "title": "Chat 12"} in report.skipped
    stored = db.session.scalars(select(Conversation).where(Conversation.user_id == ada.id)).all()
    assert len(stored) == len(report.kept)
    assert all(row.deleted_at is None and row.head_id for row in stored)


def test_a_damaged_entry_spoils_no_other(tmp_path: Path) -> None:
    found = found_in(
        tmp_path,
        packed(
            **{
                "conversations/1.json": json.dumps(GOOD),
                "conversations/2.json": "{",
                "account.json": "{}",
            }
        ),
    )
    assert [type(each) for each in found] == [Chat, Skipped]


def test_a_bomb_is_not_unpacked(ada: User) -> None:
    bomb = packed(**{"conversations.json": b" " * (limits.IMPORT_UNPACKED_BYTES + 10)})
    assert len(bomb) < 200_000
    with pytest.raises(InvalidInput, match="larger than"):
        kept(ada, bomb)


def test_what_takes_too_long_is_ended_alone(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "AT_ONCE", 1)
    with monkeypatch.context() as hurry:
        hurry.setattr(apart, "SECONDS", 0.05)
        with pytest.raises(InvalidInput, match="too long"):
            kept(ada, json.dumps([GOOD]).encode())
    assert len(kept(ada, json.dumps([GOOD]).encode()).kept) == 1


def test_so_many_items_are_not_looked_at(tmp_path: Path) -> None:
    with pytest.raises(NotAnExport, match="more than"):
        found_in(tmp_path, b"[" + b"{}," * taking_apart.ITEMS + b"{}]")


def test_several_at_once_and_no_more(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "AT_ONCE", 1)
    good, refused = json.dumps([GOOD]).encode(), []

    class Source(io.BytesIO):
        """Tries another import while it is read itself."""

        def read(self, *args: Any) -> bytes:
            try:
                with apart.taken_apart(io.BytesIO(good)):
                    pass
            except Busy as refusal:
                refused.append(refusal)
            return super().read(*args)

    with apart.taken_apart(Source(good)) as found:
        assert [type(each) for each in found] == [Chat]
    assert len(refused) == 2  # the file, and its end
    assert len(kept(ada, good).kept) == 1


def test_so_many_chats_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking_apart, "IMPORT_CHATS", 3)
    monkeypatch.setattr(taking_apart, "SKIPPED_TOLD", 2)
    found = found_in(tmp_path, json.dumps([GOOD] * 9).encode())
    assert [type(each).__name__ for each in found] == ["Chat"] * 3 + ["Skipped"] * 3
    assert "4 more" in found[-1].title


# ── keeping ─────────────────────────────────────────────────────────────────────────────────


def many(count: int) -> list[Chat]:
    lines = [Line(None, "user", "Q", 1.7e9), Line(0, "assistant", "A", 1.7e9 + 1)]
    return [Chat(f"chatgpt:{n}", f"Chat {n}", [*lines], 1) for n in range(count)]


def visible(user: User) -> int:
    query = select(func.count()).where(
        Conversation.user_id == user.id, Conversation.deleted_at.is_(None)
    )
    return db.session.scalar(query) or 0


def test_a_preview_keeps_nothing_and_tells_what_would_be(ada: User) -> None:
    report = keeping.preview(ada.id, [*many(2), Skipped("Bad", "why")])
    assert [(chat["title"], chat["messages"]) for chat in report.kept] == [
        ("Chat 0", 2),
        ("Chat 1", 2),
    ]
    assert report.skipped == [{"title": "Bad", "reason": "why"}]
    assert db.session.scalar(select(func.count()).select_from(Conversation)) == 0


def test_nothing_is_half_imported(ada: User) -> None:
    def breaks() -> Any:
        yield from many(120)
        raise EchoError("the disk is full")

    with pytest.raises(EchoError):
        keeping.keep(ada.id, breaks())
    for table in (Conversation, Message, Folder):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_what_is_written_is_unseen_until_all_is(ada: User) -> None:
    def watched() -> Any:
        for chat in many(120):
            yield chat
            assert visible(ada) == 0

    keeping.keep(ada.id, watched())
    assert visible(ada) == 120


def test_none_comes_twice(ada: User, bob: User) -> None:
    assert len(keeping.keep(ada.id, many(3) + many(1)).kept) == 3
    again = keeping.keep(ada.id, many(4))
    assert ([chat["title"] for chat in again.kept], len(again.skipped)) == (["Chat 3"], 3)
    assert len(keeping.keep(bob.id, many(3)).kept) == 3
    row = conversation_of(ada)
    assert kept(ada, export.as_json(row).encode()).skipped[0]["reason"] == room.TWICE
    row.deleted_at = utc_now()
    db.session.commit()
    assert len(kept(ada, export.as_json(row).encode()).kept) == 1


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_there_is_no_room_for_is_left_out_and_comes_once_there_is(
    app: Flask, ada: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MEGA", sum(room.bytes_of(chat.lines) for chat in many(3)))
    monkeypatch.setattr(Settings.of(app), "import_mb", 1)
    for do in (keeping.preview, keeping.keep):
        report = do(ada.id, many(5))
        assert [chat["title"] for chat in report.kept] == ["Chat 0", "Chat 1", "Chat 2"]
        assert [each["title"] for each in report.skipped] == ["Chat 3", "Chat 4"]
        assert "more than 1 MB" in report.skipped[0]["reason"]
    assert len(keeping.keep(bob.id, many(3)).kept) == 3  # of each person
    first = db.session.scalars(
        select(Conversation).where(Conversation.title == "Chat 0", Conversation.user_id == ada.id)
    ).first()
    assert first is not None
    gone, first.deleted_at = first.id, utc_now()
    db.session.commit()
    assert keeping.keep(ada.id, many(4)[3:]).kept == []  # it can still be restored
    erase_conversations(Conversation.id == gone)
    assert [chat["title"] for chat in keeping.keep(ada.id, many(5)).kept] == ["Chat 0"]


def test_one_import_of_several_steps_brings_no_more_than_there_is_room_for(
    app: Flask, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MEGA", sum(room.bytes_of(chat.lines) for chat in many(4)))
    monkeypatch.setattr(Settings.of(app), "import_mb", 1)
    reports = [keeping.keep(ada.id, many(6)[at : at + 2]) for at in (0, 2, 4)]
    assert [len(report.kept) for report in reports] == [2, 2, 0]


def test_of_two_imports_at_once_each_chat_comes_by_one(ada: User) -> None:
    others: list[keeping.Report] = []

    def slow() -> Any:
        yield Skipped("Bad", "why")
        for chat in many(120):  # some are written before the other import begins, some after it
            chat.folder = "Doubles" if chat.title != "Chat 119" else "Mine"
            yield chat
            if chat.title == "Chat 110":
                others.append(keeping.keep(ada.id, many(119)))

    report = keeping.keep(ada.id, slow())
    assert len(others[0].kept) == 119
    assert [chat["title"] for chat in report.kept] == ["Chat 119"]
    assert report.skipped[0] == {"title": "Bad", "reason": "why"}
    assert report.skipped[1:] == [
        {"title": f"Chat {number}", "reason": room.TWICE} for number in range(119)
    ]
    assert visible(ada) == 120
    assert db.session.scalars(select(Folder.name)).all() == ["Mine"]
    assert len(keeping.keep(ada.id, many(120)).skipped) == 120


def test_what_was_said_elsewhere_counts_in_no_sum(ada: User) -> None:
    now = utc_now().timestamp()
    chat = Chat(
        "chatgpt:1", "Now", [Line(None, "user", "Q", now), Line(0, "assistant", "A", now)], 1
    )
    keeping.keep(ada.id, [chat])
    day = int(now // 86_400)
    assert quotas.status(ada.id).messages.used == 0
    assert sources.of_people(day) == {}
    assert sources.of_slots(day).replies == {}


def test_an_old_chat_is_not_swept_away_at_once(ada: User) -> None:
    ada.retention_days = 30
    db.session.commit()
    keeping.keep(ada.id, many(1))
    row = db.session.scalars(select(Conversation)).one()
    assert utc_now() - row.updated_at < timedelta(minutes=1)
    assert row.created_at.year == 2023


def test_folders_are_found_by_name_or_made(ada: User) -> None:
    folders.create(ada.id, "Work")
    chats = many(4)
    for chat, name in zip(chats, ("Work", "New", "New", "\0" * 3), strict=True):
        chat.folder = name
    keeping.keep(ada.id, chats)
    rows = db.session.execute(
        select(Conversation.title, Folder.name)
        .outerjoin(Folder, Folder.id == Conversation.folder_id)
        .order_by(Conversation.title)
    ).all()
    assert [name for _, name in rows] == ["Work", "New", "New", None]


def test_tags_are_found_by_name_or_made_and_what_cannot_be_one_is_left_out(ada: User) -> None:
    conversations.change(ada.id, conversation_of(ada, 0).id, tags=["Work"])
    chats = many(3)
    chats[0].tags = ["WORK", "sea", "x" * 31, "wo\u200brk", "SEA"]
    chats[1].tags = [f"tag {n}" for n in range(TAGS_PER_CHAT + 5)]
    keeping.keep(ada.id, chats)
    rows = db.session.scalars(select(Conversation).order_by(Conversation.title)).all()
    named = {row.title: [tag.name for tag in row.tags] for row in rows}
    assert named[chats[0].title] == ["sea", "Work"]
    assert named[chats[1].title] == [f"tag {n}" for n in range(TAGS_PER_CHAT)]
    assert named[chats[2].title] == []


def test_no_more_tags_come_than_one_may_have(ada: User) -> None:
    chats = many(TAGS_MAX // TAGS_PER_CHAT + 2)
    for at, chat in enumerate(chats):
        chat.tags = [f"tag {at} {n}" for n in range(TAGS_PER_CHAT)]
    assert len(keeping.keep(ada.id, chats).kept) == len(chats)
    assert len(tags.of(ada.id)) == TAGS_MAX


def test_a_file_that_ends_its_reader_leaves_no_copy_of_the_memory(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("[]")
    code = (
        "import resource, sys; from echo.services.chats.imports.taking_apart import main; main(sys.argv[1]); "
        "print(resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, file], capture_output=True, cwd=ROOT, check=True
    )
    assert done.stdout.endswith(b"(0, 0)\n")
