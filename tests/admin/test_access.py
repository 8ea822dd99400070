"""One rule per page decides menu and address alike; the list of routes is exactly what was planned."""

import re

import pytest

ROLES = ("visitor", "user", "analyst", "admin", "super_admin")
ADMINS = {"admin", "super_admin"}
READERS = {"analyst", *ADMINS}
PAGES = {
    # address: who may see it
    "/admin/": READERS,
    "/admin/charts/signups.svg": READERS,
    "/admin/charts/signups.png": READERS,
    "/admin/charts/signups.csv": READERS,
    "/admin/users/": ADMINS,
    "/admin/users/details/?id=1": ADMINS,
    "/admin/users/edit/?id=1": ADMINS,
    "/admin/users/new/": ADMINS,
    "/admin/roles/": {"super_admin"},
    "/admin/roles/edit/?id=1": {"super_admin"},
    "/admin/conversations/": ADMINS,
    "/admin/messages/": ADMINS,
    "/admin/feedback/": ADMINS,
}
ROUTES = {
    "/admin/": {"GET"},
    "/admin/charts/signups.<any(svg, png, csv):kind>": {"GET"},
    "/admin/users/": {"GET"},
    "/admin/users/details/": {"GET"},
    "/admin/users/edit/": {"GET", "POST"},
    "/admin/users/new/": {"GET", "POST"},
    "/admin/roles/": {"GET"},
    "/admin/roles/edit/": {"GET", "POST"},
    "/admin/conversations/": {"GET"},
    "/admin/conversations/details/": {"GET"},
    "/admin/messages/": {"GET"},
    "/admin/messages/details/": {"GET"},
    "/admin/feedback/": {"GET"},
    "/admin/feedback/details/": {"GET"},
}


def test_routes_are_exactly_the_planned_ones(app):
    found = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/admin")]
    assert {rule.rule: rule.methods - {"HEAD", "OPTIONS"} for rule in found} == ROUTES
    assert len(found) == len(ROUTES), "a route is doubled"


def test_every_route_is_in_the_table_of_rights():
    covered = {page.partition("?")[0] for page in PAGES}
    missing = {route for route in ROUTES if route not in covered and "charts" not in route}
    assert missing == {f"/admin/{t}/details/" for t in ("conversations", "messages", "feedback")}


@pytest.mark.parametrize("role", ROLES)
def test_rights_by_address_and_by_menu(role, as_role):
    client = as_role(role)
    for page, allowed in PAGES.items():
        answer = client.get(page)
        if role in allowed:
            assert answer.status_code == 200, page
        elif role == "visitor":
            assert answer.status_code == 302, page
            assert answer.location.startswith("/login?next=/admin/"), page
        else:
            assert answer.status_code == 403, page
    if role in READERS:
        menu = re.search(r'<nav class="admin-menu".*?</nav>', client.get("/admin/").text, re.S)
        linked = set(re.findall(r'<a href="([^"]+)"', menu.group()))
        tables = {p for p in PAGES if re.fullmatch(r"/admin/(\w+/)?", p)}
        assert linked == {page for page in tables if role in PAGES[page]}


@pytest.mark.parametrize("role", ["visitor", "user", "analyst"])
@pytest.mark.parametrize("table", ["conversations", "messages", "feedback"])
def test_details_are_closed_before_the_row_is_looked_up(role, table, as_role):
    assert as_role(role).get(f"/admin/{table}/details/?id=1").status_code in (302, 403)


@pytest.mark.parametrize("page", ["/admin/users/new/", "/admin/users/edit/?id=1"])
@pytest.mark.parametrize("role", ["visitor", "user", "analyst"])
def test_posts_are_closed_too(page, role, as_role):
    assert as_role(role).post(page, data={"username": "x"}).status_code in (302, 403)


def test_a_switched_off_admin_is_out_at_once(people, as_role):
    from echo.services import accounts

    client = as_role("admin")
    assert client.get("/admin/").status_code == 200
    accounts.set_active(people["admin"].id, False)
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("page", PAGES)
def test_pages_keep_to_the_strict_policy(page, root):
    answer = root.get(page)
    if answer.mimetype != "text/html":
        return
    nonce = re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"]).group(1)
    assert not re.search(r"<[^>]+\s(style|on\w+)\s*=", answer.text)
    for tag in re.findall(r"<(?:script|style)\b[^>]*>", answer.text):
        assert f'nonce="{nonce}"' in tag or 'src="/static/' in tag
    assert "http://" not in re.sub(r"xmlns=\"[^\"]+\"", "", answer.text)
    assert "https://" not in answer.text
