"""Addresses of all routes, with something in the place of each argument."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import Rule


def paths(app: Flask, method: str, **known: str) -> list[str]:
    """Return one address per route that takes `method`; `known` fills arguments by name."""
    adapter = app.url_map.bind("localhost")
    return [
        adapter.build(rule.endpoint, arguments(rule, known), method=method)
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or ()) and not (rule.defaults and rule.arguments)
    ]


def arguments(rule: Rule, known: dict[str, str]) -> dict[str, str]:
    return {name: first_value(rule, name, known.get(name, "1")) for name in rule.arguments}


def first_value(rule: Rule, name: str, wanted: str) -> str:
    choices = getattr(rule._converters.get(name), "items", None)
    return wanted if not choices or wanted in choices else sorted(choices)[0]
