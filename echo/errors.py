"""Every failure that Echo answers with words, as one tree; each class has a public code and a status.

    EchoError
    ├── InvalidInput            bad_payload       400   a field is missing, of the wrong type or form
    │   └── TooLong             too_long          400   longer than the field or the model takes
    ├── NotFound                not_found         404   absent, or not yours: nobody can tell which
    ├── Forbidden               forbidden         403   signed in, but without the right
    │   └── SecondFactorNeeded  second_factor_needed 403   a password alone does not sign this account in
    ├── SignedOut               signed_out        401   no session, or one that has ended
    ├── WrongCredentials        wrong_credentials 401   name or password not right: never which
    ├── StepUpNeeded            step_up_needed    401   signed in, but must prove again who one is
    ├── Conflict                conflict          409   somebody else has it, or changed it first
    ├── RateLimited             rate_limited      429   too many tries; `retry_after` seconds
    ├── QuotaExceeded           quota_exceeded    429   the day's allowance is used up
    ├── Busy                    busy              503   the engine's queue is full; `retry_after`
    ├── EngineFailed            engine_failed     503   the engine could not answer
    ├── StorageUnavailable      storage           503   the database is locked, gone or full
    ├── SourceFailed            source_failed     502   a model cannot be had from where it is, or is not it
    └── ConfigurationError                              raised at start only, never shown to a visitor

It does not know how an error is shown: each edge has one translator.
"""

from __future__ import annotations


class EchoError(Exception):
    """Base of all: `text` says what to do in words for the person; `field` names the input at fault."""

    code = "failed"
    status = 500

    def __init__(
        self, text: str, *, field: str | None = None, retry_after: float | None = None
    ) -> None:
        self.text = str(text)  # one that is said in the reader's language may be lazy
        super().__init__(self.text)
        self.field = field
        self.retry_after = retry_after

    def as_payload(self) -> dict[str, object]:
        """Return the error as the protocol's `error` object."""
        payload: dict[str, object] = {"code": self.code, "text": self.text}
        if self.field is not None:
            payload["field"] = self.field
        if self.retry_after is not None:
            payload["retry_after"] = round(self.retry_after, 1)
        return payload


class InvalidInput(EchoError):
    code, status = "bad_payload", 400


class TooLong(InvalidInput):
    code, status = "too_long", 400


class NotFound(EchoError):
    code, status = "not_found", 404


class Forbidden(EchoError):
    code, status = "forbidden", 403


class SecondFactorNeeded(Forbidden):
    code = "second_factor_needed"


class SignedOut(EchoError):
    code, status = "signed_out", 401


class WrongCredentials(EchoError):
    code, status = "wrong_credentials", 401


class StepUpNeeded(EchoError):
    """`page` is where to go after the proof; without it, back to where the request came from."""

    code, status = "step_up_needed", 401
    page: str | None = None


class Conflict(EchoError):
    code, status = "conflict", 409


class RateLimited(EchoError):
    code, status = "rate_limited", 429


class QuotaExceeded(EchoError):
    code, status = "quota_exceeded", 429


class Busy(EchoError):
    code, status = "busy", 503


class EngineFailed(EchoError):
    code, status = "engine_failed", 503


class StorageUnavailable(EchoError):
    code, status = "storage", 503


class SourceFailed(EchoError):
    code, status = "source_failed", 502


class ConfigurationError(EchoError):
    code, status = "configuration", 500
