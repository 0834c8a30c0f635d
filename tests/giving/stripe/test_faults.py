"""When Stripe does not answer, or says no: faults in our words, an end to patience, and nothing in them that is a secret."""

from __future__ import annotations

import logging
import socket
import time

import pytest

from broadsheet.giving.providers.interface import Declined, NotReached, ProviderFault, Seen
from broadsheet.giving.providers.stripe import asking
from broadsheet.giving.providers.stripe.provider import Stripe
from tests.giving.stripe import scenes
from tests.giving.stripe.scenes import HOOK_SECRET
from tests.giving.stripe.standin import KEY, Object, StandIn


def error(kind: str, message: str, code: str | None = None) -> Object:
    return {"error": {"type": kind, "code": code, "message": message}}


def test_nobody_there_is_not_reached(standin: StandIn) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(NotReached, match="not reached"):
        Stripe(KEY, HOOK_SECRET, api_base=nowhere).look("ch_1")


def test_a_line_that_breaks_once_is_tried_once_more(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    standin.answers_next = ["hang up"]
    assert stripe.look(paid.charge).payments
    standin.answers_next = ["hang up", "hang up"]
    with pytest.raises(NotReached):
        stripe.look(paid.charge)
    assert standin.answers_next == []


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_a_stripe_that_cannot_just_now_is_asked_again_later(standin: StandIn, stripe: Stripe, status: int) -> None:
    standin.answers_next = [(status, error("api_error", "try again"))] * 2
    with pytest.raises(NotReached, match=f"{status}, request req_made_up"):
        stripe.look("ch_1")


def test_an_answer_that_is_no_answer_is_not_reached(standin: StandIn, stripe: Stripe) -> None:
    standin.answers_next = [(502, {"oops": "a proxy's page"})] * 2
    with pytest.raises(NotReached):
        stripe.look("ch_1")


def test_patience_has_an_end(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who takes the call and says nothing."""
    monkeypatch.setattr(asking, "READ_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        provider = Stripe(KEY, HOOK_SECRET, api_base=f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(NotReached, match="in time"):
            provider.look("ch_1")
    assert time.monotonic() - began < 10


def test_the_patience_we_have_in_earnest_is_bounded() -> None:
    assert (asking.CONNECT_S, asking.READ_S, asking.RETRIES) == (5.0, 20.0, 1)


def test_a_wrong_key_is_said_to_be_one_and_is_not_repeated(standin: StandIn) -> None:
    key = "sk_test_another_key_altogether"
    with pytest.raises(Declined, match="does not know the key in STRIPE_KEY") as fault:
        Stripe(key, HOOK_SECRET, api_base=standin.url).look("ch_1")
    assert key not in str(fault.value)


def test_a_key_without_a_permission_is_told_which(standin: StandIn, stripe: Stripe) -> None:
    words = "The provided key 'rk_test_abc123' does not have the required permissions. Having 'Charges: Read' would do."
    standin.answers_next = [(403, error("invalid_request_error", words))]
    with pytest.raises(Declined, match="Charges: Read") as fault:
        stripe.look("ch_1")
    assert "abc123" not in str(fault.value)


def test_stripes_sentences_are_kept_without_addresses(standin: StandIn, stripe: Stripe) -> None:
    standin.answers_next = [
        (400, error("invalid_request_error", "Invalid email address: ann@example.org", "email_invalid"))
    ]
    with pytest.raises(Declined, match="email_invalid") as fault:
        stripe.look("ch_1")
    assert "ann" not in str(fault.value)
    assert fault.value.__cause__ is None  # whoever logs it with its cause would log Stripe's answer


def test_nothing_of_readers_or_keys_is_logged(
    standin: StandIn, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    paid = scenes.give_once(standin, "attempt-1")
    stripe.look(paid.charge)
    standin.answers_next = [(402, error("card_error", "Declined for ann@example.org", "card_declined"))]
    with pytest.raises(ProviderFault):
        stripe.look(paid.charge)
    assert "ann@example.org" not in caplog.text
    assert KEY not in caplog.text
    assert paid.charge not in caplog.text


def test_the_version_we_read_is_asked_for_and_nothing_is_told_of_our_speed(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    stripe.look(paid.charge)
    stripe.look(paid.charge)
    assert {asked.headers["stripe-version"] for asked in standin.asked} == {"2026-10-28.endive"}
    assert not [asked for asked in standin.asked if "x-stripe-client-telemetry" in asked.headers]


def test_the_address_of_the_api_is_only_ever_another_in_tests(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(asking.API_VARIABLE, standin.url)
    monkeypatch.setenv("BROADSHEET_TESTING", "1")
    assert Stripe(KEY, HOOK_SECRET).look("ch_1") == Seen()
    assert standin.asked
    monkeypatch.setenv("BROADSHEET_TESTING", "0")
    led_elsewhere = asking.new_client(KEY)._requestor._options.base_addresses["api"]
    assert led_elsewhere == "https://api.stripe.com"
