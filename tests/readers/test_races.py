"""What happens when the same thing is asked many times at once: real threads, a real database."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import connections
from django.db.models import F
from django.test import Client

from broadsheet.readers.models import MOST_TRIES, SEND_AGAIN_AFTER, SentCode, User
from tests.readers.conftest import Browser, Outbox, another, new_address

pytestmark = pytest.mark.django_db(transaction=True)

Result = TypeVar("Result")


def at_once(times: int, act: Callable[[], Result]) -> list[Result]:
    """`act` in so many threads, let go at the same moment."""
    barrier = Barrier(times)

    def one() -> Result:
        barrier.wait()
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return [future.result() for future in [pool.submit(one) for _ in range(times)]]


def twin(browser: Browser) -> Browser:
    """The same browser's next tab: the same cookies."""
    client = Client(enforce_csrf_checks=True)
    for name, morsel in browser.client.cookies.items():
        client.cookies[name] = morsel.value
    return Browser(client=client, network=browser.network)


def waiting(outbox: Outbox) -> tuple[Browser, str]:
    browser, address = Browser(), new_address()
    browser.post("/register/", {"email": address, "next": "/world/"})
    browser.get("/login/code/")
    return browser, address


def test_parallel_wrong_codes_never_have_more_than_five_tries(outbox: Outbox) -> None:
    browser, address = waiting(outbox)
    wrong = another(outbox.code_for(address))
    answers = at_once(20, lambda: twin(browser).post("/login/code/", {"code": wrong}).content.decode())
    assert sum("not the code we sent" in answer for answer in answers) <= MOST_TRIES - 1
    assert all("not the code we sent" in answer or "no longer works" in answer for answer in answers)
    assert SentCode.objects.get(email=address).tries == MOST_TRIES
    browser.post("/login/code/", {"code": outbox.code_for(address)})
    assert not browser.is_signed_in


def test_a_right_code_typed_many_times_at_once_signs_in_once(outbox: Outbox) -> None:
    browser, address = waiting(outbox)
    code = outbox.code_for(address)
    answers = at_once(MOST_TRIES, lambda: twin(browser).post("/login/code/", {"code": code}))
    assert [answer.get("Location") for answer in answers].count("/world/") == 1
    assert User.objects.filter(email=address).count() == 1


def test_parallel_presses_of_send_again_send_one_mail(outbox: Outbox) -> None:
    browser, address = waiting(outbox)
    SentCode.objects.update(sent_at=F("sent_at") - SEND_AGAIN_AFTER)
    at_once(10, lambda: twin(browser).post("/login/code/again/", {}))
    assert len(outbox.mails(address)) == 2
    browser.post("/login/code/", {"code": outbox.code_for(address)})
    assert browser.is_signed_in


def test_one_address_registered_on_many_browsers_at_once_is_one_account(outbox: Outbox) -> None:
    address, asked = new_address(), []
    for _ in range(6):
        browser = Browser()
        browser.post("/register/", {"email": address})
        browser.get("/login/code/")
        asked.append((browser, outbox.code_for(address)))

    def finish() -> bool:
        browser, code = asked.pop()
        browser.post("/login/code/", {"code": code})
        return browser.is_signed_in

    assert all(at_once(6, finish))
    assert User.objects.filter(email=address).count() == 1


def test_limits_hold_for_requests_made_at_once(outbox: Outbox) -> None:
    address = new_address()
    network = Browser().network
    answers = at_once(12, lambda: Browser(network=network).post("/register/", {"email": address}).status_code)
    assert sorted(answers) == [303] * 6 + [429] * 6
    assert len(outbox.mails(address)) == 6
