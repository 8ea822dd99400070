"""Texts that are edited in their place: what changes, who hears of it, and how an edited answer goes on."""

from collections.abc import Callable

import pytest

from echo.extensions import db
from echo.models import Message, User
from echo.services.turns import Turns
from tests.conftest import Tab


@pytest.fixture
def asked(tab: Tab) -> dict:
    answer = tab.ask("send_message", {"client_id": "c1", "text": "Hi"})
    tab.wait_for("message_finished", answer["reply"]["id"])
    return answer


def save(tab: Tab, message_id: str, text: str) -> dict:
    return tab.ask("save_message", {"message_id": message_id, "text": text})


def opened(tab: Tab, asked: dict) -> list[dict]:
    return tab.ask("open_conversation", {"conversation_id": asked["conversation_id"]})["messages"]


def test_a_question_is_changed_in_its_place_and_nothing_is_answered(
    tab: Tab, asked: dict, ada: User, open_tab: Callable[[User], Tab]
) -> None:
    watching, elsewhere = open_tab(ada), open_tab(ada)
    opened(watching, asked)
    saved = save(tab, asked["message"]["id"], "Hi, Echo")
    assert saved["ok"]
    message = saved["message"]
    assert (message["text"], message["siblings"]) == ("Hi, Echo", [asked["message"]["id"]])
    assert message["edited_at"]
    assert "original_text" not in message  # what a person takes back is gone
    for each in (tab, watching):
        assert each.wait_for("message_changed") == {"message": message}
    assert elsewhere.named("message_changed") == []
    assert opened(watching, asked)[0] == message
    assert len(tab.named("message_started")) == 1
    row = db.session.get_one(Message, message["id"])
    assert (row.text, row.original_text) == ("Hi, Echo", None)


def test_an_answer_keeps_what_the_model_said_until_that_is_put_back(tab: Tab, asked: dict) -> None:
    reply = asked["reply"]["id"]
    said = opened(tab, asked)[1]["text"]
    for text in ("A better answer.", "The best answer."):
        message = save(tab, reply, text)["message"]
        assert (message["text"], message["original_text"]) == (text, said)
        assert message["status"] == "complete"
    assert opened(tab, asked)[1] == message
    restored = save(tab, reply, said)["message"]
    assert restored["text"] == said
    assert not {"edited_at", "original_text"} & set(restored)


def test_the_same_text_changes_nothing(tab: Tab, asked: dict) -> None:
    message = save(tab, asked["message"]["id"], "Hi")["message"]
    assert "edited_at" not in message
    assert tab.named("message_changed") == []


@pytest.mark.parametrize("text", ["", " \u200b\n", "x" * 16_001])
def test_what_is_no_message_is_refused(text: str, tab: Tab, asked: dict) -> None:
    refused = save(tab, asked["message"]["id"], text)
    assert refused["error"]["field"] == "text"
    assert opened(tab, asked)[0]["text"] == "Hi"


def test_an_answer_that_is_being_written_is_left_alone(tab: Tab) -> None:
    slow = tab.ask("send_message", {"client_id": "c1", "text": "slow please"})
    reply = slow["reply"]["id"]
    tab.wait_for("receive_message", reply, count=2)
    assert save(tab, reply, "Mine")["error"]["code"] == "conflict"
    assert save(tab, slow["message"]["id"], "slow, please")["ok"]  # its question is not
    tab.ask("stop_message", {"message_id": reply})
    tab.wait_for("message_finished", reply)
    assert save(tab, reply, "Mine")["ok"]


def test_an_edited_answer_goes_on_from_its_new_text(tab: Tab) -> None:
    slow = tab.ask("send_message", {"client_id": "c1", "text": "slow please"})
    reply = slow["reply"]["id"]
    tab.wait_for("receive_message", reply, count=3)
    tab.ask("stop_message", {"message_id": reply})
    seq = tab.wait_for("message_finished", reply)["seq"]
    assert save(tab, reply, "Mine so far")["message"]["seq"] == seq
    tab.ask("continue_message", {"message_id": reply})
    tab.wait_for("receive_message", reply, count=seq + 2)
    turn = Turns.here().live[reply]
    assert turn.text.startswith("Mine so far")
    for after in range(seq + 2):  # whatever a window had, it ends with what is here
        answer = tab.ask("resume", {"message_id": reply, "after_seq": after})
        assert answer["reset"]
        assert answer["text"].startswith("Mine so far")
    tab.ask("stop_message", {"message_id": reply})
    tab.wait_for("message_finished", reply, count=2)
    text = opened(tab, slow)[1]["text"]
    assert text.startswith("Mine so far")
    assert len(text) > len("Mine so far")


def test_an_empty_answer_can_be_written_by_hand_and_gone_on_with(tab: Tab) -> None:
    slow = tab.ask("send_message", {"client_id": "c1", "text": "slow please"})
    reply = slow["reply"]["id"]
    tab.ask("stop_message", {"message_id": reply})
    tab.wait_for("message_finished", reply)
    row = db.session.get_one(Message, reply)
    row.text, row.piece_lengths, row.seq = "", "", 0
    db.session.commit()
    assert save(tab, reply, "By hand.")["message"]["seq"] == 1
    tab.ask("continue_message", {"message_id": reply})
    tab.ask("stop_message", {"message_id": reply})
    tab.wait_for("message_finished", reply, count=2)
    assert opened(tab, slow)[1]["text"].startswith("By hand.")
