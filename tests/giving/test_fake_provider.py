"""The fake provider as the house knows it: a process of its own, asked over its socket, filled in on its page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from broadsheet import clock
from broadsheet.config import config
from broadsheet.core.books import Kind
from broadsheet.core.money import Money
from broadsheet.giving.events import look_and_post
from broadsheet.giving.models import (
    Attempt,
    AttemptState,
    Donation,
    EndReason,
    Frequency,
    Pledge,
    PledgeState,
    ProviderEvent,
    Transaction,
)
from broadsheet.giving.providers.fake import signing
from broadsheet.giving.providers.fake.provider import open_provider
from broadsheet.giving.providers.interface import Declined, Line, NotReached, Seen
from tests.payments import ASKS_BANK, DECLINED, DISPUTED, EXPIRED, NO_FUNDS, PAYS, PAYS_ONCE, FakePayments, use

pytestmark = pytest.mark.django_db

HOOK = "/hooks/payments/fake/"


def begun(frequency: Frequency = Frequency.ONCE, amount: int = 1000, email: str = "ann@example.org") -> Attempt:
    """An attempt, and the provider's page for it."""
    attempt = Attempt.objects.create(
        frequency=frequency, amount_minor=amount, currency="EUR", email=email, provider="fake", begun_at=clock.now()
    )
    page = open_provider().begin(attempt, thanks_url=f"/donate/thanks/{attempt.pk}/", back_url="/donate/")
    attempt.provider_ref = page.ref
    attempt.save()
    return attempt


def fill_in(client: Client, attempt: Attempt, card: str, **more: str) -> str:
    """What the page answers: where it leads, or what it says."""
    answer = client.post(f"/pay/fake/{attempt.provider_ref}/", {"card": card, **more})
    return answer["Location"] if answer.status_code == 303 else answer.content.decode()


def given(client: Client, frequency: Frequency = Frequency.ONCE, card: str = PAYS, amount: int = 1000) -> Donation:
    """A gift that was begun, paid and posted."""
    attempt = begun(frequency, amount)
    assert fill_in(client, attempt, card) == f"/donate/thanks/{attempt.pk}/"
    look_and_post("fake", attempt.provider_ref)
    return Donation.objects.get(attempt=attempt)


def pledged(client: Client, card: str = PAYS) -> Pledge:
    pledge = given(client, Frequency.MONTHLY, card).pledge
    assert pledge is not None
    return pledge


def posted(pledge: Pledge) -> Pledge:
    """As the provider tells of it now."""
    look_and_post("fake", pledge.provider_ref)
    pledge.refresh_from_db()
    return pledge


def lines(since: datetime = datetime(2000, 1, 1, tzinfo=UTC), until: datetime | None = None) -> list[Line]:
    return list(open_provider().reconcile(since, until or datetime(2100, 1, 1, tzinfo=UTC)))


# ── on its page


def test_a_gift_is_paid_on_its_page_and_posted_with_its_fee(fake: FakePayments, client: Client) -> None:
    donation = given(client, amount=1234)
    assert (donation.amount, donation.donor.email, donation.method) == (Money(1234, "EUR"), "ann@example.org", "card")
    fee = Transaction.objects.get(object_ref=donation.provider_ref, kind=Kind.FEE)
    assert fee.movements.get().amount == Money(19 + 25, "EUR")  # 1.5 % of 12.34, rounded half up, and 0.25
    assert donation.attempt is not None and donation.attempt.state == AttemptState.PAID


def test_the_page_says_what_it_is_and_what_is_paid(fake: FakePayments, client: Client) -> None:
    page = client.get(f"/pay/fake/{begun(Frequency.MONTHLY).provider_ref}/")
    words = page.content.decode()
    assert "No real money moves here." in words
    assert "€10.00" in words and "every month" in words
    assert 'href="/donate/"' in words
    assert "no-store" in page["Cache-Control"] and 'content="noindex"' in words


def test_an_address_that_is_not_known_is_asked_for(fake: FakePayments, client: Client) -> None:
    attempt = begun(email="")
    assert "Please type your e-mail address." in fill_in(client, attempt, PAYS)
    assert fill_in(client, attempt, PAYS, email="Bob@Example.org").endswith(f"/thanks/{attempt.pk}/")
    look_and_post("fake", attempt.provider_ref)
    assert Donation.objects.get().donor.email == "bob@example.org"


@pytest.mark.parametrize(
    ("card", "says"),
    [(DECLINED, "was declined"), (NO_FUNDS, "not enough on this card"), (EXPIRED, "has expired")],
)
def test_a_card_that_does_not_pay_says_why_and_another_may_be_tried(
    fake: FakePayments, client: Client, card: str, says: str
) -> None:
    attempt = begun()
    assert says in fill_in(client, attempt, card)
    look_and_post("fake", attempt.provider_ref)
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.FAILED and attempt.fault
    fill_in(client, attempt, PAYS)
    look_and_post("fake", attempt.provider_ref)
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.PAID


def test_a_real_card_is_not_taken_and_kept_nowhere(fake: FakePayments, client: Client) -> None:
    attempt, real = begun(), "5555 5555 5555 4444"
    assert "never type a real one" in fill_in(client, attempt, real)
    assert open_provider().look(attempt.provider_ref).attempts[0].state == AttemptState.BEGUN
    kept = [file.read_bytes() for file in (fake.data / "fake-payments").iterdir()]
    assert not any(b"55555555" in content or b"5555 5555" in content for content in kept)


def test_pressed_twice_it_is_paid_once(fake: FakePayments, client: Client) -> None:
    attempt = begun()
    assert fill_in(client, attempt, PAYS) == fill_in(client, attempt, PAYS) == f"/donate/thanks/{attempt.pk}/"
    assert len(open_provider().look(attempt.provider_ref).payments) == 1


def test_three_d_secure_asks_on_a_second_page(fake: FakePayments, client: Client) -> None:
    attempt = begun()
    bank = f"/pay/fake/{attempt.provider_ref}/bank/"
    assert fill_in(client, attempt, ASKS_BANK) == bank
    assert "Is it you" in client.get(bank).content.decode()
    refused = client.post(bank, {"answer": "refuse"}, follow=True)
    assert "did not confirm" in refused.content.decode()
    assert not open_provider().look(attempt.provider_ref).payments
    assert fill_in(client, attempt, ASKS_BANK) == bank
    assert client.post(bank, {"answer": "confirm"})["Location"] == f"/donate/thanks/{attempt.pk}/"
    assert len(open_provider().look(attempt.provider_ref).payments) == 1


def test_a_form_from_elsewhere_pays_nothing(fake: FakePayments) -> None:
    attempt = begun()
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post(f"/pay/fake/{attempt.provider_ref}/", {"card": PAYS}).status_code == 403
    assert not open_provider().look(attempt.provider_ref).payments


def test_a_page_nobody_came_back_to_expires(fake: FakePayments, client: Client) -> None:
    attempt = begun()
    fake.days_pass(1)
    assert client.get(f"/pay/fake/{attempt.provider_ref}/").status_code == 410
    look_and_post("fake", attempt.provider_ref)
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.EXPIRED


def test_there_is_no_page_where_the_provider_is_not_in_use(
    fake: FakePayments, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = begun()
    assert client.get("/pay/fake/fco_nobody/").status_code == 404
    use(monkeypatch, "manual")
    assert client.get(f"/pay/fake/{attempt.provider_ref}/").status_code == 404


# ── asked twice


def test_asked_twice_for_a_page_it_is_the_same_page(fake: FakePayments) -> None:
    attempt = begun()
    again = open_provider().begin(attempt, thanks_url="/elsewhere/", back_url="/")
    assert again.ref == attempt.provider_ref


def test_a_refund_is_made_once_under_one_key_and_never_of_more_than_is_left(fake: FakePayments, client: Client) -> None:
    donation, provider = given(client), open_provider()
    first = provider.refund(donation, Money(400, "EUR"), key=f"{donation.pk}a")
    assert provider.refund(donation, Money(400, "EUR"), key=f"{donation.pk}a") == first
    for amount, key in [(601, "b"), (0, "c"), (-5, "d"), (500, f"{donation.pk}a")]:
        with pytest.raises(Declined):
            provider.refund(donation, Money(amount, "EUR"), key=key)
    with pytest.raises(Declined, match="not in USD"):
        provider.refund(donation, Money(1, "USD"), key="e")
    look_and_post("fake", first)
    refunds = Transaction.objects.filter(kind=Kind.REFUND, donation=donation)
    assert [entry.movements.get().amount for entry in refunds] == [Money(400, "EUR")]
    provider.refund(donation, Money(600, "EUR"), key="f")


# ── pledges, as months pass


def test_a_month_later_a_pledge_is_paid_again(fake: FakePayments, client: Client) -> None:
    pledge, month = pledged(client), clock.now()
    fake.days_pass(31)
    for line in lines(month):
        look_and_post("fake", line.look_at)
    assert pledge.donations.count() == 2
    assert posted(pledge).state == PledgeState.ACTIVE and pledge.next_at and pledge.next_at > clock.now()


def test_a_renewal_that_fails_is_tried_three_times_more_and_then_the_pledge_lapses(
    fake: FakePayments, client: Client
) -> None:
    pledge = pledged(client, PAYS_ONCE)
    fake.days_pass(31)
    seen = []
    for _ in range(16):
        posted(pledge)
        seen.append((pledge.state, pledge.failed_tries))
        fake.days_pass(1)
    assert list(dict.fromkeys(seen)) == [
        (PledgeState.FAILING, 1),
        (PledgeState.FAILING, 2),
        (PledgeState.FAILING, 3),
        (PledgeState.ENDED, 4),
    ]
    assert pledge.end_reason == EndReason.FAILED and pledge.ended_at
    assert pledge.donations.count() == 1


def test_a_failed_renewal_is_repaired_on_the_page_for_cards_and_charged_at_once(
    fake: FakePayments, client: Client
) -> None:
    pledge = pledged(client, PAYS_ONCE)
    fake.days_pass(31)
    assert posted(pledge).state == PledgeState.FAILING
    failed = clock.now()
    portal = open_provider().portal(pledge, back_url="/account/giving/")
    assert "one that failed at once" in client.get(portal).content.decode()
    assert "was declined" in client.post(portal, {"card": DECLINED}).content.decode()
    assert client.post(portal, {"card": PAYS})["Location"] == "/account/giving/"
    assert posted(pledge).state == PledgeState.ACTIVE and not pledge.failing_since
    assert [line.kind for line in lines(failed)] == [Kind.GIFT, Kind.FEE]


def test_a_pledge_is_changed_paused_resumed_and_cancelled(fake: FakePayments, client: Client) -> None:
    pledge, provider = pledged(client), open_provider()
    provider.change_amount(pledge, Money(2500, "EUR"))
    assert posted(pledge).amount == Money(2500, "EUR")
    provider.pause(pledge, None)
    fake.days_pass(62)
    assert posted(pledge).state == PledgeState.PAUSED and pledge.next_at is None
    provider.resume(pledge)
    assert posted(pledge).state == PledgeState.ACTIVE and pledge.next_at and pledge.next_at > clock.now()
    provider.pause(pledge, clock.now() + timedelta(days=10))
    fake.days_pass(11)
    assert posted(pledge).state == PledgeState.ACTIVE
    provider.cancel(pledge)
    provider.cancel(pledge)
    assert posted(pledge).state == PledgeState.ENDED
    with pytest.raises(Declined, match="has ended"):
        provider.change_amount(pledge, Money(100, "EUR"))


# ── disputes and payouts


def test_a_card_that_is_disputed_takes_the_money_back_a_day_later(fake: FakePayments, client: Client) -> None:
    donation = given(client, card=DISPUTED)
    fake.days_pass(1)
    look_and_post("fake", donation.provider_ref)
    dispute = open_provider().look(donation.provider_ref).payments[0].disputes[0]
    assert dispute.amount == Money(1000, "EUR") and dispute.fee == Money(1500, "EUR")
    with pytest.raises(Declined, match="taken this payment back"):
        open_provider().refund(donation, Money(1, "EUR"), key=f"late-{donation.pk}")
    fake.asking.post(f"/control/disputes/{dispute.ref}", is_won=True)
    look_and_post("fake", dispute.ref)
    kinds = Transaction.objects.filter(donation=donation).values_list("kind", flat=True)
    assert sorted(kinds) == sorted([Kind.GIFT, Kind.FEE, Kind.DISPUTE, Kind.DISPUTE_FEE, Kind.DISPUTE_WON])


def test_a_dispute_that_nobody_decides_is_lost(fake: FakePayments, client: Client) -> None:
    donation = given(client)
    dispute = fake.asking.post("/control/disputes", payment=donation.provider_ref)
    fake.days_pass(14)
    seen = open_provider().look(dispute["id"]).payments[0].disputes[0]
    assert seen.lost_at is not None and seen.won_at is None


def test_its_account_says_all_that_moved_and_a_payout_leaves_nothing(fake: FakePayments, client: Client) -> None:
    before = clock.now()
    donation = given(client)
    between = clock.now()
    refund = open_provider().refund(donation, Money(300, "EUR"), key=f"account-{donation.pk}")
    assert [(line.kind, line.object_ref, line.amount) for line in lines(before, between)] == [
        (Kind.GIFT, donation.provider_ref, Money(1000, "EUR")),
        (Kind.FEE, donation.provider_ref, Money(40, "EUR")),
    ]
    assert [(line.kind, line.look_at) for line in lines(between)] == [(Kind.REFUND, refund)]
    [payout] = [payout for payout in fake.asking.post("/control/payout") if payout["currency"] == "EUR"] or [None]
    if payout is not None:  # what other tests left may be owed rather than held
        assert open_provider().look(payout["id"]).payouts[0].amount.amount_minor == payout["amount"]
        assert fake.asking.get("/control")["balance"]["EUR"] == 0


# ── events


def told(body: bytes, signature: str | None) -> int:
    headers = {} if signature is None else {signing.HEADER: signature}
    return Client().post(HOOK, body, content_type="application/json", headers=headers).status_code


BODY = json.dumps({"id": "fevt_1", "kind": "payment.made", "object": "fpay_1", "at": 1.0}).encode()


def signature(body: bytes = BODY, age_s: float = 0, secret: bytes | None = None) -> str:
    return signing.sign(body, secret or signing.secret_of(config()), clock.timestamp() - age_s)


def test_a_signed_event_is_kept_once() -> None:
    assert [told(BODY, signature()) for _ in range(3)] == [200, 200, 200]
    event = ProviderEvent.objects.get()
    assert (event.provider, event.event_ref, event.object_ref) == ("fake", "fevt_1", "fpay_1")


@pytest.mark.parametrize("age_s", [-290, 0, 290])
def test_clocks_may_differ_by_five_minutes(age_s: float) -> None:
    assert told(BODY, signature(age_s=age_s)) == 200


@pytest.mark.parametrize(
    "forge",
    [
        lambda: None,
        lambda: "",
        lambda: "nonsense",
        lambda: signature(age_s=310),
        lambda: signature(age_s=-310),
        lambda: signature(secret=b"another house's"),
        lambda: signature(BODY + b" "),
        lambda: signature().replace("v1", "v2"),
        lambda: signature().replace("v1 ", "v0 "),
        lambda: signature().replace("mac=", "mac=00"),
        lambda: signature() + " " + signature(),
        lambda: signature().partition("mac=")[0] + "mac=" + "0" * 64,
        lambda: signature().replace("at=", "at=-"),
    ],
    ids=[
        "missing", "empty", "malformed", "stale", "from the future", "wrong secret", "another body", "wrong scheme",
        "older scheme", "too long", "two of them", "zeros", "negative moment",
    ],
)  # fmt: skip
def test_an_event_that_is_not_rightly_signed_is_refused_and_not_kept(forge: object) -> None:
    assert told(BODY, forge()) == 400  # type: ignore[operator]
    assert not ProviderEvent.objects.exists()


def test_a_signature_of_another_moment_does_not_fit() -> None:
    """The moment is signed too: nobody makes an old event young."""
    old = signature(age_s=1000)
    young = signature().partition(" mac=")[0] + " mac=" + old.partition(" mac=")[2]
    assert told(BODY, young) == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff\xfe", b'{"id": 1}'])
def test_what_is_signed_but_no_event_is_refused(body: bytes) -> None:
    assert told(body, signature(body)) == 400
    assert not ProviderEvent.objects.exists()


def test_an_event_about_nothing_on_the_books_is_kept_and_done() -> None:
    body = json.dumps({"id": "fevt_2", "kind": "card.replaced", "object": "", "at": 1.0}).encode()
    assert told(body, signature(body)) == 200
    assert ProviderEvent.objects.get().posted_at is not None


# ── when it is not there


def test_what_it_never_made_is_an_empty_look(fake: FakePayments) -> None:
    for ref in ("fpay_unknown", "fco_unknown", "fple_0", "fref_0", "fpo_0", "pi_of_stripe", "a/../b", ""):
        assert open_provider().look(ref) == Seen()


def test_killed_in_the_middle_it_has_lost_nothing_and_says_so_meanwhile(fake: FakePayments, client: Client) -> None:
    attempt = begun()
    fill_in(client, attempt, PAYS)
    fake.kill()
    with pytest.raises(NotReached):
        open_provider().look(attempt.provider_ref)
    away = client.get(f"/pay/fake/{attempt.provider_ref}/")
    assert away.status_code == 503 and "does not answer just now" in away.content.decode()
    fake.start()
    assert len(open_provider().look(attempt.provider_ref).payments) == 1


def test_two_of_them_do_not_run_on_one_set_of_books(fake: FakePayments) -> None:
    second = FakePayments(fake.data)
    second.start()
    assert second.process is not None and second.process.wait(20) == 1
    assert fake.asking.get("/control")
