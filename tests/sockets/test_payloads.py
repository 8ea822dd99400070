"""Payloads of any shape are acknowledged with a code from the contract, and crash nothing."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from echo.models import User
from echo.services.sign_in import devices
from echo.sockets.access import RULES
from tests.conftest import Tab

EXPECTED_CODES = {"bad_payload", "too_long", "not_found", "busy"}
KEYS = [
    *("client_id", "conversation_id", "parent_id", "settings", "text", "message_id", "before"),
    *("after_seq", "rating", "reasons", "comment", "temperature", "system_prompt", "top_k"),
]
KNOWN_CONVERSATION = "known conversation"
KNOWN_QUESTION = "known question"
KNOWN_REPLY = "known reply"

any_text = st.text(st.characters(exclude_categories=()), max_size=20)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    any_text,
    st.sampled_from([KNOWN_CONVERSATION, KNOWN_QUESTION, KNOWN_REPLY, "inaccurate", -1, 0, 1]),
)
any_json = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.one_of(st.sampled_from(KEYS), any_text), inner, max_size=6)
    ),
    max_leaves=8,
)
near_misses = st.dictionaries(st.sampled_from(KEYS), any_json, min_size=1, max_size=6)
payloads = st.one_of(any_json, near_misses)


@pytest.fixture
def known(tab: Tab) -> dict[str, str]:
    """Ids that exist, so that payloads get past the first check now and then."""
    asked = tab.ask("send_message", {"client_id": "known", "text": "Hi"})
    tab.wait_for("message_finished", asked["reply"]["id"])
    return {
        KNOWN_CONVERSATION: asked["conversation_id"],
        KNOWN_QUESTION: asked["message"]["id"],
        KNOWN_REPLY: asked["reply"]["id"],
    }


def with_known(value: Any, known: dict[str, str]) -> Any:
    """Put real ids where a payload says "known …"."""
    if isinstance(value, dict):
        return {key: with_known(inner, known) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_known(inner, known) for inner in value]
    return known.get(value, value) if isinstance(value, str) else value


def assert_contract(answer: Any) -> None:
    assert isinstance(answer, dict)
    if answer["ok"] is True:
        return
    error = answer["error"]
    assert error["code"] in EXPECTED_CODES, error
    assert isinstance(error["text"], str)
    assert error["text"]
    assert isinstance(error.get("field", ""), str)


@pytest.mark.parametrize("name", sorted(RULES))
def test_any_payload_is_answered(name: str, tab: Tab, known: dict[str, str]) -> None:
    @settings(
        max_examples=40,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(payloads)
    def answered(raw: Any) -> None:
        assert_contract(tab.ask(name, with_known(raw, known)))

    answered()
    assert tab.ask("open_conversation", {"conversation_id": known[KNOWN_CONVERSATION]})["ok"]


@pytest.mark.parametrize("name", sorted(RULES))
def test_no_argument_or_several_are_answered(name: str, tab: Tab) -> None:
    assert_contract(tab.ask(name))
    assert_contract(tab.ask(name, 1, {"text": ""}, [None]))
    assert_contract(tab.ask(name, b"\x00\xff binary"))
    assert_contract(tab.ask(name, {"text": b"\x00", "message_id": b"\xff"}))


@pytest.mark.parametrize(
    "name", ["drop_tables", "", "*", "Send_Message", "x" * 500, "message", "live_stats"]
)
@pytest.mark.parametrize("payload", [(), ({"now": True},), (1, 2, 3)])
def test_unknown_event_is_answered_with_its_name(
    name: str, payload: tuple[Any, ...], tab: Tab
) -> None:
    answer = tab.ask(name, *payload)
    assert (answer["ok"], answer["error"]["code"]) == (False, "bad_payload")
    assert name[:40] in answer["error"]["text"]
    assert len(answer["error"]["text"]) < 100


def test_unknown_event_of_somebody_signed_out_is_refused_as_any(tab: Tab, ada: User) -> None:
    devices.revoke_all(ada.id, reason="A test.")
    assert (
        tab.ask("drop_tables")["error"]["code"]
        == tab.ask("resume", {})["error"]["code"]
        == "signed_out"
    )


def test_unknown_event_harms_nothing(tab: Tab) -> None:
    tab.ask("drop_tables", {"now": True})
    assert tab.ask("send_message", {"client_id": "c1", "text": "Hi"})["ok"]


MISSING = "bad_payload"
FAULTS: list[tuple[str, Any, str, str | None]] = [
    ("send_message", None, "bad_payload", None),
    ("send_message", 7, "bad_payload", None),
    ("send_message", {"client_id": "c"}, "bad_payload", "text"),
    ("send_message", {"text": 7}, "bad_payload", "text"),
    ("send_message", {"text": True}, "bad_payload", "text"),
    ("send_message", {"text": "Hi", "client_id": ""}, "bad_payload", "client_id"),
    ("send_message", {"text": "Hi", "client_id": "c" * 65}, "bad_payload", "client_id"),
    ("send_message", {"text": "Hi", "client_id": "ä"}, "bad_payload", "client_id"),
    ("send_message", {"text": "Hi", "conversation_id": "nope"}, "not_found", "conversation_id"),
    ("send_message", {"text": "Hi", "parent_id": "nope"}, "not_found", "message_id"),
    ("send_message", {"text": "Hi", "settings": []}, "bad_payload", "settings"),
    ("send_message", {"text": "Hi", "settings": {"top_p": 0}}, "bad_payload", "top_p"),
    ("send_message", {"text": "Hi", "settings": {"magic": 1}}, "bad_payload", "magic"),
    ("send_message", {"text": "Hi", "settings": {"top_k": True}}, "bad_payload", "top_k"),
    ("open_conversation", {}, "bad_payload", "conversation_id"),
    ("open_conversation", {"conversation_id": "nope"}, "not_found", "conversation_id"),
    ("close_conversation", {}, "bad_payload", "conversation_id"),
    ("resume", {"message_id": "nope", "after_seq": 0}, "not_found", "message_id"),
    ("resume", {"message_id": "nope"}, "bad_payload", "after_seq"),
    ("resume", {"message_id": "nope", "after_seq": -1}, "bad_payload", "after_seq"),
    ("resume", {"message_id": "nope", "after_seq": 1.5}, "bad_payload", "after_seq"),
    ("stop_message", {"message_id": "nope"}, "not_found", "message_id"),
    ("regenerate_message", {"message_id": "nope"}, "not_found", "message_id"),
    ("continue_message", {"message_id": "nope"}, "not_found", "message_id"),
    ("edit_message", {"message_id": "nope", "text": " "}, "bad_payload", "text"),
    ("edit_message", {"message_id": "nope", "text": "Hi"}, "not_found", "message_id"),
    ("select_branch", {"message_id": None}, "bad_payload", "message_id"),
    ("rate_message", {"message_id": "nope", "rating": 2}, "bad_payload", "rating"),
    ("rate_message", {"message_id": "nope", "rating": "1"}, "bad_payload", "rating"),
    ("rate_message", {"message_id": "nope", "rating": 1, "reasons": ["x"]}, MISSING, "reasons"),
    ("rate_message", {"message_id": "nope", "rating": 1, "comment": "c" * 1001}, "too_long", None),
]


@pytest.mark.parametrize(("name", "payload", "code", "field"), FAULTS)
def test_refusal_names_code_and_field(
    name: str, payload: Any, code: str, field: str | None, tab: Tab
) -> None:
    answer = tab.ask(name, payload)
    assert answer["ok"] is False
    assert answer["error"]["code"] == code
    assert field in (None, answer["error"].get("field"))


def test_questions_and_answers_are_not_mixed_up(tab: Tab, known: dict[str, str]) -> None:
    question = {"message_id": known[KNOWN_QUESTION]}
    reply = {"message_id": known[KNOWN_REPLY]}
    for name, payload in (
        ("regenerate_message", question),
        ("continue_message", question),
        ("stop_message", question),
        ("rate_message", {**question, "rating": 1}),
        ("edit_message", {**reply, "client_id": "c2", "text": "Other words"}),
        ("continue_message", reply),
        ("send_message", {"text": "Hi", "parent_id": known[KNOWN_REPLY]}),
    ):
        answer = tab.ask(name, payload)
        assert answer["error"]["code"] == "bad_payload", name
