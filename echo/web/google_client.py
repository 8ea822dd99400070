"""Authlib's OpenID client: discovery, state, nonce, PKCE, and the checks of the token. Knows no accounts.

Imported only where Google is configured, for Authlib takes 18 MB. What belongs to a sign-in that has begun
lies in the cache; the cookie only names it, so that an old cookie brings nothing back.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import requests
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from flask import Flask, current_app, request, session
from joserfc.errors import JoseError

from echo.config import Settings
from echo.errors import WrongCredentials
from echo.extensions import cache
from echo.languages import gettext, mark

log = structlog.get_logger()

EXTENSION: Final = "authlib.integrations.flask_client"
NAME: Final = "google"
TIMEOUT_SECONDS: Final = 5
STATE_SECONDS: Final = 600
STATES_KEPT: Final = 4  # tabs in which one browser may sign in at once: a cookie has little room
LEEWAY_SECONDS: Final = 60
SCOPE: Final = "openid email profile"
ENDPOINTS: Final = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
ALGORITHMS: Final = ["RS256", "PS256", "ES256"]  # by key pair: neither "none" nor a shared secret

UNREACHABLE: Final = mark(
    "Google cannot be reached just now. Please try again, or sign in with your password."
)
CANCELLED: Final = mark("You cancelled at Google, so nothing was changed.")
REFUSED: Final = mark("Google did not allow it. Please try again.")
NOT_BEGUN: Final = mark("This sign-in was used already or has expired. Please start again.")
CODE_REFUSED: Final = mark("Google did not confirm the sign-in. Please start again.")
UNPROVEN: Final = mark(
    "Google's answer could not be verified, so nobody was signed in. Please try again."
)


class StateCache:
    """Echo's cache with the three methods that Authlib asks for."""

    def get(self, key: str) -> Any:
        return cache.get(f"openid/{key}")

    def set(self, key: str, value: str, _seconds: int) -> None:
        cache.set(f"openid/{key}", value, timeout=STATE_SECONDS)

    def delete(self, key: str) -> None:
        cache.delete(f"openid/{key}")


class Provider(FlaskOAuth2App):
    """Authlib's client; of what discovery says it keeps only what Echo uses, once that is sound."""

    def load_server_metadata(self) -> dict[str, Any]:
        """Return the provider's addresses, read once.

        Raises:
            requests.RequestException, ValueError: it cannot be reached, or answers something else.
        """
        metadata: dict[str, Any] = self.server_metadata
        if not metadata:
            with self._get_session() as web:
                answer = web.get(self._server_metadata_url, withhold_token=True)
                answer.raise_for_status()
                found = answer.json()
            metadata = {name: _address(found, name) for name in ENDPOINTS}
            metadata["id_token_signing_alg_values_supported"] = ALGORITHMS
            metadata["_loaded_at"] = time.time()
            self.server_metadata: dict[str, Any] = metadata
        return metadata


def _address(found: object, name: str) -> str:
    value = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        raise ValueError(f"the provider's discovery document has no usable {name}")
    return value


def init_app(app: Flask, settings: Settings) -> None:
    """Put the client into the application's extensions; nothing is fetched before it is used."""
    OAuth(app, cache=StateCache()).register(
        NAME,
        client_cls=Provider,
        client_id=settings.google_client_id,
        client_secret=settings.google_client_secret,
        server_metadata_url=settings.google_discovery_url,
        authorize_params={"prompt": "select_account"},
        client_kwargs={
            "scope": SCOPE,
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT_SECONDS,
            "max_redirects": 0,  # no address but the provider's own is read
        },
    )


def _provider() -> Any:
    return current_app.extensions[EXTENSION].create_client(NAME)


def begin(redirect_uri: str, kept: Mapping[str, object]) -> str:
    """Begin a sign-in; return the provider's address. `kept` comes back by `kept_of_request`.

    Raises:
        WrongCredentials: the provider cannot be reached or answers something else.
    """
    provider = _provider()
    try:
        begun = provider.create_authorization_url(redirect_uri)
    except (requests.RequestException, ValueError) as failure:
        log.warning("the openid provider does not answer", reason=str(failure))
        raise WrongCredentials(gettext(UNREACHABLE)) from failure
    _forget_oldest()
    provider.save_authorize_data(redirect_uri=redirect_uri, kept=dict(kept), **begun)
    address: str = begun["url"]
    return address


def _forget_oldest() -> None:
    states = [key for key in session if key.startswith(f"_state_{NAME}_")]
    states.sort(key=lambda key: float(session[key]["exp"]))
    for key in states[: max(0, len(states) - STATES_KEPT + 1)]:
        cache.delete(f"openid/{key}")
        session.pop(key)


def kept_of_request() -> dict[str, Any] | None:
    """Return what was kept for the sign-in that this request ends; None for one that never began."""
    begun = _provider().framework.get_state_data(session, request.args.get("state", ""))
    return begun["kept"] if begun else None


def claims() -> dict[str, Any]:
    """End the sign-in of this request, once; return the claims of its token, all of them checked.

    Raises:
        WrongCredentials: in every other case; the text says which.
    """
    provider = _provider()
    state = request.args.get("state", "")
    if error := request.args.get("error"):
        provider.framework.clear_state_data(session, state)
        reason = CANCELLED if error == "access_denied" else REFUSED
        raise WrongCredentials(gettext(reason))
    if kept_of_request() is None:
        raise WrongCredentials(gettext(NOT_BEGUN))
    try:
        return _checked_claims(provider)
    except (requests.RequestException, AuthlibBaseError, JoseError) as failure:
        provider.server_metadata.pop("jwks", None)  # perhaps no good keys: they are read again
        log.warning("google sign-in failed", reason=repr(failure))
        raise WrongCredentials(gettext(_words(failure))) from failure
    except (ValueError, TypeError, KeyError, AttributeError) as failure:  # JSON of another shape
        provider.server_metadata.pop("jwks", None)
        log.warning("the openid provider answers something else", reason=repr(failure))
        raise WrongCredentials(gettext(UNPROVEN)) from failure


def _checked_claims(provider: Any) -> dict[str, Any]:
    """Let Authlib exchange the code and check signature, issuer, audience, times and nonce."""
    metadata = provider.load_server_metadata()
    token = provider.authorize_access_token(
        claims_options={
            "iss": {"essential": True, "value": metadata["issuer"]},
            "aud": {"essential": True, "value": provider.client_id},
        },
        leeway=LEEWAY_SECONDS,
    )
    return dict(token["userinfo"])


def _words(failure: Exception) -> str:
    if isinstance(failure, JoseError):
        return UNPROVEN
    return UNREACHABLE if isinstance(failure, requests.RequestException) else CODE_REFUSED
