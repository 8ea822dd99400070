"""Things with their number: "1 reply", "12 replies", in the language that is spoken. Knows no chart."""

from __future__ import annotations

from analytics.language import ngettext


def signups(count: int) -> str:
    return ngettext("%(num)s sign-up", "%(num)s sign-ups", count)


def accounts(count: int) -> str:
    return ngettext("%(num)s account", "%(num)s accounts", count)


def people(count: int) -> str:
    return ngettext("%(num)s person", "%(num)s people", count)


def weeks(count: int) -> str:
    return ngettext("%(num)s week", "%(num)s weeks", count)


def questions(count: int) -> str:
    return ngettext("%(num)s question", "%(num)s questions", count)


def replies(count: int) -> str:
    return ngettext("%(num)s reply", "%(num)s replies", count)


def failed_replies(count: int) -> str:
    return ngettext("%(num)s failed reply", "%(num)s failed replies", count)


def tokens(count: int) -> str:
    return ngettext("%(num)s token", "%(num)s tokens", count)


def models(count: int) -> str:
    return ngettext("%(num)s model", "%(num)s models", count)


def other_models(count: int) -> str:
    return ngettext("%(num)s other model", "%(num)s other models", count)


def conversations(count: int) -> str:
    return ngettext("%(num)s conversation", "%(num)s conversations", count)


def decisions(count: int) -> str:
    return ngettext("%(num)s decision", "%(num)s decisions", count)


def opinions(count: int) -> str:
    return ngettext("%(num)s opinion", "%(num)s opinions", count)


def ratings(count: int) -> str:
    return ngettext("%(num)s rating", "%(num)s ratings", count)
