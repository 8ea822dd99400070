"""What people and administrators do about an account, each in a browser of their own."""

from __future__ import annotations

import re
import zlib
from typing import Final

from tests.faults.stored import Stored
from tests.live.server import LiveServer, Person

VERSION: Final = re.compile(r'name="version"[^>]* value="([^"]*)"')


def signed_in(server: LiveServer, name: str) -> Person:
    """Return somebody in a new browser, at an address of their own: limits count by it."""
    person = server.person(name).sign_in()
    number = zlib.crc32(name.encode()) % 60_000
    person.http.headers["X-Forwarded-For"] = f"10.1.{number // 250}.{number % 250}"
    return person


def send_form(person: Person, path: str, **data: str) -> bool:
    """Send a form as the page's script does; tell whether it was taken."""
    answer = person.http.post(
        person.server.url + path,
        data={"csrf_token": person.csrf, **data},
        headers={"X-Requested-With": "XMLHttpRequest", "Referer": person.server.url},
        timeout=10,
    )
    return answer.status_code == 200


def switch(root: Person, stored: Stored, name: str, active: bool) -> bool:
    """Let somebody sign in or not; tell whether it is so now."""
    act, row = "switch_on" if active else "switch_off", str(stored.person(name)["id"])
    send_form(root, "/admin/users/action/", action=act, rowid=row, confirmed="yes")
    return bool(stored.person(name)["active"]) is active


def give_role(root: Person, stored: Stored, name: str, role: str) -> bool:
    """Give somebody a role; tell whether they have it now."""
    person = stored.person(name)
    path = f"/admin/users/edit/?id={person['id']}"
    seen = VERSION.search(root.http.get(root.server.url + path, timeout=10).text)
    if seen and person["role"] != role:
        same = {"username": name, "email": person["email"], "active": "y"}
        send_form(root, path, version=seen[1], role=role, **same)
    return bool(stored.person(name)["role"] == role)
