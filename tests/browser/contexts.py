"""Browser contexts that one test leaves to the next: what was fetched and compiled stays, what was said goes.

A page in a context of its own costs the processors a second; in one that has shown a page before, half.
"""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, BrowserContext

SAID = "local_storage,indexeddb,cache_storage,file_systems,websql"
Options = tuple[tuple[str, str], ...]


class Contexts:
    """Those of one browser: who uses which, and which are free, by their options."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[Options, list[BrowserContext]] = {}
        self._taken: dict[BrowserContext, Options] = {}

    def take(self, **options: Any) -> BrowserContext:
        """Return one that holds no cookie, page, permission or note."""
        key = tuple((name, repr(value)) for name, value in sorted(options.items()))
        free = self._free.setdefault(key, [])
        context = free.pop() if free else self._browser.new_context(**options)
        self._taken[context] = key
        return context

    def give_back(self, context: BrowserContext, origin: str) -> None:
        """Empty one for the next test; one with a worker of its own, which would live on, is closed."""
        key = self._taken.pop(context)
        if ("service_workers", repr("allow")) in key:
            context.close()
            return
        for page in context.pages:
            page.close()
        context.unroute_all()
        context.set_offline(False)
        context.clear_permissions()
        context.clear_cookies()
        _forget(context, origin)
        self._free[key].append(context)


def _forget(context: BrowserContext, origin: str) -> None:
    """Empty what pages of this origin have stored; another server's address is another origin."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": SAID})
    page.close()
