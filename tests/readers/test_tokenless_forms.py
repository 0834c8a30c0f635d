"""Forms in stored pages carry no token; these rules stand in its place. Every other form keeps Django's."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from broadsheet.site.middleware import TOKENLESS_FORMS, comes_from_us
from tests.readers.conftest import Browser, Outbox, new_address

pytestmark = pytest.mark.django_db

IN_OUR_DRESS = "That did not go through"

FORMS_OF_ACCOUNTS = [
    "/login/code/",
    "/login/code/again/",
    "/login/password/",
    "/logout/",
    "/account/name/",
    "/account/email/",
    "/account/email/code/",
    "/account/password/",
    "/account/confirm/",
    "/account/confirm/code/",
    "/account/sessions/end/",
    "/account/data/",
    "/account/delete/",
    "/account/reads/wipe/",
    "/admin/logout/",
]


@pytest.mark.parametrize("path", TOKENLESS_FORMS)
@pytest.mark.parametrize(
    ("headers", "is_believed"),
    [
        ({"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://testserver", "Sec-Fetch-Site": ""}, True),
        ({"Origin": "", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "HTTP://TESTSERVER", "Sec-Fetch-Site": ""}, True),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": ""}, False),
        ({"Origin": "https://testserver", "Sec-Fetch-Site": ""}, False),  # another scheme is another origin
        ({"Origin": "http://testserver:8000", "Sec-Fetch-Site": ""}, False),
        ({"Origin": "http://testserver.evil.example", "Sec-Fetch-Site": ""}, False),
        ({"Origin": "null", "Sec-Fetch-Site": ""}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": "", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "", "Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "", "Sec-Fetch-Site": "none"}, False),
        ({"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"}, False),
    ],
)
def test_only_our_own_pages_are_believed(outbox: Outbox, path: str, headers: dict[str, str], is_believed: bool) -> None:
    address = new_address()
    answer = Browser().post(path, {"email": address}, **headers)
    assert (answer.status_code != 403) is is_believed
    assert is_believed or IN_OUR_DRESS in answer.content.decode()
    assert len(outbox.mails(address)) == (1 if is_believed and path in ("/register/", "/login/") else 0)


def test_a_browser_too_old_to_say_may_use_a_form_that_asks_nothing_of_a_session(outbox: Outbox) -> None:
    silent = {"Origin": "", "Sec-Fetch-Site": ""}
    assert Browser().post("/register/", {"email": new_address()}, **silent).status_code == 303
    request = RequestFactory().post("/comments/")
    assert not comes_from_us(request, silence_is_fine=False)


def test_what_needs_no_token_is_in_one_list() -> None:
    """A view that switches Django's check off for itself would be open to everybody."""
    ours = [path for path, view in views(get_resolver()) if getattr(view, "csrf_exempt", False)]
    # What providers of payments tell us is signed: giving/views/hooks.py.
    assert [path for path in ours if not path.startswith(("admin/", "documents/", "hooks/payments/"))] == []


def views(resolver: URLResolver, prefix: str = "") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            found.append((path, pattern.callback))
        else:
            found += views(pattern, path)
    return found


@pytest.mark.parametrize("path", FORMS_OF_ACCOUNTS)
def test_every_other_form_needs_its_token(outbox: Outbox, path: str) -> None:
    browser = Browser()
    browser.sign_in(new_address(), outbox)
    del browser.client.cookies["csrftoken"]
    answer = browser.post(path, {"code": "123456", "others": "1"})
    assert answer.status_code == 403
    assert IN_OUR_DRESS in answer.content.decode()
    assert browser.is_signed_in


def test_the_list_above_is_complete() -> None:
    posts = {f"/{path}" for path, view in views(get_resolver()) if "readers.views" in getattr(view, "__module__", "")}
    shown_only = {"/account/", "/account/reads/", "/account/sessions/"}
    assert posts - shown_only - set(TOKENLESS_FORMS) == set(FORMS_OF_ACCOUNTS)
