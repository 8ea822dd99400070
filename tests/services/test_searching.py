"""Search: one meaning whatever the case and the composition of letters, where each hit stands, a budget."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable

import eventlet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo import limits
from echo.extensions import db
from echo.models import Conversation, Feedback, Message, User
from echo.services import searching
from echo.services.chats import search
from echo.services.searching import Budget, place
from echo.text import folded
from tests.security.attacks.costs import cheap

ALIKE = [
    ("Привет, мир", "привет"),
    ("ПРИВЕТ", "Привет"),
    ("École", "école"),
    ("e\u0301cole", "ÉCOLE"),
    ("École", "e\u0301cole"),
    ("Straße", "STRASSE"),
    ("ΟΔΟΣ", "οδός".replace("ό", "ο")),
    ("ﬃ", "FFI"),
    ("각", "\u1100\u1161\u11a8"),
    ("ẛ̣", "ẛ̣"),
    ("plain", "PLAIN"),
]
OTHER = [("ecole", "école"), ("и", "й"), ("a_b", "a%b"), ("plain", "plane"), ("abc", "abcd")]


def chat_of(user: User, *texts: str, title: str = "A chat") -> Conversation:
    row = Conversation(user_id=user.id, title=title)
    db.session.add(row)
    db.session.flush()
    for number, text in enumerate(texts):
        message = Message(
            conversation_id=row.id, user_id=user.id, ordinal=number, role="user", text=text
        )
        db.session.add(message)
    db.session.commit()
    return row


@pytest.mark.parametrize(("said", "typed"), ALIKE)
def test_case_and_composition_do_not_matter(ada: User, said: str, typed: str) -> None:
    chat = chat_of(ada, "before", f"so {said} it was", "after")
    titled = chat_of(ada, title=f"({said})")
    found = search.search(ada.id, f" {typed} ").results
    assert {each.id for each in found} == {chat.id, titled.id}
    by_id = {each.id: each for each in found}
    assert folded(by_id[chat.id].match) == folded(typed)
    assert by_id[chat.id].snippet_before == "so "
    assert by_id[titled.id].message_id is None


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a walrus", ("a ", "")),
        (
            f"{'walking along the coast ' * 9}our walrus sleeps {'on the grey ice ' * 9}",
            (
                "…along the coast walking along the coast our ",
                " sleeps on the grey ice on the grey ice on the…",
            ),
        ),
        ("x" * 200 + "walrus" + "y" * 200, ("…" + "x" * 50, "y" * 50 + "…")),
        (
            "| animal | weight |\n|---|:-:|\n| a walrus | -900 kg |\n",
            ("animal weight a ", " -900 kg "),
        ),
        ("if a || walrus || b", ("if a || ", " || b")),
        ("海" * 60 + "walrus", ("…" + "海" * 50, "")),
    ],
)
def test_an_excerpt_begins_and_ends_with_words(
    ada: User, said: str, shown: tuple[str, str]
) -> None:
    chat_of(ada, said)
    (hit,) = search.search(ada.id, "walrus").results
    assert (hit.snippet_before, hit.snippet_after) == shown


@pytest.mark.parametrize(("said", "typed"), OTHER)
def test_other_words_are_others(ada: User, said: str, typed: str) -> None:
    chat_of(ada, said, title=said)
    assert search.search(ada.id, typed).results == []


def test_a_hit_names_the_newest_message_that_holds_it(
    ada: User, make_user: Callable[..., User]
) -> None:
    chat = chat_of(ada, "walrus 1", "Walrus 2", "nothing", title="Walrus")
    chat_of(make_user("bob"), "walrus of bob")
    (hit,) = search.search(ada.id, "WALRUS").results
    message = db.session.get_one(Message, hit.message_id)
    assert (hit.id, message.text, hit.match) == (chat.id, "Walrus 2", "Walrus")


def test_newest_conversation_comes_first_and_deleted_ones_not(ada: User) -> None:
    first, second, gone = (chat_of(ada, "walrus") for _ in range(3))
    gone.deleted_at = gone.updated_at
    first.updated_at = second.updated_at.replace(year=2099)
    db.session.commit()
    assert [each.id for each in search.search(ada.id, "walrus").results] == [first.id, second.id]


@given(st.text(max_size=60), st.text(max_size=300), st.text(max_size=60))
def test_whatever_stands_in_a_text_is_found_there(before: str, words: str, after: str) -> None:
    text = f"{before} {words} {after}"
    wanted = folded(words.strip())
    span = place(text, wanted)
    if span is None:  # joined with its neighbours into other letters
        assert wanted not in folded(text)
        return
    start, end = span
    assert 0 <= start <= end <= len(text)
    assert wanted in folded(text[start:end])


@pytest.mark.parametrize("before", [0, 1, 255, 256, 257, 5000])
@pytest.mark.parametrize("letter", ["x", "ß", "İ", "e\u0301", "\u1100\u1161\u11a8", "👩🏽‍👧"])
def test_places_far_into_a_text(before: int, letter: str) -> None:
    text = letter * before + "École" + letter * 300
    span = place(text, folded("e\u0301cole"))
    assert span is not None
    assert text[slice(*span)] == "École"


@given(st.text(max_size=200))
def test_folding_is_one_for_every_way_to_write(text: str) -> None:
    once = folded(text)
    assert folded(unicodedata.normalize("NFD", text)) == folded(unicodedata.normalize("NFC", text))
    assert len(once) <= 3 * len(text) + 3


def test_many_marks_are_folded_in_time() -> None:
    with cheap("folding marks"):
        folded("a" + "\u0301\u0316" * 60_000)
        folded("й" * 200_000)


# ── the budget ──────────────────────────────────────────────────────────────────────────────


def test_forty_long_messages_do_not_hold_the_hub(ada: User) -> None:
    long = [("Ж" * 15_990 + f" {number}") for number in range(40)]
    chat_of(ada, *long)
    gaps, over = [], []

    def watch() -> None:
        last = time.process_time()
        while not over:
            eventlet.sleep(0)
            now = time.process_time()
            gaps.append(now - last)
            last = now

    watcher = eventlet.spawn(watch)
    eventlet.sleep(0)
    assert search.search(ada.id, "there is no such word").results == []
    over.append(True)
    watcher.wait()
    assert max(gaps) < 0.1, max(gaps)
    assert len(gaps) > 1, "nobody else had a turn"


def test_rows_are_counted_and_what_is_left_out_is_said(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = chat_of(ada, *["walrus"] * 3)
    old.updated_at = old.updated_at.replace(year=2001)
    chat_of(ada, *["nothing"] * 6)
    db.session.commit()
    for rows, found, is_cut in ((5, 0, True), (8, 0, True), (9, 1, False), (100, 1, False)):
        monkeypatch.setattr(search, "SEARCH_ROWS", rows)
        answer = search.search(ada.id, "walrus")
        assert (len(answer.results), answer.is_cut) == (found, is_cut), rows


def test_time_is_counted(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    chat_of(ada, "walrus")
    monkeypatch.setattr(search, "SEARCH_SECONDS", -1)
    assert search.search(ada.id, "walrus") == search.Found([], is_cut=True)


@pytest.mark.parametrize("slice_rows", [1, 2, 3, 7, 200])
@pytest.mark.parametrize("most", [0, 1, 6, 7, 8])
def test_every_row_comes_once(
    ada: User, monkeypatch: pytest.MonkeyPatch, slice_rows: int, most: int
) -> None:
    monkeypatch.setattr(searching, "SLICE_ROWS", slice_rows)
    for number in range(7):
        db.session.add(Feedback(user_id=ada.id, opinion=f"{number}", category="idea"))
    db.session.commit()
    budget = Budget(most, 60)
    query = db.select(Feedback.id, Feedback.opinion)
    opinions = [row.opinion for row in budget.rows(query)]
    assert opinions == [f"{number}" for number in range(6, -1, -1)][:most]
    assert (budget.read, budget.is_cut) == (min(most, 7), most < 7)


def test_a_long_query_is_cut_and_an_empty_one_finds_nothing(ada: User) -> None:
    chat_of(ada, "x" * limits.SEARCH_CHARS)
    with cheap("a query of a megabyte"):
        assert len(search.search(ada.id, "x" * 1_000_000).results) == 1
    for nothing in ("", "   ", "\n"):
        assert search.search(ada.id, nothing).results == []
