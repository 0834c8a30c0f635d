"""The admin's Content-Security-Policy: no inline script but those of known shapes, by nonce."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from broadsheet.newsroom.models import FrontPage, Section
from broadsheet.readers.models import User
from broadsheet.site.middleware import AdminPolicy

pytestmark = pytest.mark.django_db

PAGES = [
    "/admin/",
    "/admin/articles/",
    "/admin/images/",
    "/admin/images/add/",
    "/admin/documents/",
    "/admin/users/",
    "/admin/users/new/",
    "/admin/account/",
    "/admin/groups/new/",
    "/admin/redirects/add/",
    "/admin/reports/site-history/",
    "/admin/settings/newsroom/publication/",
    "/admin/pages/add/newsroom/article/{section}/",
]

INLINE = re.compile(r"<script(?![^>]*\bsrc=)([^>]*)>(.*?)</script>", re.DOTALL)


@pytest.fixture
def editor() -> Iterator[Client]:
    client = Client()
    client.force_login(User.objects.create_superuser("policy-editor@example.org"))
    yield client


def directives(response: HttpResponse) -> dict[str, set[str]]:
    policy = response["Content-Security-Policy"]
    return {words[0]: set(words[1:]) for words in (part.split() for part in policy.split(";"))}


@pytest.mark.parametrize("path", PAGES)
def test_every_inline_script_of_the_admin_has_the_nonce_of_its_answer(editor: Client, path: str) -> None:
    """One that has none would not run: Wagtail has a shape we do not know, or a new one."""
    section = Section.objects.first() or FrontPage.objects.get().add_child(instance=Section(title="Desk", slug="desk"))
    response = editor.get(path.format(section=section.pk), follow=True)
    assert response.status_code == 200
    policy = directives(response)
    assert "'unsafe-inline'" not in policy["script-src"] | policy["style-src"]
    assert "'unsafe-eval'" not in policy["script-src"]
    for attributes, code in INLINE.findall(response.content.decode()):
        if "application/json" in attributes or "text/" in attributes:
            continue
        nonce = re.search(r'nonce="([^"]+)"', attributes)
        assert nonce is not None, code
        assert f"'nonce-{nonce[1]}'" in policy["script-src"]


def test_the_page_that_makes_an_article_starts_its_pickers(editor: Client) -> None:
    section = Section.objects.first() or FrontPage.objects.get().add_child(instance=Section(title="Desk", slug="desk"))
    html = editor.get(f"/admin/pages/add/newsroom/article/{section.pk}/").content.decode()
    codes = [code for attributes, code in INLINE.findall(html) if "nonce=" in attributes]
    assert any("new InlinePanel" in code for code in codes)
    assert any("initDateTimeChooser" in code for code in codes)
    assert any("new ImageChooser" in code for code in codes)


def answered(html: str, path: str = "/admin/pages/") -> tuple[str, HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(html)

    request = RequestFactory().get(path)
    request.csp_nonce = "NONCE"  # type: ignore[attr-defined]
    response = AdminPolicy(view)(request)
    return response.content.decode(), response


@pytest.mark.parametrize(
    "code",
    [
        "alert(1)",
        'initDateChooser("id", {}); alert(1);',
        'initDateChooser("id", alert(1));',
        'initDateChooser("id", {"a": alert(1)});',
        'new PageChooser("id", {}) || alert("x", {});',
        "new PageChooser((function () { alert(1) })(), {});",
        '(function() {var panel = new InlinePanel(JSON.parse("{}" + alert(1)));})();',
        "(function() {var panel = new InlinePanel(JSON.parse(alert(1)));})();",
        'initDateChooser("id");//\nalert(1);',
        "initDateChooser(`${alert(1)}`);",
        'new Function("alert(1)")(Chooser);',
    ],
)
def test_an_injected_script_is_given_no_nonce(code: str) -> None:
    html, response = answered(f"<p><script>{code}</script>")
    assert "nonce" not in html
    assert "script-src" not in response._csp_update  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "code",
    [
        'initDateChooser("id_a", {"dayOfWeekStart": 0, "format": "Y-m-d"});',
        'initDateTimeChooser("id_\\u002Da", {});',
        'new PageChooser("id_redirect_page", {"modelNames": ["wagtailcore.page"], "userPerms": null});',
        '\n  (function() {\n  var panel = new InlinePanel(JSON.parse("{\\u0022a\\u0022: 1}"));\n  })();\n',
    ],
)
def test_a_known_script_is_given_the_nonce(code: str) -> None:
    html, response = answered(f"<p><script>{code}</script>")
    assert f'<script nonce="NONCE">{code}</script>' in html
    assert "script-src" in response._csp_update  # type: ignore[attr-defined]


def test_public_pages_are_left_alone() -> None:
    html, response = answered('<script>initDateChooser("id", {});</script>', "/world/")
    assert "nonce" not in html
    assert not hasattr(response, "_csp_update")
