"""A chat of several people: all see words arrive, each asks on their own account, who goes hears no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from echo.errors import Conflict, NotFound
from echo.extensions import db
from echo.limits import MEMBERS_PER_CHAT
from echo.models import Conversation, ConversationMember, Message, RoleName, User
from echo.services.chats import conversations, folders, personas, shared_personas
from echo.services.prompts import memories, personal
from echo.services.sharing import members
from echo.services.turns import Turns, quotas
from echo.services.turns.engine_requests import EngineRequests
from echo.sockets import presence
from tests.conftest import Tab
from tests.services.test_pictures import made
from tests.sockets.conftest import Requests
from tests.waiting import until

FORBIDDEN = "forbidden"


@pytest.fixture
def ben(make_user: Callable[..., User]) -> User:
    return make_user("Ben")


@pytest.fixture
def other(open_tab: Callable[[User], Tab], ben: User) -> Tab:
    return open_tab(ben)


@pytest.fixture
def chat(tab: Tab, ada: User, ben: User) -> str:
    """A chat of Ada's with one answer, into which Ben was invited."""
    asked = tab.ask("send_message", {"text": "Hello", "client_id": "1"})
    tab.wait_for("message_finished", asked["reply"]["id"])
    members.invite(ada.id, asked["conversation_id"], "ben")
    return str(asked["conversation_id"])


def send(tab: Tab, chat: str, text: str, **more: Any) -> dict[str, Any]:
    payload = {"text": text, "conversation_id": chat, "client_id": text, **more}
    return tab.ask("send_message", payload)


def opened(tab: Tab, chat: str) -> dict[str, Any]:
    return tab.ask("open_conversation", {"conversation_id": chat})


def refusal(answer: dict[str, Any]) -> str | None:
    return None if answer["ok"] else str(answer["error"]["code"])


def test_both_see_words_arrive_and_who_asked(tab: Tab, other: Tab, chat: str) -> None:
    assert opened(tab, chat)["conversation"]["together"] == {
        "owner": "ada",
        "own": True,
        "members": 1,
    }
    seen = opened(other, chat)
    assert seen["conversation"]["together"] == {"owner": "ada", "own": False, "members": 1}
    assert [("author" in row) for row in seen["messages"]] == [False, False]

    asked = send(other, chat, "What is slow?")
    assert asked["message"]["author"] == asked["reply"]["author"] == {"name": "Ben"}
    for each in (tab, other):
        started = each.wait_for("message_started", None, 1 if each is other else 2)
        assert started["message"]["author"] == {"name": "Ben"}
        each.wait_for("receive_message", asked["reply"]["id"], 3)
    tab.ask("stop_message", {"message_id": asked["reply"]["id"]})  # the owner may
    for each in (tab, other):
        assert each.wait_for("message_finished", asked["reply"]["id"])["status"] == "stopped"
    row = db.session.get_one(Message, asked["reply"]["id"])
    db.session.refresh(row)
    assert tab.text_of(row.id) == other.text_of(row.id) == row.text


def test_who_is_taken_out_hears_not_even_the_next_piece(
    tab: Tab, other: Tab, ada: User, chat: str
) -> None:
    opened(other, chat)
    asked = send(tab, chat, "What is slow?")
    other.wait_for("receive_message", asked["reply"]["id"], 2)
    members.take_out(ada.id, chat, "BEN")
    heard = len(other.named("receive_message"))
    tab.wait_for("receive_message", asked["reply"]["id"], heard + 5)
    assert other.named("conversation_removed") == [
        {"conversation_id": chat, "restorable": False, "reason": "left"}
    ]
    assert len(other.named("receive_message")) == heard
    tab.ask("stop_message", {"message_id": asked["reply"]["id"]})
    tab.wait_for("message_finished", asked["reply"]["id"])
    assert other.named("message_finished") == []
    for name, payload in {
        "open_conversation": {"conversation_id": chat},
        "resume": {"message_id": asked["reply"]["id"], "after_seq": 0},
        "send_message": {"text": "Hi", "client_id": "x", "conversation_id": chat},
        "regenerate_message": {"message_id": asked["reply"]["id"]},
        "select_branch": {"message_id": asked["reply"]["id"]},
        "stop_message": {"message_id": asked["reply"]["id"]},
        "rate_message": {"message_id": asked["reply"]["id"], "rating": 1},
    }.items():
        assert refusal(other.ask(name, payload)) == "not_found", name


def test_who_asks_pays(tab: Tab, other: Tab, ada: User, ben: User, chat: str) -> None:
    before = quotas.status(ada.id).messages.used
    asked = send(other, chat, "How are you?")
    other.wait_for("message_finished", asked["reply"]["id"])
    assert (quotas.status(ada.id).messages.used, quotas.status(ben.id).messages.used) == (before, 1)
    ben.role.daily_messages = 1
    db.session.commit()
    assert refusal(send(other, chat, "And now?")) == "quota_exceeded"


def test_nobodys_own_words_for_all_chats_are_told(
    tab: Tab, other: Tab, ada: User, ben: User, chat: str, requests: Requests
) -> None:
    for person in (ada, ben):
        personal.keep(person.id, instructions="I am a walrus.", instructions_on=True)
        memories.add(person.id, f"{person.username} likes fish.")
    for each in (tab, other):
        asked = send(each, chat, f"Who am I, {id(each)}?")
        each.wait_for("message_finished", asked["reply"]["id"])
    for request in requests:
        told = " ".join(message.content for message in request.messages)
        assert "walrus" not in told
        assert "likes fish" not in told
    members.take_out(ada.id, chat, "Ben")  # alone again: her own words are hers
    asked = send(tab, chat, "And now, who am I?")
    tab.wait_for("message_finished", asked["reply"]["id"])
    assert "walrus" in requests[-1].messages[0].content


def test_what_is_the_owners_alone(tab: Tab, other: Tab, chat: str) -> None:
    first = opened(tab, chat)["messages"]
    question, reply = first[0]["id"], first[1]["id"]
    assert refusal(send(other, chat, "Hi", settings={"temperature": 1})) == FORBIDDEN
    assert refusal(send(other, chat, "Hi", documents=["some"])) == FORBIDDEN
    edit = {"message_id": question, "text": "Else", "client_id": "e"}
    assert refusal(other.ask("edit_message", edit)) == "not_found"
    for name in ("regenerate_message", "continue_message", "stop_message"):
        assert refusal(other.ask(name, {"message_id": reply})) == FORBIDDEN, name
    assert refusal(other.ask("rate_message", {"message_id": reply, "rating": 1})) == FORBIDDEN
    save = {"message_id": question, "text": "Else"}
    assert refusal(other.ask("save_message", save)) == "not_found"
    assert refusal(tab.ask("save_message", save)) is None


def test_nobody_puts_words_into_anothers_mouth(tab: Tab, other: Tab, chat: str) -> None:
    asked = send(other, chat, "How are you?")
    other.wait_for("message_finished", asked["reply"]["id"])
    save = {"message_id": asked["message"]["id"], "text": "I am a fool."}
    assert refusal(tab.ask("save_message", save)) == FORBIDDEN
    thumb = {"message_id": asked["reply"]["id"], "rating": 1}
    assert refusal(tab.ask("rate_message", thumb)) == FORBIDDEN
    assert refusal(other.ask("rate_message", thumb)) is None
    again = other.ask("regenerate_message", {"message_id": asked["reply"]["id"]})
    other.wait_for("message_finished", again["reply"]["id"])
    mine = tab.ask("regenerate_message", {"message_id": asked["reply"]["id"]})
    tab.wait_for("message_finished", mine["reply"]["id"])
    assert ("author" in again["reply"], "author" in mine["reply"]) == (True, False)


def test_questions_stand_below_each_other(tab: Tab, other: Tab, chat: str) -> None:
    """Each page names the answer that it saw last."""
    last = opened(tab, chat)["messages"][-1]["id"]
    opened(other, chat)
    first = send(tab, chat, "One", parent_id=last)
    second = send(other, chat, "Two", parent_id=last)
    assert second["message"]["parent_id"] == first["reply"]["id"]
    other.wait_for("message_finished", second["reply"]["id"])
    texts = [row["text"] for row in opened(tab, chat)["messages"] if row["role"] == "user"]
    assert texts == ["Hello", "One", "Two"]


def test_the_list_hears_of_it(tab: Tab, other: Tab, ada: User, ben: User, chat: str) -> None:
    told = other.named("conversation_changed")[-1]["conversation"]
    assert (told["id"], told["together"]["owner"]) == (chat, "ada")
    reasons = [
        [one.get("reason") for one in each.named("conversation_changed")] for each in (tab, other)
    ]
    assert "invited" not in reasons[0]
    assert reasons[1].count("invited") == 1  # of what changes later it is no news
    conversations.change(ada.id, chat, pinned=True, archived=True, tags=["secret"])
    told = other.named("conversation_changed")[-1]["conversation"]
    assert (told["pinned"], told["archived"], told["folder_id"], told["tags"]) == (
        False,
        False,
        None,
        [],
    )
    conversations.remove(ada.id, chat)
    assert other.named("conversation_removed") == [{"conversation_id": chat, "restorable": False}]
    assert refusal(opened(other, chat)) == "not_found"
    conversations.restore(ada.id, chat)
    assert refusal(opened(other, chat)) is None


def test_an_owners_own_persona_is_named_without_its_picture(
    tab: Tab, other: Tab, ada: User, ben: User
) -> None:
    """Members may use everybody's personas, and so see those pictures; the owner's own they may not."""
    mine = personas.make(ada.id, {"name": "Fox"}, made())
    ours = shared_personas.share(ada, {"name": "Owl"}, RoleName.USER, made())
    for persona_id, is_seen in ((mine.id, False), (ours, True)):
        asked = tab.ask(
            "send_message", {"text": "Hi", "client_id": persona_id, "persona_id": persona_id}
        )
        tab.wait_for("message_finished", asked["reply"]["id"])
        members.invite(ada.id, asked["conversation_id"], "ben")
        conversations.change(ada.id, asked["conversation_id"], pinned=True)
        told = other.named("conversation_changed")[-1]["conversation"]["persona"]
        assert told == opened(other, asked["conversation_id"])["conversation"]["persona"]
        assert told["id"] == persona_id
        assert (told["picture"] is not None) == is_seen
        assert opened(tab, asked["conversation_id"])["conversation"]["persona"]["picture"]


def test_who_is_here(tab: Tab, other: Tab, chat: str) -> None:
    opened(tab, chat)
    opened(other, chat)
    told = tab.wait_for("presence_changed")
    while told["people"] != ["ada", "Ben"]:
        told = tab.wait_for("presence_changed", None, len(tab.named("presence_changed")) + 1)
    other.socket.disconnect()
    count = len(tab.named("presence_changed"))
    assert tab.wait_for("presence_changed", None, count + 1)["people"] == ["ada"]


def test_nobody_hears_who_reads_a_chat_of_ones_own(
    tab: Tab, open_tab: Callable[[User], Tab], ada: User
) -> None:
    asked = tab.ask("send_message", {"text": "Hello", "client_id": "1"})
    second = open_tab(ada)
    opened(second, asked["conversation_id"])
    second.ask("close_conversation", {"conversation_id": asked["conversation_id"]})
    tab.wait_for("message_finished", asked["reply"]["id"])
    app_presence = tab.socket.app.extensions["presence"]  # what would be told is noted here first
    assert (app_presence._watched, app_presence._due) == (set(), set())


def test_a_name_that_nobody_has_is_as_any_that_cannot_be_invited(
    ada: User, ben: User, chat: str, make_user: Callable[..., User]
) -> None:
    make_user("off", active=False)
    personal.keep(make_user("shy").id, invitations_on=False)
    personal.keep(ben.id, invitations_on=True)
    said = set()
    for name in ("nobody", "off", "shy", "ada", ben.email, "Be%", ""):
        with pytest.raises(NotFound) as refused:
            members.invite(ada.id, chat, name)
        said.add((refused.value.text, refused.value.field))
    assert len(said) == 1
    members.invite(ada.id, chat, "bEN")  # is in it already
    assert [each.username for each in members.people(ben.id, chat)] == ["ada", "Ben"]


def test_only_so_many_and_only_by_the_owner(
    ada: User, ben: User, chat: str, make_user: Callable[..., User]
) -> None:
    with pytest.raises(NotFound):
        members.invite(ben.id, chat, make_user("eve").username)
    for number in range(MEMBERS_PER_CHAT - 1):
        members.invite(ada.id, chat, make_user(f"guest{number}").username)
    with pytest.raises(Conflict):
        members.invite(ada.id, chat, "eve")
    assert len(db.session.get_one(Conversation, chat).members) == MEMBERS_PER_CHAT


def test_two_who_ask_at_the_same_moment_stand_below_each_other(
    tab: Tab, other: Tab, chat: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ada's question is being looked up when Ben's is stored."""
    made, faster = EngineRequests.given, []

    def given(self: EngineRequests, *asked: Any) -> Any:
        if not faster:
            faster.append(None)
            faster.append(send(other, chat, "Ben is faster"))
        return made(self, *asked)

    monkeypatch.setattr(EngineRequests, "given", given)
    asked = send(tab, chat, "Ada is slower")
    assert asked["message"]["parent_id"] == faster[1]["reply"]["id"]
    tab.wait_for("message_finished", asked["reply"]["id"])
    shown = [row["text"] for row in opened(tab, chat)["messages"] if row["role"] == "user"]
    assert shown == ["Hello", "Ben is faster", "Ada is slower"]


def test_what_somebody_has_told_for_themselves_goes_with_them(
    tab: Tab, other: Tab, ada: User, ben: User, chat: str, requests: Requests
) -> None:
    memories.add(ben.id, "Ben has a walrus")
    slow = send(tab, chat, "What is slow?")
    waits = send(other, chat, "And mine?")
    members.take_out(ada.id, chat, "ben")
    tab.ask("stop_message", {"message_id": slow["reply"]["id"]})
    until(lambda: not Turns.here().live, "the end of both")
    row = db.session.get_one(Message, waits["reply"]["id"])
    db.session.refresh(row)
    assert row.status == "stopped"
    assert not any("walrus" in each.content for one in requests for each in one.messages)


def test_a_members_question_leaves_the_owners_archive_as_it_is(
    tab: Tab, other: Tab, ada: User, chat: str
) -> None:
    conversations.change(ada.id, chat, archived=True)
    for who, is_archived in ((other, True), (tab, False)):
        asked = send(who, chat, f"Is it {is_archived}?")
        who.wait_for("message_finished", asked["reply"]["id"])
        row = db.session.get_one(Conversation, chat)
        db.session.refresh(row)
        assert (row.archived_at is not None) is is_archived


def test_who_was_taken_out_unheard_is_taken_out_later(
    tab: Tab, other: Tab, ada: User, ben: User, chat: str
) -> None:
    """Another process had told it while this one heard nothing."""
    opened(tab, chat)
    opened(other, chat)
    db.session.delete(db.session.get_one(ConversationMember, (chat, ben.id)))
    db.session.commit()
    assert presence._here(chat) == {ada.id, ben.id}
    presence.look_again()
    assert presence._here(chat) == {ada.id}


def test_a_folder_that_comes_back_brings_its_chats_back_to_members(
    tab: Tab, other: Tab, chat: str, ada: User
) -> None:
    folder = folders.create(ada.id, "Trip")
    conversations.change(ada.id, chat, folder_id=folder.id)
    folders.remove(ada.id, folder.id, with_conversations=True)
    assert other.named("conversation_removed")[-1]["conversation_id"] == chat
    told = len(other.named("conversation_changed"))
    folders.restore(ada.id, folder.id)
    (back,) = other.named("conversation_changed")[told:]
    assert (back["conversation"]["id"], back["conversation"]["folder_id"]) == (chat, None)
