"""Whom to believe: an event is Stripe's by the signature over its bytes, or it is nobody's."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from broadsheet.giving.providers.interface import Heard, NotBelieved
from broadsheet.giving.providers.stripe.provider import Stripe
from tests.giving.stripe.scenes import HOOK_SECRET, event, signed
from tests.giving.stripe.standin import KEY, shape

BODY = event("charge.succeeded", shape("charge", id="ch_1"))
PROVIDER = Stripe(KEY, HOOK_SECRET, api_base="http://127.0.0.1:9")  # nobody is asked


def believed(body: bytes, headers: dict[str, str]) -> Heard:
    return PROVIDER.handle_event(body, headers)


def test_an_event_that_is_signed_names_what_it_is_about() -> None:
    assert believed(BODY, signed(BODY)) == Heard("evt_made_up_1", "charge.succeeded", "ch_1")


def test_while_a_secret_is_being_replaced_any_of_the_signatures_may_fit() -> None:
    stamp, ours = signed(BODY)["stripe-signature"].split(",")
    other = signed(BODY, secret="whsec_the_old_one")["stripe-signature"].split(",")[1]
    assert believed(BODY, {"stripe-signature": f"{stamp},{other},{ours}"}).object_ref == "ch_1"


def test_without_a_signature_nothing_is_believed() -> None:
    with pytest.raises(NotBelieved):
        believed(BODY, {})


def test_a_signature_of_another_secret_is_not_believed() -> None:
    with pytest.raises(NotBelieved):
        believed(BODY, signed(BODY, secret="whsec_somebody_else"))


@pytest.mark.parametrize("place", [0, len(BODY) // 2, len(BODY) - 1])
def test_a_body_altered_by_one_byte_is_not_believed(place: int) -> None:
    altered = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
    with pytest.raises(NotBelieved):
        believed(altered, signed(BODY))


def test_a_body_that_is_no_text_is_not_believed() -> None:
    with pytest.raises(NotBelieved):
        believed(b"\xff" + BODY, signed(BODY))


def test_a_recording_played_later_than_five_minutes_is_not_believed() -> None:
    now = int(time.time())
    assert believed(BODY, signed(BODY, at=now - 290)).object_ref == "ch_1"
    with pytest.raises(NotBelieved, match="tolerance"):
        believed(BODY, signed(BODY, at=now - 310))


def test_a_stale_signature_does_not_become_fresh_by_another_stamp() -> None:
    old = signed(BODY, at=int(time.time()) - 3600)["stripe-signature"].split(",")[1]
    with pytest.raises(NotBelieved):
        believed(BODY, {"stripe-signature": f"t={int(time.time())},{old}"})


@pytest.mark.parametrize("scheme", ["v0", "v2", "V1"])
def test_another_scheme_than_v1_is_not_believed(scheme: str) -> None:
    header = signed(BODY)["stripe-signature"].replace("v1=", f"{scheme}=")
    with pytest.raises(NotBelieved, match="scheme"):
        believed(BODY, {"stripe-signature": header})


@pytest.mark.parametrize("header", ["", "t=", "v1=abc", "t=now,v1=abc", ",,,", "=", "t=1,v1=\N{SNOWMAN}"])
def test_a_header_of_any_other_making_is_not_believed(header: str) -> None:
    with pytest.raises(NotBelieved):
        believed(BODY, {"stripe-signature": header})


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"evt"', b"{}", b'{"id": "evt_1", "type": "charge.updated"}'])
def test_what_is_signed_and_no_event_is_not_believed(body: bytes) -> None:
    with pytest.raises(NotBelieved):
        believed(body, signed(body))


def test_refusals_hold_neither_the_body_nor_the_header() -> None:
    with pytest.raises(NotBelieved) as refused:
        believed(BODY, signed(BODY, secret="whsec_somebody_else"))
    assert "ch_1" not in repr(refused.value)
    assert "v1=" not in repr(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("kind", "about", "ref"),
    [
        ("checkout.session.async_payment_succeeded", "cs_test_1", "cs_test_1"),
        ("payment_intent.payment_failed", "pi_1", "pi_1"),
        ("charge.refunded", "ch_1", "ch_1"),
        ("charge.dispute.funds_withdrawn", "dp_1", "dp_1"),
        ("charge.refund.updated", "re_1", "re_1"),
        ("refund.failed", "re_1", "re_1"),
        ("invoice.paid", "in_1", "in_1"),
        ("invoice.upcoming", None, ""),  # announced, and not there yet
        ("customer.subscription.deleted", "sub_1", "sub_1"),
        ("customer.updated", "cus_1", ""),
        ("payout.paid", "po_1", "po_1"),
        ("product.created", "prod_1", ""),
    ],
)
def test_an_event_leads_to_what_is_to_be_looked_at(kind: str, about: str | None, ref: str) -> None:
    body = event(kind, {"id": about} if about else {"object": "invoice"})
    assert believed(body, signed(body)).object_ref == ref


def test_every_event_we_ask_publishers_to_choose_leads_somewhere() -> None:
    words = (Path(__file__).parents[3] / "docs/payments.md").read_text()
    kinds = words.partition("and these events:")[2].partition("More do no harm")[0].split()
    assert len(set(kinds)) > 20
    for kind in kinds:
        body = event(kind, {"id": "it_1"})
        assert believed(body, signed(body)).object_ref == "it_1", kind
