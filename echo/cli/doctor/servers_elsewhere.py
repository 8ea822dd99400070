"""Do the servers that compute for this Echo answer, take its key, and have the models that it asks for?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import requests
from requests import RequestException, Response

from echo import config
from echo.cli.doctor.finding import Finding
from echo.config import Settings
from echo.remote.config import base_of, shown

PART: Final = "model"
SECONDS: Final = 5.0
REFUSED: Final = (401, 403)


def check(settings: Settings) -> Iterator[Finding]:
    """Ask each of them for its models."""
    key = settings.engine_key.get_secret_value()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    wanted = config.parted(settings.engine_model)
    for address in config.parted(settings.engine_url):
        url = f"{base_of(address)}/models"
        try:
            response = requests.get(url, headers=headers, timeout=SECONDS, allow_redirects=False)
        except RequestException as failure:
            said = f"The server at {shown(address)} does not answer: {failure}"
            do = "Does it run, and is its address in ECHO_ENGINE_URL right?"
            yield Finding(PART, "problem", said, do)
        else:
            yield _judged(shown(address), response, wanted)


def _judged(server: str, response: Response, wanted: tuple[str, ...]) -> Finding:
    if response.status_code in REFUSED:
        said = f"The server at {server} refuses the key."
        return Finding(PART, "problem", said, "Mend ECHO_ENGINE_KEY.")
    try:
        names = [str(one["id"]) for one in response.json()["data"]]
    except (ValueError, TypeError, KeyError):
        said = f"The server at {server} lists no models (status {response.status_code})."
        return Finding(
            PART, "problem", said, "ECHO_ENGINE_URL wants servers with OpenAI's protocol."
        )
    missing = sorted(set(wanted) - set(names))
    if missing:
        said = f"The server at {server} has no {' and no '.join(missing)}."
        return Finding(PART, "problem", said, f"It has {', '.join(names)}: mend ECHO_ENGINE_MODEL.")
    return Finding(PART, "ok", f"The server at {server} has {', '.join(names)}.")
