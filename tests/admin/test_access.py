"""What the menu shows, and the strict policy of each page. Who may open what is tested by tests/security."""

import re

import pytest

from echo import policies
from echo.policies import Right, RoleName
from tests.conftest import switch

PAGES = (
    "/admin/",
    "/admin/users/",
    "/admin/users/details/?id=1",
    "/admin/users/edit/?id=1",
    "/admin/users/delete/?id=1",
    "/admin/users/new/",
    "/admin/invites/",
    "/admin/invites/new/",
    "/admin/roles/",
    "/admin/roles/edit/?id=1",
    "/admin/conversations/",
    "/admin/messages/",
    "/admin/feedback/",
    "/admin/audit/",
    "/admin/settings/",
)
MENU = {
    # address: right
    "/admin/": Right.CHARTS,
    "/admin/users/": Right.PEOPLE,
    "/admin/invites/": Right.PEOPLE,
    "/admin/roles/": Right.SYSTEM,
    "/admin/conversations/": Right.PEOPLE,
    "/admin/messages/": Right.PEOPLE,
    "/admin/feedback/": Right.PEOPLE,
    "/admin/audit/": Right.PEOPLE,
    "/admin/settings/": Right.SYSTEM,
}


@pytest.mark.parametrize("role", ["analyst", "admin", "super_admin"])
def test_menu_shows_what_may_be_opened(role, as_role):
    client = as_role(role)
    menu = re.search(r'<nav class="admin-menu".*?</nav>', client.get("/admin/").text, re.S)
    linked = set(re.findall(r'<a href="([^"]+)"', menu.group()))
    may = {page for page, right in MENU.items() if policies.allows(RoleName(role), right)}
    assert linked & MENU.keys() == may
    assert all(client.get(page).status_code == 200 for page in linked)


@pytest.mark.parametrize("path", ["/admin/users/", "/admin/settings/"])
def test_menu_marks_the_present_page(path, root):
    assert re.search(rf'<a href="{path}" aria-current="page">', root.get(path).text)


@pytest.mark.parametrize("role", ["visitor", "user", "analyst"])
@pytest.mark.parametrize("table", ["conversations", "messages", "feedback"])
def test_details_are_closed_before_the_row_is_looked_up(role, table, as_role):
    assert as_role(role).get(f"/admin/{table}/details/?id=1").status_code in (302, 403)


def test_a_switched_off_admin_is_out_at_once(people, as_role):
    client = as_role("admin")
    assert client.get("/admin/").status_code == 200
    switch(people["admin"], False)
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("page", PAGES)
def test_pages_keep_to_the_strict_policy(page, root):
    answer = root.get(page)
    assert answer.status_code == 200
    nonce = re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"]).group(1)
    assert not re.search(r"<[^>]+\s(style|on\w+)\s*=", answer.text)
    for tag in re.findall(r"<(?:script|style)\b[^>]*>", answer.text):
        assert f'nonce="{nonce}"' in tag or 'src="/static/' in tag
    assert "http://" not in re.sub(r"xmlns=\"[^\"]+\"", "", answer.text)
    assert "https://" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/admin/users/reset-link/?id=1",
        "/admin/users/unlock/?id=1",
        "/admin/users/sign-out/?id=1",
        "/admin/users/delete/?id=1",
        "/admin/invites/new/",
        "/admin/invites/revoke/?id=x",
        "/admin/audit/verify/",
        "/admin/settings/",
        "/admin/settings/reset/",
    ],
)
def test_no_act_without_the_token_of_the_form(path, root, app):
    app.config.update(WTF_CSRF_ENABLED=True, WTF_CSRF_CHECK_DEFAULT=True)
    assert root.post(path, data={}).status_code == 400
