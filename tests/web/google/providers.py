"""Two OpenID providers: a real one in a process of its own, and one that cheats in every way it is told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.live.server import free_port, wait_until

CLIENT_ID = "echo-test"
CLIENT_SECRET = "not a secret"
PATIENCE = 60


class RealProvider:
    """`oidc-provider-mock`, a provider that issues real signed tokens for whoever is asked for."""

    def __init__(self) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def discovery(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"

    def start(self) -> RealProvider:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "oidc_provider_mock", "-p", self.url.rpartition(":")[2]],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self.answers, what="the provider answers")
        return self

    def answers(self) -> bool:
        try:
            return requests.get(self.discovery, timeout=PATIENCE).ok
        except requests.RequestException:
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)

    def knows(self, sub: str, **claims: Any) -> None:
        """Let somebody have an account there."""
        requests.put(
            f"{self.url}/users/{quote(sub)}", json=claims, timeout=PATIENCE
        ).raise_for_status()

    def agree(self, location: str, sub: str) -> str:
        """Sign in there as this person; return where one is led back to."""
        return self._post(location, {"sub": sub})

    def cancel(self, location: str) -> str:
        return self._post(location, {"action": "deny"})

    def _post(self, location: str, data: dict[str, str]) -> str:
        answer = requests.post(location, data=data, allow_redirects=False, timeout=PATIENCE)
        assert answer.status_code in (302, 303), answer.text
        return own_path_of(answer.headers["Location"])


class EvilProvider:
    """A provider that answers what the test wants; by itself it is honest."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.other_key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.server: BaseWSGIServer = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=_Silent
        )
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.reset()

    def reset(self) -> None:
        self.claims: dict[str, Any] = {}
        self.without: set[str] = set()
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        self.signing_key: Any = self.key
        self.secret = b""
        self.replies: dict[str, Response] = {}
        self.asked: list[str] = []
        self.token_request: dict[str, str] = {}
        self.nonce = self.challenge = ""
        self.slow_seconds = 0.0
        self.released = threading.Event()

    @property
    def discovery(self) -> str:
        return f"{self.url}/discovery"

    def start(self) -> None:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def agree(self, location: str, code: str = "code") -> str:
        """Note the nonce that Echo sent; return the address that leads back."""
        sent = query_of(location)
        self.nonce, self.challenge = sent["nonce"], sent["code_challenge"]
        return f"{own_path_of(sent['redirect_uri'])}?code={code}&state={sent['state']}"

    def _answer(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.asked.append(request.path)
        if self.slow_seconds:
            self.released.wait(self.slow_seconds)
        reply = self.replies.get(request.path) or self._honest(request)
        return reply(environ, start_response)

    def _honest(self, request: Request) -> Response:
        if request.path == "/discovery":
            return as_json(self.discovery_document())
        if request.path == "/jwks":
            return as_json({"keys": [self.key.as_dict(private=False)]})
        self.token_request = request.form.to_dict()
        token = {"access_token": "a", "token_type": "Bearer", "expires_in": 60}
        return as_json({**token, "id_token": self.id_token()})

    def discovery_document(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }

    def id_token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": "10769150350006150715113082367",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "email": "grace@example.org",
            "email_verified": True,
            "name": "Grace Hopper",
            **self.claims,
        }
        kept = {name: value for name, value in claims.items() if name not in self.without}
        if self.header["alg"] == "RS256":
            return str(jwt.encode(self.header, kept, self.signing_key))
        signed = f"{_b64(_json(self.header))}.{_b64(_json(kept))}"
        if self.header["alg"] == "none":
            return f"{signed}."
        return f"{signed}.{_b64(hmac.digest(self.secret, signed.encode(), 'sha256'))}"

    def verifier_fits(self) -> bool:
        """Tell whether the token request proved that it comes from who began (PKCE, S256)."""
        digest = hashlib.sha256(self.token_request["code_verifier"].encode()).digest()
        return _b64(digest) == self.challenge


class _Silent(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # bodies of unknown length come in chunks, as from Google

    def log(self, *_: Any) -> None:
        """Write nothing."""


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()


def _b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def as_json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status=status, mimetype="application/json")


def query_of(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def own_path_of(location: str) -> str:
    parts = urlsplit(location)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
