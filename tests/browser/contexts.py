"""Browser contexts that one test leaves to the next: what was fetched and compiled stays, what was said goes.

A page in a context of its own costs the processors a second; in one that has shown a page before, half.
"""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, BrowserContext

SAID = "local_storage,indexeddb,cache_storage,file_systems,websql"


class Contexts:
    """Those of one browser that nobody uses, by their options."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[BrowserContext]] = {}

    def take(self, **options: Any) -> BrowserContext:
        """Return one that holds no cookie, page, permission or note."""
        free = self._free.setdefault(repr(sorted(options.items())), [])
        return free.pop() if free else self._browser.new_context(**options)

    def give_back(self, context: BrowserContext, origin: str, **options: Any) -> None:
        """Empty one for the next test; one with a worker of its own, which would live on, is closed."""
        if options["service_workers"] == "allow":
            context.close()
            return
        for page in context.pages:
            page.close()
        context.unroute_all()
        context.set_offline(False)
        context.clear_permissions()
        context.clear_cookies()
        _forget(context, origin)
        self._free[repr(sorted(options.items()))].append(context)


def _forget(context: BrowserContext, origin: str) -> None:
    """Empty what pages of this origin have stored; another server's address is another origin."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": SAID})
    page.close()
