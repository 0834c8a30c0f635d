"""What an account gives: all of it on one page, each change one step, and the provider asked before anything is said."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.http import HttpResponse

from broadsheet import clock
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
    PledgeChange,
    PledgeState,
)
from broadsheet.giving.posting import post
from broadsheet.giving.providers.fake.provider import open_provider
from broadsheet.giving.providers.interface import Giver, Seen, SeenPayment, SeenRefund
from broadsheet.readers.models import User
from tests.payments import PAYS, PAYS_ONCE, FakePayments, use
from tests.readers.conftest import Browser, Outbox, new_address
from tests.readers.conftest import outbox as outbox

pytestmark = pytest.mark.django_db

HERE = "/account/giving/"


@pytest.fixture
def fake(fake: FakePayments, monkeypatch: pytest.MonkeyPatch) -> FakePayments:
    """The fake provider, alone in use."""
    use(monkeypatch, "fake")
    return fake


@pytest.fixture
def ann(outbox: Outbox) -> tuple[Browser, User]:
    browser, address = Browser(), new_address("ann")
    browser.sign_in(address, outbox)
    return browser, User.objects.get(email=address)


def said(answer: HttpResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())).strip()


def gives(browser: Browser, frequency: str = "monthly", amount: str = "10", card: str = PAYS) -> None:
    page = browser.post("/donate/", {"frequency": frequency, "own": amount})["Location"]
    browser.get(page)
    browser.get(browser.post(page, {"card": card, "email": "elsewhere@example.org"})["Location"])


def does(browser: Browser, pledge: Pledge, what: str, **fields: str) -> str:
    """The page after it."""
    answer = browser.post(f"{HERE}pledges/{pledge.pk}/{what}/", fields)
    if answer.status_code == 303:
        answer = browser.get(answer["Location"])
    return said(answer)


def post_what_was_paid(pledge: Pledge) -> None:
    """As the events of its payments, and its own, would have it posted: nobody delivers them here."""
    provider = open_provider()
    for line in provider.reconcile(clock.now() - timedelta(days=1), clock.now() + timedelta(days=1)):
        if line.kind == Kind.GIFT and provider.look(line.look_at).payments[0].pledge == pledge.provider_ref:
            look_and_post("fake", line.look_at)
    look_and_post("fake", pledge.provider_ref)


# ── what is shown


def test_only_who_is_signed_in_sees_it(fake: FakePayments) -> None:
    assert unquote(Browser().get(HERE)["Location"]) == f"/login/?next={HERE}"


def test_who_has_given_nothing_is_told_how_to_and_not_urged(fake: FakePayments, ann: tuple[Browser, User]) -> None:
    page = said(ann[0].get(HERE))
    assert "Nothing yet" in page
    assert "End this gift" not in page


def test_gifts_and_pledges_stand_there_with_their_receipts(fake: FakePayments, ann: tuple[Browser, User]) -> None:
    browser, _ = ann
    gives(browser, "monthly", "10")
    gives(browser, "yearly", "50")
    gives(browser, "once", "7.50")
    page = browser.get(HERE)
    for words in ("€10.00 every month", "€50.00 every year", "€7.50", "Together €67.50"):
        assert words in said(page)
    for donation in Donation.objects.all():
        receipt = donation.receipts.get()
        assert f'<a href="/account/giving/receipts/{receipt.pk}/">{receipt.says["number"]}</a>' in page.content.decode()
        assert browser.get(f"/account/giving/receipts/{receipt.pk}/").status_code == 200
    assert said(page).count("The next payment") == 2


def test_what_was_given_back_is_said(fake: FakePayments, ann: tuple[Browser, User]) -> None:
    browser, account = ann
    back = SeenRefund("re_1", Money(300, "EUR"), clock.now())
    paid = SeenPayment("pay_1", Money(1000, "EUR"), clock.now(), Giver(email=account.email), refunds=(back,))
    post("fake", Seen(payments=(paid,)), clock.now())
    assert "€3.00 given back" in said(browser.get(HERE))
    assert "Together €7.00" in said(browser.get(HERE))


def test_a_transfer_that_was_announced_waits_there(fake: FakePayments, ann: tuple[Browser, User]) -> None:
    browser, account = ann
    Attempt.objects.create(
        frequency=Frequency.ONCE, amount_minor=2500, currency="EUR", email=account.email, provider="manual",
        reference="ACDEFGH7", state=AttemptState.AWAITED, begun_at=clock.now(),
    )  # fmt: skip
    assert "€25.00 by bank transfer Announced" in said(browser.get(HERE))


def test_nobody_touches_what_another_gives(fake: FakePayments, ann: tuple[Browser, User], outbox: Outbox) -> None:
    gives(ann[0])
    pledge = Pledge.objects.get()
    other = Browser()
    other.sign_in(new_address("bob"), outbox)
    assert "€10.00" not in said(other.get(HERE))
    for what in ("amount", "pause", "resume", "repair", "cancel"):
        assert other.post(f"{HERE}pledges/{pledge.pk}/{what}/", {"amount": "1"}).status_code == 404
        assert Browser().post(f"{HERE}pledges/{pledge.pk}/{what}/", {"amount": "1"}).status_code == 403
        assert ann[0].get(f"{HERE}pledges/{pledge.pk}/{what}/").status_code == 405
    pledge.refresh_from_db()
    assert (pledge.state, pledge.amount_minor) == (PledgeState.ACTIVE, 1000)


# ── what is done


def test_another_amount_holds_from_the_next_payment_on(fake: FakePayments, ann: tuple[Browser, User]) -> None:
    browser, account = ann
    gives(browser)
    pledge = Pledge.objects.get()
    assert "From the next payment on, you give €12.50." in does(browser, pledge, "amount", amount="12,50")
    change = PledgeChange.objects.get()
    assert (change.before_minor, change.after_minor, change.by_id) == (1000, 1250, account.pk)
    fake.days_pass(32)
    post_what_was_paid(pledge)
    assert sorted(Donation.objects.values_list("amount_minor", flat=True)) == [1000, 1250]


@pytest.mark.parametrize(("typed", "why"), [("-1", "more than nothing"), ("0.10", "The least"), ("1.200", "thousands")])
def test_an_amount_that_cannot_be_is_shown_again(
    fake: FakePayments, ann: tuple[Browser, User], typed: str, why: str
) -> None:
    browser, _ = ann
    gives(browser)
    pledge = Pledge.objects.get()
    answer = browser.post(f"{HERE}pledges/{pledge.pk}/amount/", {"amount": typed})
    assert why in said(answer)
    assert f'value="{typed}"' in answer.content.decode()
    pledge.refresh_from_db()
    assert pledge.amount_minor == 1000


def test_a_pause_takes_nothing_and_is_resumed(fake: FakePayments, ann: tuple[Browser, User]) -> None:
    browser, _ = ann
    gives(browser)
    pledge = Pledge.objects.get()
    page = does(browser, pledge, "pause", months="3")
    assert "Paused. Nothing is taken until" in page
    assert "Resume" in page
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.PAUSED
    assert pledge.paused_until is not None
    assert 89 <= (pledge.paused_until - clock.now()).days <= 92
    fake.days_pass(40)
    post_what_was_paid(pledge)
    assert Donation.objects.count() == 1
    assert "Resumed. Thank you." in does(browser, pledge, "resume")
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.ACTIVE


def test_a_pause_without_an_end_lasts_until_it_is_resumed(fake: FakePayments, ann: tuple[Browser, User]) -> None:
    browser, _ = ann
    gives(browser)
    pledge = Pledge.objects.get()
    assert "Nothing is taken until you resume it." in does(browser, pledge, "pause", months="")
    pledge.refresh_from_db()
    assert (pledge.state, pledge.paused_until) == (PledgeState.PAUSED, None)


def test_one_step_ends_it_with_thanks_and_the_reader_s_name_on_it(
    fake: FakePayments, ann: tuple[Browser, User]
) -> None:
    browser, _ = ann
    gives(browser)
    pledge = Pledge.objects.get()
    page = does(browser, pledge, "cancel")
    assert "Your gift has ended, and nothing more is taken." in page
    assert "Thank you for all that you have given since" in page
    assert "You remain a supporter until" in page
    pledge.refresh_from_db()
    assert (pledge.state, pledge.end_reason) == (PledgeState.ENDED, EndReason.READER)
    assert "cancelled by the reader" in page
    fake.days_pass(40)
    post_what_was_paid(pledge)
    assert Donation.objects.count() == 1
    assert "That gift has ended already" in does(browser, pledge, "cancel")


def test_a_failed_renewal_is_shown_and_repaired(fake: FakePayments, ann: tuple[Browser, User]) -> None:
    browser, _ = ann
    gives(browser, card=PAYS_ONCE)
    pledge = Pledge.objects.get()
    fake.days_pass(32)
    look_and_post("fake", pledge.provider_ref)
    page = said(browser.get(HERE))
    assert "did not go through" in page
    assert "It is tried again" in page
    portal = browser.post(f"{HERE}pledges/{pledge.pk}/repair/", {})["Location"]
    browser.get(portal)
    back = browser.post(portal, {"card": PAYS})["Location"]
    assert "did not go through" not in said(browser.get(back.replace("http://testserver", "")))
    pledge.refresh_from_db()
    assert (pledge.state, pledge.failed_tries) == (PledgeState.ACTIVE, 0)
    post_what_was_paid(pledge)
    assert Donation.objects.count() == 2


@pytest.mark.parametrize("what", ["amount", "pause", "cancel", "repair"])
def test_a_provider_that_does_not_answer_changes_nothing_and_it_is_said(
    fake: FakePayments, ann: tuple[Browser, User], what: str
) -> None:
    browser, _ = ann
    gives(browser)
    pledge = Pledge.objects.get()
    fake.kill()
    page = does(browser, pledge, what, amount="20")
    assert "The payment service does not answer just now" in page
    pledge.refresh_from_db()
    assert (pledge.state, pledge.amount_minor) == (PledgeState.ACTIVE, 1000)
