"""Takes over the picture of somebody who came by Google. Knows no accounts and no protocol.

This is the only address outside that Echo reads besides the OpenID provider's own, so it is read with
care: from Google's picture servers alone, without following redirects, up to a size and a time.
"""

from __future__ import annotations

import re
import time
from typing import Final

import requests
import structlog
from flask import Flask

from echo.errors import EchoError, InvalidInput, TooLong
from echo.languages import gettext
from echo.services.accounts import profile_pictures

log = structlog.get_logger()

ADDRESS: re.Pattern[str] = re.compile(r"https://lh[3-6]\.googleusercontent\.com/[!-\[\]-~]*")
"""The picture servers. Other names under that domain belong to Google's customers (virtual machines,
scripts); the host is written out up to its slash, so that no two programs can read it differently."""
MAX_BYTES: Final = 2_000_000
CHUNK_BYTES: Final = 65_536
TIMEOUT_SECONDS: Final = 5.0
TOTAL_SECONDS: Final = 15.0


def is_trusted(address: str) -> bool:
    """Tell whether the address is on one of Google's picture servers."""
    return ADDRESS.fullmatch(address) is not None


def fetch(address: str) -> bytes:
    """Return what is at the address.

    Raises:
        InvalidInput: the address is not trusted, or the answer is no plain 200.
        TooLong: more than MAX_BYTES, or more than TOTAL_SECONDS.
        requests.RequestException, OSError: the server cannot be reached.
    """
    if not is_trusted(address):
        raise InvalidInput(gettext("This is not an address of Google's pictures."))
    with requests.get(
        address,
        timeout=TIMEOUT_SECONDS,
        allow_redirects=False,
        stream=True,
        headers={"Accept-Encoding": "identity"},
    ) as response:
        if response.status_code != 200:
            raise InvalidInput(
                gettext(
                    "Google's picture server answered %(status)s.",
                    status=response.status_code,
                )
            )
        return _read(response)


def _read(response: requests.Response) -> bytes:
    """Read piece by piece, for a length that is announced may be wrong or missing."""
    deadline = time.monotonic() + TOTAL_SECONDS
    content = b""
    while piece := response.raw.read1(CHUNK_BYTES, decode_content=False):
        content += piece
        if len(content) > MAX_BYTES or time.monotonic() > deadline:
            raise TooLong(gettext("Google's picture is too large or too slow."))
    return content


def keep(app: Flask, user_id: int, address: str) -> None:
    """Store the picture of a new account; to be spawned, for the person does not wait for it.

    What goes wrong is logged: without a picture their letter is shown.
    """
    with app.app_context():
        try:
            raw = fetch(address)
            if profile_pictures.id_of(user_id) is None:
                profile_pictures.store(user_id, raw)
        except (EchoError, requests.RequestException, OSError) as failure:
            log.info("no picture from google", user_id=user_id, reason=str(failure))
