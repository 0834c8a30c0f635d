"""Who gave is known to themselves and to nobody else: gifts join the account they belong to, go with it, and are forgotten."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from wagtail.models import ModelLogEntry

from broadsheet import clock
from broadsheet.config import config
from broadsheet.core.meter import ReaderClass
from broadsheet.core.money import Money
from broadsheet.gate.ledger import open_ledger
from broadsheet.gate.passes import pass_id
from broadsheet.giving.events import look_and_post
from broadsheet.giving.mailroom import post_due_letters
from broadsheet.giving.models import Attempt, AttemptState, Donation, Donor, Movement, Pledge, PledgeState, Receipt
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import Giver, Seen, SeenPayment
from broadsheet.giving.receipt_links import letter_url
from broadsheet.giving.supporters import give_browser_pass
from broadsheet.giving.sweep import sweep
from broadsheet.readers.entitlements import reader_class
from broadsheet.readers.models import User
from broadsheet.readers.privacy import CannotErase
from broadsheet.staff.acts.merge_readers import merge_readers
from tests.factories import a_publisher, an_account
from tests.payments import FakePayments, paid
from tests.readers.conftest import Browser, Outbox, new_address
from tests.readers.conftest import outbox as outbox
from tests.staff.conftest import at_the_admin

pytestmark = pytest.mark.django_db


def gives(email: str, ref: str = "", name: str = "") -> Donation:
    payment = SeenPayment(
        ref or f"pay_{email}", Money(1000, "EUR"), clock.now(), Giver(f"c_{email}", email, name), method="card"
    )
    post("fake", Seen(payments=(payment,)), clock.now())
    return Donation.objects.get(provider_ref=payment.ref)


def signed_in(email: str, outbox: Outbox) -> tuple[Browser, User]:
    browser = Browser()
    browser.sign_in(email, outbox)
    return browser, User.objects.get(email=email)


# ── whose a gift is


def test_what_was_given_before_there_was_an_account_joins_it_at_the_first_sign_in(outbox: Outbox) -> None:
    email = new_address("ann")
    receipt = gives(email).receipts.get()
    browser, account = signed_in(email, outbox)
    assert receipt.says["number"] in browser.get("/account/giving/").content.decode()
    assert browser.get(f"/account/giving/receipts/{receipt.pk}/").status_code == 200
    assert reader_class(account) is ReaderClass.SUPPORTER


def test_an_account_whose_address_was_never_proved_claims_nothing(client: Client) -> None:
    email = new_address("ann")
    gives(email)
    account = User.objects.create_user(email, "correct horse battery")
    client.force_login(account)
    browser = Browser()
    browser.post("/login/password/", {"email": email, "password": "correct horse battery"})
    assert Donor.objects.get(email=email).account is None
    assert reader_class(account) is ReaderClass.REGISTERED


def test_a_new_address_brings_what_was_given_from_it_and_the_old_gifts_stay(outbox: Outbox) -> None:
    before, after = new_address("ann"), new_address("anne")
    browser, account = signed_in(before, outbox)
    gives(before)
    gives(after)
    assert Donor.objects.filter(account=account).count() == 1
    browser.get("/account/email/")
    browser.post("/account/email/", {"email": after})
    browser.get("/account/email/code/")
    browser.post("/account/email/code/", {"code": outbox.code_for(after)})
    assert set(Donor.objects.filter(account=account).values_list("email", flat=True)) == {before, after}
    assert "€20.00" in browser.get(f"/account/giving/statement/{clock.now().year}/").content.decode()


def test_two_accounts_that_become_one_have_the_gifts_of_both(outbox: Outbox) -> None:
    _, kept = signed_in(new_address("ann"), outbox)
    _, other = signed_in(new_address("anne"), outbox)
    donation = gives(other.email)
    assert reader_class(kept) is ReaderClass.REGISTERED
    merge_readers(kept, other, by=a_publisher(), reason="They wrote from both")
    donation.donor.refresh_from_db()
    assert donation.donor.account == kept
    assert reader_class(kept) is ReaderClass.SUPPORTER
    assert donation.donor.email  # merging is no erasure


# ── what is told, and forgotten


def test_the_download_has_gifts_pledges_and_receipts(outbox: Outbox) -> None:
    email = new_address("ann")
    browser, _ = signed_in(email, outbox)
    gives(email)
    post_due_letters()
    browser.get("/account/")
    told = json.loads(browser.post("/account/data/", {}).content)
    assert [gift["amount"] for gift in told["gifts"]] == ["10.00 EUR"]
    assert told["receipts"][0]["donor"]["email"] == email
    assert told["as_a_donor"][0]["email"] == email
    assert told["gifts_that_repeat"] == []


def test_erased_a_donor_is_a_number_the_books_stand_and_the_receipt_keeps_what_the_law_wants(outbox: Outbox) -> None:
    email = new_address("ann")
    browser, account = signed_in(email, outbox)
    receipt = gives(email, name="Ann").receipts.get()
    Attempt.objects.create(
        email=email, name="Ann", message="For the ferry story", account=account, donor=receipt.donation.donor,
        amount_minor=1000, currency="EUR", frequency="once", provider="fake", begun_at=clock.now(),
    )  # fmt: skip
    link = letter_url(receipt).removeprefix("http://testserver")
    assert browser.get(link).status_code == 200
    page = browser.get("/account/delete/").content.decode()
    assert "the law wants them kept for 10 years" in page
    assert "What you gave and when, under a number" in page

    browser.post("/account/delete/", {"email": email})
    donor = Donor.objects.get(pk=receipt.donation.donor_id)
    assert (donor.email, donor.name, donor.account, donor.is_named) == ("", "", None, False)
    assert donor.erased_at is not None
    attempt = Attempt.objects.get()
    assert (attempt.email, attempt.name, attempt.message, attempt.account) == ("", "", "", None)
    assert Movement.objects.get(credit="gifts").amount_minor == 1000
    assert Receipt.objects.get().says["donor"]["email"] == email
    assert browser.get(link).status_code == 404
    sent = len(outbox.mails(email))
    post_due_letters()
    assert len(outbox.mails(email)) == sent


@pytest.fixture
def fake() -> Iterator[FakePayments]:
    """The provider's own process."""
    running = FakePayments(config().data).start()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.stop()


def pledges(fake: FakePayments, email: str) -> Pledge:
    """A monthly gift at the provider, and ours of it."""
    done = paid(fake.asking, new_address("key")[:20], frequency="monthly", email=email)
    look_and_post("fake", done["pledge"])
    return Pledge.objects.get(donor__email=email)


def test_an_erasure_ends_what_would_be_taken_again_first(outbox: Outbox, fake: FakePayments) -> None:
    email = new_address("ann")
    browser, _ = signed_in(email, outbox)
    pledge = pledges(fake, email)
    browser.get("/account/delete/")
    browser.post("/account/delete/", {"email": email})
    assert not User.objects.filter(email=email).exists()
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.ENDED
    seen = look_and_post("fake", pledge.provider_ref)
    assert not seen.pledges  # it had told so already


def test_an_erasure_is_refused_in_plain_words_while_the_provider_cannot_be_reached(
    outbox: Outbox, fake: FakePayments, client: Client
) -> None:
    email = new_address("ann")
    browser, account = signed_in(email, outbox)
    pledge = pledges(fake, email)
    fake.kill()
    browser.get("/account/delete/")
    page = browser.post("/account/delete/", {"email": email}).content.decode()
    assert "could not be ended" in page
    assert "Nothing was deleted" in page
    assert browser.is_signed_in
    donor = Donor.objects.get(email=email)
    assert (donor.account, donor.erased_at) == (account, None)
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.ACTIVE
    desk = at_the_admin(a_publisher())
    asked = {"reason": "They asked", "address": email}
    assert "Nothing was deleted" in desk.post(f"/admin/help-desk/{account.pk}/erase/", asked).content.decode()
    assert not ModelLogEntry.objects.filter(action="reader.erased").exists()
    users = at_the_admin(an_account("boss", is_superuser=True, is_staff=True))
    refused = users.post(f"/admin/users/delete/{account.pk}/", follow=True)
    assert "Nothing was deleted" in refused.content.decode()
    with pytest.raises(CannotErase), transaction.atomic():  # whatever other door is tried
        account.delete()
    assert User.objects.filter(pk=account.pk).exists()


def test_the_browser_that_gave_is_a_stranger_to_the_gate_after_the_erasure(outbox: Outbox) -> None:
    email = new_address("ann")
    donation = gives(email)
    attempt = Attempt.objects.create(
        email=email, donor=donation.donor, amount_minor=1000, currency="EUR", frequency="once", provider="fake",
        begun_at=clock.now(), settled_at=clock.now(), state=AttemptState.PAID,
    )  # fmt: skip
    Donation.objects.filter(pk=donation.pk).update(attempt=attempt)
    assert give_browser_pass(attempt, HttpResponse())
    number = pass_id(attempt.pass_text)
    assert number is not None
    assert open_ledger().pass_of(number, clock.timestamp()) is not None
    browser, _ = signed_in(email, outbox)
    browser.get("/account/delete/")
    browser.post("/account/delete/", {"email": email})
    assert open_ledger().pass_of(number, clock.timestamp()) is None


def test_who_set_out_to_give_and_did_not_is_forgotten_after_a_while() -> None:
    def began(days: int, state: AttemptState) -> Attempt:
        return Attempt.objects.create(
            email="ann@example.org", name="Ann", message="Hello", state=state, amount_minor=1000, currency="EUR",
            frequency="once", provider="fake", begun_at=clock.now() - timedelta(days=days),
        )  # fmt: skip

    old = [began(91, AttemptState.BEGUN), began(91, AttemptState.EXPIRED)]
    kept = [began(89, AttemptState.FAILED), began(91, AttemptState.AWAITED)]
    assert not sweep()
    for attempt in (*old, *kept):
        attempt.refresh_from_db()
    assert {(attempt.email, attempt.name, attempt.message) for attempt in old} == {("", "", "")}
    assert {attempt.email for attempt in kept} == {"ann@example.org"}


def test_nothing_of_a_donor_is_logged(outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    email = new_address("somebody-private")
    with caplog.at_level(logging.DEBUG):
        browser, _ = signed_in(email, outbox)
        receipt = gives(email, name="Private Person").receipts.get()
        post_due_letters()
        browser.get(f"/account/giving/receipts/{receipt.pk}.pdf")
        browser.get("/account/delete/")
        browser.post("/account/delete/", {"email": email})
    for word in ("somebody-private", "Private Person"):
        assert word not in caplog.text
