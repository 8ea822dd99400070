"""An account that is switched off: its replies stop at once, those of others go on."""

from __future__ import annotations

from collections.abc import Callable

import eventlet
from flask import Flask

from echo.models import User
from tests.conftest import PATIENCE, Tab, switch


def test_running_replies_stop_when_the_account_is_switched_off(
    app: Flask, ada: User, tab: Tab, open_tab: Callable[[User], Tab], make_user: Callable[..., User]
) -> None:
    bob = open_tab(make_user("bob"))
    replies = [asker.ask("send_message", {"text": "slow"})["reply"]["id"] for asker in (tab, bob)]
    second = tab.ask("send_message", {"text": "slow again"})["reply"]["id"]
    turns = app.extensions["turns"]
    switch(ada, False)
    with eventlet.Timeout(PATIENCE):
        while {replies[0], second} & set(turns.live):
            eventlet.sleep(0.01)
    assert replies[1] in turns.live
    assert not turns.live[replies[1]].stopping
    turns.everywhere.stop_all_of_user(bob_id := turns.live[replies[1]].user_id)
    assert bob_id != ada.id


def test_switching_on_stops_nothing(app: Flask, ada: User, tab: Tab) -> None:
    reply = tab.ask("send_message", {"text": "slow"})["reply"]["id"]
    switch(ada, True)
    turn = app.extensions["turns"].live[reply]
    assert not turn.stopping
    turn.stop()
