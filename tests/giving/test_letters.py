"""What donors are told by mail: each thing once, in words that fit, whatever dies or does not answer in between."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from broadsheet import clock
from broadsheet.core.money import Money
from broadsheet.giving.acts.reissue_receipt import reissue_receipt
from broadsheet.giving.mailroom import MOST_REFUSALS, MOST_TRIES, post_due_letters
from broadsheet.giving.models import (
    Donation,
    EndReason,
    Frequency,
    GivingLetter,
    GivingSettings,
    Pledge,
    PledgeState,
    Receipt,
)
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import Giver, Seen, SeenPayment, SeenPledge, SeenRefund
from broadsheet.giving.receipt_pdf import receipt_pdf
from broadsheet.newsroom.models import Publication
from broadsheet.site.worker import DUTIES, do
from tests.factories import a_publisher
from tests.readers.conftest import Browser, Outbox, text_of
from tests.readers.conftest import browser as browser
from tests.readers.conftest import outbox as outbox
from tests.readers.test_mail import Postbox
from tests.readers.test_mail import email_url as email_url
from tests.readers.test_mail import postbox as postbox
from tests.server import free_port

pytestmark = pytest.mark.django_db

ANN = Giver("cus_1", "ann@example.org", "Ann")


def a_pledge(**fields: Any) -> SeenPledge:
    given = {
        "ref": "sub_1",
        "amount": Money(500, "EUR"),
        "frequency": Frequency.MONTHLY,
        "state": PledgeState.ACTIVE,
        "started_at": clock.now(),
        "giver": ANN,
        "next_at": clock.now() + timedelta(days=30),
    }
    return SeenPledge(**{**given, **fields})


def a_payment(ref: str = "pay_1", **fields: Any) -> SeenPayment:
    return SeenPayment(
        **{"ref": ref, "amount": Money(500, "EUR"), "paid_at": clock.now(), "giver": ANN, "method": "card", **fields}
    )


def seen(*things: SeenPledge | SeenPayment) -> None:
    pledges = tuple(thing for thing in things if isinstance(thing, SeenPledge))
    payments = tuple(thing for thing in things if isinstance(thing, SeenPayment))
    post("fake", Seen(pledges=pledges, payments=payments), clock.now())


@pytest.fixture
def letters(outbox: Outbox) -> Callable[[], list[EmailMessage]]:
    """Those written since it was asked last."""
    known = 0

    def fetch() -> list[EmailMessage]:
        nonlocal known
        post_due_letters()
        mails = outbox.mails()[known:]
        known += len(mails)
        return mails

    return fetch


Letters = Callable[[], list[EmailMessage]]


# ── thanks


def test_a_gift_is_thanked_for_once_with_its_receipt(letters: Letters, browser: Browser) -> None:
    settings = GivingSettings.ours()
    settings.thanks_heading, settings.thanks_text = "Bless you", "{name} lives by this."
    settings.save()
    seen(a_payment())
    (mail,) = letters()
    assert letters() == []
    assert mail["To"] == "ann@example.org"
    assert mail["Subject"] == "Thank you for your gift to The Broadsheet"
    receipt = Receipt.objects.get()
    for kind in ("plain", "html"):
        said = text_of(mail, kind)
        for words in ("Bless you", "The Broadsheet lives by this.", "€5.00", receipt.says["number"]):
            assert words in said
        assert "cancel" not in said
    (attached,) = mail.iter_attachments()
    assert attached.get_content_type() == "application/pdf"
    assert attached.get_filename() == f"{receipt.says['number']}.pdf"
    assert attached.get_content() == receipt_pdf(receipt)
    (link,) = re.findall(r"http://testserver(/donate/receipt/\S+)", text_of(mail))
    assert receipt.says["number"] in browser.get(link).content.decode()
    assert Donation.objects.get().thanked_at is not None


def test_the_first_payment_of_a_pledge_and_the_next_are_thanked_for_in_other_words(letters: Letters) -> None:
    seen(a_pledge(), a_payment(pledge="sub_1"))
    (first,) = letters()
    assert first["Subject"] == "Thank you for supporting The Broadsheet"
    assert "you are one of those who pay for The Broadsheet" in text_of(first)
    assert "change, pause or cancel it" in text_of(first)
    assert "http://testserver/account/giving/" in text_of(first)

    seen(a_pledge(), a_payment("pay_2", pledge="sub_1", paid_at=clock.now() + timedelta(seconds=1)))
    (renewal,) = letters()
    assert renewal["Subject"] == "Your gift to The Broadsheet has arrived: thank you"
    assert "Thank you once more: your monthly gift" in text_of(renewal)


def test_money_that_came_without_an_address_is_thanked_for_on_the_page_alone(letters: Letters) -> None:
    seen(a_payment(giver=Giver()))
    assert letters() == []
    assert Receipt.objects.count() == 1


def test_letters_of_a_hebrew_edition_are_written_from_right_to_left(letters: Letters) -> None:
    house = Publication.ours()
    house.language, house.direction, house.name = "he", "rtl", "הדף"
    house.save()
    seen(a_payment())
    (mail,) = letters()
    assert 'dir="rtl"' in text_of(mail, "html")


# ── what becomes of a pledge


def test_a_failed_payment_is_told_once_and_once_more_not_for_each_event(letters: Letters) -> None:
    since, again = clock.now(), clock.now() + timedelta(days=3)
    seen(a_pledge())
    failing = a_pledge(state=PledgeState.FAILING, failing_since=since, failed_tries=1, next_at=again)
    for _ in range(3):
        seen(failing)
    (mail,) = letters()
    assert "could not collect your monthly gift of €5.00" in text_of(mail)
    assert "tried again on" in text_of(mail)
    assert "Repair the payment: http://testserver/account/giving/" in text_of(mail)
    seen(replace(failing, failed_tries=2))
    assert letters() == []
    seen(replace(failing, failed_tries=3))
    seen(replace(failing, failed_tries=4))
    (reminder,) = letters()
    assert "still could not collect" in text_of(reminder)
    assert "You owe nothing" in text_of(reminder)

    seen(a_pledge(), a_payment(pledge="sub_1"))  # repaired
    letters()
    seen(replace(failing, failing_since=since + timedelta(days=30)))
    assert len(letters()) == 1


@pytest.mark.parametrize(
    ("reason", "subject", "words"),
    [
        (EndReason.FAILED, "Your gift to The Broadsheet has ended", "The payment was refused several times"),
        (EndReason.READER, "Your gift to The Broadsheet is cancelled", "As you asked, your monthly gift of €5.00"),
        (EndReason.PROVIDER, "Your gift to The Broadsheet is cancelled", "has ended. Nothing more will be taken"),
    ],
)
def test_the_end_of_a_pledge_is_told_once_with_thanks(
    letters: Letters, reason: EndReason, subject: str, words: str
) -> None:
    seen(a_pledge())
    for _ in range(2):
        seen(a_pledge(state=PledgeState.ENDED, ended_at=clock.now(), end_reason=reason, next_at=None))
    (mail,) = letters()
    assert mail["Subject"] == subject
    assert words in text_of(mail)
    assert "hank you" in text_of(mail)


def test_another_amount_a_pause_and_its_end_are_each_told(letters: Letters) -> None:
    seen(a_pledge())
    seen(a_pledge(amount=Money(800, "EUR")))
    (changed,) = letters()
    assert "is €8.00. Until now it was €5.00." in text_of(changed)
    until = datetime(2027, 3, 1, 12, tzinfo=UTC)
    for _ in range(2):
        seen(a_pledge(amount=Money(800, "EUR"), state=PledgeState.PAUSED, paused_until=until))
    (paused,) = letters()
    assert "Until 1 March 2027, your monthly gift of €8.00" in text_of(paused)
    seen(a_pledge(amount=Money(800, "EUR")))
    (resumed,) = letters()
    assert "The pause is over" in text_of(resumed)


# ── money back, receipts anew


def test_money_given_back_is_told_with_the_receipt_for_the_rest(letters: Letters) -> None:
    seen(a_payment())
    letters()
    refund = SeenRefund("re_1", Money(200, "EUR"), clock.now())
    for _ in range(2):
        seen(a_payment(refunds=(refund,)))
    (part,) = letters()
    assert part["Subject"] == "The Broadsheet has given money back to you"
    assert "given €2.00 of your gift of €5.00" in text_of(part)
    assert "00002 has taken its place" in text_of(part)
    (attached,) = part.iter_attachments()
    assert attached.get_content() == receipt_pdf(Receipt.objects.get(number=2))

    seen(a_payment(refunds=(refund, SeenRefund("re_2", Money(300, "EUR"), clock.now()))))
    (rest,) = letters()
    assert "The receipt you had for it is void." in text_of(rest)
    assert list(rest.iter_attachments()) == []


def test_a_receipt_issued_anew_is_sent(letters: Letters) -> None:
    seen(a_payment())
    letters()
    reissue_receipt(Receipt.objects.get(), by=a_publisher(), reason="Misspelled", name="Anne")
    (mail,) = letters()
    assert "00001 for your gift of €5.00" in text_of(mail)
    assert "Anne" in text_of(mail)
    assert len(list(mail.iter_attachments())) == 1


def test_a_posting_that_fails_writes_no_letter(letters: Letters, monkeypatch: pytest.MonkeyPatch) -> None:
    seen(a_pledge())
    monkeypatch.setattr("broadsheet.giving.posting.supporters.refresh", lambda donor: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        seen(a_pledge(state=PledgeState.ENDED, ended_at=clock.now(), end_reason=EndReason.READER))
    assert Pledge.objects.get().state == PledgeState.ACTIVE
    assert letters() == []


def test_what_is_found_long_after_it_happened_is_not_told(letters: Letters) -> None:
    long_ago = clock.now() - timedelta(days=90)
    seen(a_pledge(started_at=long_ago))
    seen(a_pledge(started_at=long_ago, state=PledgeState.ENDED, ended_at=long_ago, end_reason=EndReason.FAILED))
    assert letters() == []


# ── a mail server that does not answer, or says no


def due_again() -> timedelta:
    due_at = Donation.objects.get().thanks_due_at
    assert due_at is not None
    return due_at - clock.now()


def make_due() -> None:
    Donation.objects.update(thanks_due_at=clock.now())


def test_a_server_that_is_down_is_asked_again_later_and_not_for_ever(
    email_url: Callable[[str], None], outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    email_url(f"smtp://127.0.0.1:{free_port()}")
    seen(a_payment())
    pauses = []
    for _ in range(MOST_TRIES - 1):
        post_due_letters()
        pauses.append(round(due_again() / timedelta(minutes=1)))
        make_due()
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (1, 12 * 60)
    post_due_letters()
    donation = Donation.objects.get()
    assert (donation.thanks_due_at, donation.thanked_at) == (None, None)
    assert "given up" in caplog.text
    assert "ann@" not in caplog.text


def test_a_letter_refused_for_good_is_given_up_soon_and_others_are_not_held_up(
    postbox: Postbox, outbox: Outbox
) -> None:
    postbox.refuses_recipient = "550 no such user"
    seen(a_payment())
    for _ in range(MOST_REFUSALS):
        make_due()
        post_due_letters()
    assert Donation.objects.get().thanks_due_at is None
    postbox.refuses_recipient = ""
    seen(a_payment("pay_2", giver=Giver("cus_2", "bob@example.org")))
    post_due_letters()
    assert [mail.rcpt_tos for mail in postbox.mails] == [["bob@example.org"]]


# ── the worker


@pytest.mark.django_db(transaction=True)
def test_the_worker_sends_what_is_due_beside_its_other_duties(outbox: Outbox) -> None:
    seen(a_payment())
    (duty,) = [duty for duty in DUTIES if duty.name == "write to donors"]
    assert (duty.every_s, duty.apart) == (2, True)  # a mail server may be slow: nothing waits for it
    do(duty)
    assert [mail["To"] for mail in outbox.mails()] == ["ann@example.org"]


DIES_AFTER_SENDING = """
import os, signal
import django; django.setup()
from django.core.mail.backends.base import BaseEmailBackend
from broadsheet.site.mail import ConfiguredBackend
from broadsheet.giving import mailroom
left = int(os.environ["LETTERS"])
def note(row, **given):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    noted(row, **given)
noted, mailroom._note = mailroom._note, note
mailroom.post_due_letters()
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_over_a_letter_repeats_that_one_at_most_under_the_same_name(outbox: Outbox) -> None:
    for number in range(5):
        seen(a_payment(f"pay_{number}", giver=Giver(f"c{number}", f"reader{number}@example.org")))
    command = [sys.executable, "-c", DIES_AFTER_SENDING]
    done = subprocess.run(command, env={**os.environ, "LETTERS": "3"}, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert len(outbox.mails()) == 3
    assert Donation.objects.filter(thanked_at__isnull=False).count() == 2

    post_due_letters()  # the next worker: it has the two that were never tried
    assert len(outbox.mails()) == 5
    Donation.objects.filter(thanked_at=None).update(thanks_due_at=clock.now())  # a minute later
    post_due_letters()
    post_due_letters()
    mails = outbox.mails()
    assert len(mails) == 6
    assert len({mail["Message-ID"] for mail in mails}) == 5
    assert not Donation.objects.filter(thanked_at=None).exists()
    assert GivingLetter.objects.count() == 0
