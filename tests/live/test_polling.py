"""Socket.IO by polling, as behind proxies without WebSockets: bursts are answered, every event of them."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from tests.live.server import PATIENCE, Person


class Polling:
    """A client that polls, and says as much at once as it likes."""

    def __init__(self, person: Person) -> None:
        self.http = person.http
        self.address = f"{person.server.url}/socket.io/?EIO=4&transport=polling"
        opened = self.http.get(self.address, timeout=PATIENCE).text
        self.address += f"&sid={json.loads(opened[1:])['sid']}"
        self.say("40")
        self.packets: list[str] = []
        self.hear_until(lambda: any(packet.startswith("40") for packet in self.packets))

    def say(self, *packets: str) -> int:
        return self.http.post(self.address, "\x1e".join(packets), timeout=PATIENCE).status_code

    def hear_until(self, enough: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while not enough():
            assert time.monotonic() < deadline, self.packets[-5:]
            heard = self.http.get(self.address, timeout=PATIENCE)
            assert heard.status_code == 200, heard.text
            for packet in heard.text.split("\x1e"):
                self.packets.append(packet)
                if packet == "2":
                    self.say("3")

    def answers(self) -> dict[int, Any]:
        found = (re.match(r"43(\d+)(\[.*)", packet) for packet in self.packets)
        return {int(match[1]): json.loads(match[2])[0] for match in found if match}


@pytest.mark.parametrize("count", [16, 17, 20, 200])
def test_every_event_of_a_burst_is_answered(count: int, ada: Person) -> None:
    client = Polling(ada)
    burst = [
        f'42{number}["close_conversation",{{"conversation_id":"x"}}]' for number in range(count)
    ]
    assert client.say(*burst) == 200
    client.hear_until(lambda: len(client.answers()) == count)
    assert all(answer["ok"] for answer in client.answers().values())
    client.say("1")


def test_more_than_anybody_says_at_once_ends_the_connection_with_an_answer(ada: Person) -> None:
    client = Polling(ada)
    assert client.say(*(["3"] * 1_001)) == 400
    assert client.say("3") == 400  # it is gone, so that a client that does this connects anew
    assert Polling(ada).answers() == {}


def test_burst_keeps_its_good_events_beside_bad_ones(ada: Person) -> None:
    client = Polling(ada)
    burst = [
        f'42{number}["stop_message",{{"message_id":"{"x" * (number % 2)}"}}]'
        for number in range(40)
    ]
    client.say(*burst)
    client.hear_until(lambda: len(client.answers()) == 40)
    codes = [client.answers()[number]["error"]["code"] for number in range(40)]
    assert codes == ["bad_payload", "not_found"] * 20
    client.say("1")


def test_answer_to_a_question_comes_by_polling(ada: Person) -> None:
    client = Polling(ada)
    client.say('420["send_message",{"text":"brief","client_id":"polled"}]')
    client.hear_until(lambda: any('"message_finished"' in packet for packet in client.packets))
    pieces = [json.loads(p[2:])[1] for p in client.packets if p.startswith('42["receive_message"')]
    assert "".join(piece["text"] for piece in pieces) == "A brief answer."
    client.say("1")
