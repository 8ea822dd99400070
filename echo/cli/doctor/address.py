"""Is Echo at the address that people use, and does what stands in front of it say who asks, and how?"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import requests
from requests import RequestException, Response

from echo.cli.doctor.finding import Finding
from echo.config import Settings

PART: Final = "address"
SECONDS: Final = 5.0
ANYWHERE: Final = ("0.0.0.0", "::")


def check(settings: Settings) -> Iterator[Finding]:
    """Compare the settings with each other, then ask Echo where people ask it."""
    yield from _consistency(settings)
    here = _health(_own_address(settings))
    if settings.public_url:
        yield from _public(settings.public_url, runs=here is not None)
    elif here is None:
        yield Finding(PART, "ok", f"Echo does not run at {_own_address(settings)} now.")
    else:
        yield Finding(PART, "ok", f"Echo answers at {_own_address(settings)}.")


def _own_address(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in ANYWHERE else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _consistency(settings: Settings) -> Iterator[Finding]:
    public = urlsplit(settings.public_url)
    if public.scheme == "https" and not settings.trusted_proxies:
        yield Finding(
            PART,
            "problem",
            "People come by https, so through a proxy, but no proxy is trusted: all of them count as one "
            "address, and cookies are not kept to https.",
            "Set ECHO_TRUSTED_PROXIES=1, and let the proxy set X-Forwarded-For, -Proto and -Host.",
        )
    if settings.trusted_proxies and not _is_own(settings.host):
        yield Finding(
            PART,
            "warning",
            f"Proxies are trusted, and {settings.host}:{settings.port} can be reached without them: who does "
            "can claim any address.",
            "Set HOST=127.0.0.1, or let a firewall open the port to the proxy alone.",
        )
    if public.scheme == "http" and not _is_own(public.hostname or ""):
        yield Finding(
            PART,
            "warning",
            f"People come to {settings.public_url} unencrypted: passwords can be read on the way.",
            "Put a proxy with TLS in front: deploy/nginx.conf",
        )


def _public(url: str, runs: bool) -> Iterator[Finding]:
    if not runs:
        yield Finding(PART, "warning", f"Echo does not run now: {url} was not tried.", "Start it.")
        return
    try:
        response = requests.get(f"{url}/healthz", timeout=SECONDS, allow_redirects=False)
    except requests.exceptions.SSLError as failure:
        do = "Renew the certificate, or give the proxy the whole chain."
        yield Finding(PART, "problem", f"{url} has no certificate that holds: {failure}", do)
        return
    except RequestException as failure:
        do = "Look at the proxy, the firewall and the name; ECHO_PUBLIC_URL must be right."
        yield Finding(PART, "problem", f"Echo runs, but {url} does not answer: {failure}", do)
        return
    yield _judged(url, response)


def _judged(url: str, response: Response) -> Finding:
    if response.is_redirect:
        said = f"{url} leads on to {response.headers['Location']}."
        return Finding(PART, "problem", said, "Set ECHO_PUBLIC_URL to where people arrive.")
    if not _is_echo(response):
        said = f"What answers at {url} is not Echo (status {response.status_code})."
        return Finding(PART, "problem", said, "Let the proxy pass everything on to Echo.")
    if url.startswith("https:") and "Strict-Transport-Security" not in response.headers:
        return Finding(
            PART,
            "problem",
            f"Echo answers at {url}, but takes requests from there for unencrypted ones.",
            "Let the proxy set X-Forwarded-Proto, and set ECHO_TRUSTED_PROXIES.",
        )
    return Finding(PART, "ok", f"Echo answers at {url}.")


def _health(address: str) -> Response | None:
    """Return what Echo says of itself at an address; None where no Echo answers."""
    try:
        response = requests.get(f"{address}/healthz", timeout=SECONDS)
    except RequestException:
        return None
    return response if _is_echo(response) else None


def _is_echo(response: Response) -> bool:
    try:
        return bool(response.json() == {"status": "ok"})
    except ValueError:
        return False


def _is_own(host: str) -> bool:
    """Tell whether only this machine can reach a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
