"""The money desk: what came in, what waits for people, lists that find and count, payments entered by hand."""

from __future__ import annotations

import csv
import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse
from wagtail.models import ModelLogEntry

from broadsheet import clock
from broadsheet.core.money import Money
from broadsheet.core.references import reference
from broadsheet.giving.desk.figures import same_day_before
from broadsheet.giving.desk.overview import waiting
from broadsheet.giving.models import (
    Attempt,
    AttemptState,
    Donation,
    Donor,
    Frequency,
    GivingSettings,
    Movement,
    Pledge,
    PledgeState,
    ProviderEvent,
    Receipt,
    Reconciliation,
)
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import Giver, Seen, SeenDispute, SeenPayment, SeenPledge, SeenRefund
from broadsheet.giving.reports import today
from tests.factories import a_publisher, a_reporter, an_editor
from tests.payments import use
from tests.staff.conftest import at_the_admin, trail

pytestmark = pytest.mark.django_db

PAGES = [
    "", "enter/", "donations/", "attempts/", "pledges/", "failed-cards/", "disputes/", "donors/", "thanks/", "sources/",
    "exports/", "events/", "differences/", "correct/",
]  # fmt: skip
LISTS = ["donations", "attempts", "pledges", "failed-cards", "disputes", "donors", "thanks", "sources"]


@pytest.fixture
def desk() -> Client:
    return at_the_admin(a_publisher())


def shown(desk: Client, path: str, **asked: str) -> str:
    """The words of a page of the desk."""
    answer = desk.get(f"/admin/giving/{path}", asked)
    assert answer.status_code == 200
    return words_of(answer.content.decode())


def words_of(page: str) -> str:
    main = page.partition("<main")[2]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


def table(desk: Client, path: str, **asked: str) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    answer = desk.get(f"/admin/giving/{path}", {**asked, "export": "csv"})
    assert isinstance(answer, StreamingHttpResponse)
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(text.removeprefix("\ufeff").splitlines()))


def a_gift(
    name: str = "Ann",
    minor: int = 1000,
    *,
    at: datetime | None = None,
    currency: str = "EUR",
    ref: str = "",
    **more: Any,
) -> Donation:
    """Posted as a provider would tell of it."""
    number = Donation.objects.count()
    giver = Giver(f"cus_{name}", f"{name.lower()}@example.org", name)
    payment = SeenPayment(
        ref or f"pay_{number}", Money(minor, currency), at or clock.now(), giver, method="card", **more
    )
    post("fake", Seen(payments=(payment,)), clock.now())
    return Donation.objects.get(provider_ref=payment.ref)


def a_pledge(name: str = "Ann", minor: int = 500, **more: Any) -> Pledge:
    giver = Giver(f"cus_{name}", f"{name.lower()}@example.org", name)
    fields = {"frequency": Frequency.MONTHLY, "state": PledgeState.ACTIVE, "started_at": clock.now(), **more}
    seen = SeenPledge(ref=f"sub_{name}", amount=Money(minor, "EUR"), giver=giver, **fields)
    post("fake", Seen(pledges=(seen,)), clock.now())
    return Pledge.objects.get(provider_ref=seen.ref)


def an_announced_transfer(letters: str = "ACDEFGH", minor: int = 5000, **more: Any) -> Attempt:
    return Attempt.objects.create(
        frequency=Frequency.ONCE, amount_minor=minor, currency="EUR", provider="manual", state=AttemptState.AWAITED,
        reference=reference(letters), begun_at=clock.now(), **{"email": "dana@example.org", **more},
    )  # fmt: skip


# ── who may


@pytest.mark.parametrize("path", PAGES)
def test_publishers_see_every_page_also_before_there_is_any_gift(desk: Client, path: str) -> None:
    assert desk.get(f"/admin/giving/{path}").status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_editors_and_reporters_do_not_see_the_money(path: str) -> None:
    for somebody in (an_editor(), a_reporter()):
        answer = at_the_admin(somebody).get(f"/admin/giving/{path}")
        assert answer.status_code in (302, 403)
        assert "money-stops" not in answer.content.decode()


def test_who_may_only_look_moves_nothing() -> None:
    gift, looks = a_gift(), an_editor()
    looks.user_permissions.add(Permission.objects.get(codename="see_money"))
    desk = at_the_admin(looks)
    page = desk.get(reverse("money_donation", args=[gift.pk])).content.decode()
    assert "Give it back" not in page
    for path in ("enter/", f"donations/{gift.pk}/refund/", "correct/"):
        assert desk.get(f"/admin/giving/{path}").status_code in (302, 403)
        assert desk.post(f"/admin/giving/{path}", {"amount": "1"}).status_code in (302, 403)
    assert Donation.objects.count() == 1


# ── the overview


def test_the_overview_adds_up_today_and_the_month_beside_the_month_before(desk: Client) -> None:
    now = clock.now()
    a_gift("Ann", 1250, at=now)
    a_gift("Bo", 4000, at=now.replace(day=1, hour=0, minute=5) if now.day > 1 else now)
    before = same_day_before(today())
    a_gift("Cyd", 9900, at=datetime(before.year, before.month, before.day, 12, tzinfo=UTC))
    words = shown(desk, "")
    assert "Today €12.50" in words or now.day == 1
    assert "This month €52.50 2 gifts" in words
    assert "Last month to the same day €99.00 1 gift" in words
    assert "now €46.50 less" in words


def test_a_gift_given_back_is_said_to_have_gone_back(desk: Client) -> None:
    a_gift(refunds=(SeenRefund("re_1", Money(400, "EUR"), clock.now()),))
    assert "This month €10.00 1 gift · €4.00 went back" in shown(desk, "")


def test_yearly_pledges_bring_a_twelfth_each_month(desk: Client) -> None:
    a_pledge("Ann", 500)
    a_pledge("Bo", 12000, frequency=Frequency.YEARLY)
    a_pledge("Cyd", 900, state=PledgeState.PAUSED)
    assert "Promised each month €15.00 2 pledges" in shown(desk, "")


def test_pledges_won_and_lost_are_counted_in_the_days_asked_for(desk: Client) -> None:
    a_pledge("Ann", started_at=clock.now() - timedelta(days=100))
    post(
        "fake",
        Seen(
            pledges=(
                SeenPledge(
                    "sub_Ann", Money(800, "EUR"), Frequency.MONTHLY, PledgeState.ACTIVE, clock.now(), Giver("cus_Ann")
                ),
            )
        ),
        clock.now(),
    )
    a_pledge("Bo", 700, state=PledgeState.ENDED, ended_at=clock.now(), end_reason="failed")
    words = shown(desk, "")
    assert "New 1 €7.00 a month Raised 1 €3.00 a month" in words
    assert "Lapsed 1 €7.00 a month Cancelled 0" in words
    long_ago = {"first": "2019-01-01", "last": "2019-01-31"}
    assert "New 0 €0.00 a month Raised 0" in shown(desk, "", **long_ago)
    assert "The first day is after the last." in shown(desk, "", first="2019-02-01", last="2019-01-31")


def test_two_currencies_are_never_added_up(desk: Client) -> None:
    a_gift("Ann", 1000)
    a_gift("Bo", 125000, currency="JPY")
    words = shown(desk, "")
    assert "€10.00" in words and "¥125,000" in words


def test_what_waits_for_people_is_named_the_gravest_first(desk: Client) -> None:
    answer_by = clock.now() + timedelta(days=5)
    dispute = SeenDispute("dp_1", Money(1000, "EUR"), clock.now(), answer_by=answer_by, reason="fraudulent")
    a_gift(disputes=(dispute,))
    a_pledge("Bo", state=PledgeState.FAILING, failing_since=clock.now(), failed_tries=2, fault="expired_card")
    an_announced_transfer()
    ProviderEvent.objects.create(provider="fake", event_ref="ev", kind="x", object_ref="o", received_at=clock.now())
    difference = {"what": "missing here", "kind": "gift", "object_ref": "p", "here": None, "there": [1, "EUR"]}
    Reconciliation.objects.create(
        provider="fake", since=clock.now(), until=clock.now(), began_at=clock.now(), ended_at=clock.now(),
        differences=[{**difference, "at": clock.now().isoformat()}],
    )  # fmt: skip
    assert [one.url.partition("#")[0] for one in waiting()] == [
        "/admin/giving/differences/",
        "/admin/giving/events/",
        "/admin/giving/disputes/?outcome=open",
        "/admin/giving/failed-cards/",
        "/admin/giving/enter/",
    ]
    words = shown(desk, "")
    assert "The books and Pretend provider differ in one line." in words
    assert "One dispute is to be answered by" in words


def test_before_the_first_gift_the_desk_says_what_to_do_next(desk: Client) -> None:
    words = shown(desk, "")
    assert "Before the first gift" in words and "Say who receives the money" in words
    a_gift()
    assert "Before the first gift" not in shown(desk, "")


# ── lists


def test_donations_are_found_by_address_name_receipt_reference_and_days(desk: Client) -> None:
    ann, bo = a_gift("Ann"), a_gift("Bo", at=clock.now() - timedelta(days=40))
    number = Receipt.objects.get(donation=bo).says["number"]
    for asked, found in {
        "ANN@exam": [ann], "bo": [bo], number: [bo], f"HERALD-{number}": [bo], ann.provider_ref: [ann], "nobody": [],
    }.items():  # fmt: skip
        rows = table(desk, "donations/", q=asked)
        assert [row["Payment at the provider"] for row in rows] == [gift.provider_ref for gift in found], asked
    last_week = str(today() - timedelta(days=7))
    assert [row["Donor"] for row in table(desk, "donations/", first=last_week)] == ["Ann"]
    assert [row["Donor"] for row in table(desk, "donations/", last=last_week)] == ["Bo"]
    assert "Nothing fits" in shown(desk, "donations/", q="nobody")


def test_donations_that_went_back_are_told_from_the_others(desk: Client) -> None:
    a_gift("Ann", refunds=(SeenRefund("re_1", Money(250, "EUR"), clock.now()),))
    a_gift("Bo")
    (row,) = table(desk, "donations/", kind="returned")
    assert (row["Donor"], row["Given back"]) == ("Ann", "2.50")


def test_attempts_are_filtered_by_state_provider_and_place(desk: Client) -> None:
    an_announced_transfer(place="wall")
    Attempt.objects.create(
        frequency=Frequency.MONTHLY, amount_minor=700, currency="EUR", provider="fake", begun_at=clock.now(),
        state=AttemptState.FAILED, fault="card_declined", place="inside",
    )  # fmt: skip
    assert len(table(desk, "attempts/")) == 2
    for asked in ({"state": "failed"}, {"provider": "fake"}, {"place": "inside"}):
        (row,) = table(desk, "attempts/", **asked)
        assert (row["Amount"], row["Reason"]) == ("7.00", "the card was declined")
    assert table(desk, "attempts/", state="expired") == []


@pytest.mark.parametrize("name", LISTS)
def test_no_cell_of_a_table_is_a_formula(desk: Client, name: str) -> None:
    attempt = an_announced_transfer(name='=HYPERLINK("http://x")', is_named=True, fault="+1", newsletter="@sum")
    a_gift(
        '=HYPERLINK("http://x")',
        attempt=attempt.pk,
        disputes=(SeenDispute("=dp", Money(1, "EUR"), clock.now(), reason="=1"),),
    )
    a_pledge("=cmd", state=PledgeState.FAILING, fault="-1+1", failing_since=clock.now())
    rows = table(desk, f"{name}/", by="newsletter") if name == "sources" else table(desk, f"{name}/")
    cells = [cell for row in rows for cell in row.values()]
    assert cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "-")) and not re.fullmatch(r"-?[\d.]+", cell)]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("asked", [{"p": "99"}, {"first": "tomorrow"}, {"q": "%_'\x00"[:3]}, {"state": "x", "by": "x"}])
def test_what_makes_no_sense_in_an_address_breaks_nothing(desk: Client, name: str, asked: dict[str, str]) -> None:
    a_gift()
    assert desk.get(f"/admin/giving/{name}/", asked).status_code == 200


def test_a_donation_tells_all_that_became_of_it(desk: Client) -> None:
    back = SeenRefund("re_1", Money(250, "EUR"), clock.now())
    gift = a_gift("Ann", fee=Money(40, "EUR"), refunds=(back,))
    words = shown(desk, f"donations/{gift.pk}/")
    assert "Left of it €7.50" in words
    assert "gift held by Pretend provider gifts €10.00" in words
    assert "fee fees held by Pretend provider €0.40" in words
    assert [receipt.says["number"] in words for receipt in Receipt.objects.all()] == [True, True]


def test_the_failed_card_board_says_what_happens_next_and_when(desk: Client) -> None:
    soon = clock.now() + timedelta(days=3)
    failing: dict[str, Any] = {
        "state": PledgeState.FAILING,
        "failing_since": clock.now(),
        "failed_tries": 2,
        "fault": "expired_card",
    }
    a_pledge("Ann", **failing, next_at=soon)
    a_pledge("Bo", **failing)
    a_pledge("Cyd")
    rows = table(desk, "failed-cards/")
    assert [(row["Donor"], row["Tries"], row["Reason"]) for row in rows] == [
        ("Ann", "2", "the card has expired"),
        ("Bo", "2", "the card has expired"),
    ]
    assert rows[0]["What happens next"].startswith("Tried again ")
    assert "lapses unless they repair it" in rows[1]["What happens next"]
    assert "mailto:ann%40example.org" in desk.get("/admin/giving/failed-cards/").content.decode()


def test_disputes_show_how_they_ended(desk: Client) -> None:
    now = clock.now()
    ends: dict[str, dict[str, Any]] = {"Ann": {"won_at": now}, "Bo": {"lost_at": now}, "Cyd": {}}
    for name, end in ends.items():
        a_gift(name, disputes=(SeenDispute(f"dp_{name}", Money(1000, "EUR"), now, **end),))
    assert {row["Donor"]: row["Outcome"] for row in table(desk, "disputes/")} == {
        "Ann": "won",
        "Bo": "lost",
        "Cyd": "open",
    }
    assert [row["Donor"] for row in table(desk, "disputes/", outcome="open")] == ["Cyd"]


def test_the_thank_you_list_names_only_who_may_be_named_and_each_once(desk: Client) -> None:
    for name in ("Ann", "Ann", "Bo", "Cyd"):
        a_gift(name)
    Donor.objects.filter(name__in=["Ann", "Cyd"]).update(is_named=True)
    a_gift("Dee", refunds=(SeenRefund("re_1", Money(1000, "EUR"), clock.now()),))
    a_gift("Eve", at=clock.now() - timedelta(days=90))
    page = html.unescape(desk.get("/admin/giving/thanks/").content.decode())
    assert re.search(r"<textarea[^>]*>Ann\nCyd\nand one reader who wishes not to be named</textarea>", page)
    assert [row["Name"] for row in table(desk, "thanks/")] == ["Ann", "Cyd", "anonymous"]


def test_first_time_givers_can_be_thanked_alone(desk: Client) -> None:
    a_gift("Ann", at=clock.now() - timedelta(days=90))
    a_gift("Ann")
    a_gift("Bo")
    Donor.objects.update(is_named=True)
    assert [row["Name"] for row in table(desk, "thanks/", new="on")] == ["Bo"]


def test_a_donor_is_shown_with_what_the_help_desk_may_tell_them(desk: Client) -> None:
    donor = a_gift("Ann").donor
    words = shown(desk, f"donors/{donor.pk}/")
    assert "They have no account" in words and "€10.00" in words
    statement = desk.get(f"/admin/giving/donors/{donor.pk}/statement-{today().year}.pdf")
    assert statement["Content-Type"] == "application/pdf" and statement.content.startswith(b"%PDF")
    assert desk.get(f"/admin/giving/donors/{donor.pk}/statement-1999.pdf").status_code == 404


def test_what_brought_it_counts_attempts_and_what_was_kept(desk: Client) -> None:
    paid = an_announced_transfer(place="wall")
    an_announced_transfer("CDEFGHJ", place="wall")
    back = SeenRefund("re_1", Money(300, "EUR"), clock.now())
    post(
        "manual",
        Seen(payments=(SeenPayment("p", Money(5000, "EUR"), clock.now(), Giver(), attempt=paid.pk, refunds=(back,)),)),
        clock.now(),
    )
    a_gift("Bo")
    rows = {row["From"]: row for row in table(desk, "sources/")}
    assert rows["On the wall"] == {
        "From": "On the wall",
        "Attempts": "2",
        "Of them paid": "1",
        "Gifts": "1",
        "Sum": "€47.00",
    }
    assert rows["by themselves"]["Sum"] == "€10.00"


@pytest.mark.parametrize("name", ["donations", "donations-with-names", "journal", "journal-beancount"])
def test_the_accountant_gets_the_books_of_a_year(desk: Client, name: str) -> None:
    a_gift("Ann")
    assert f"/exports/{name}/{today().year}/" in desk.get("/admin/giving/exports/").content.decode()
    answer = desk.get(f"/admin/giving/exports/{name}/{today().year}/")
    assert isinstance(answer, StreamingHttpResponse)
    text = b"".join(answer.streaming_content).decode()
    assert "10.00" in text
    assert ("Ann" in text) is (name == "donations-with-names")
    assert desk.get("/admin/giving/exports/anything/2026/").status_code == 404


# ── entering by hand


def entered(desk: Client, where: str = "enter/", **fields: str) -> Any:
    """Fill in the form as it is shown; the answer."""
    page = desk.get(f"/admin/giving/{where}").content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(key|confirmed)" value="([^"]*)"', page))
    given = {"currency": "EUR", "paid_on": str(today()), "method": "bank transfer", **hidden, **fields}
    return desk.post(f"/admin/giving/{where}", given)


def test_a_transfer_is_matched_by_its_reference_in_a_line_of_the_statement(desk: Client) -> None:
    attempt = an_announced_transfer(minor=120050)
    answer = entered(desk, reference=f"SEPA donation {attempt.reference.lower()} thanks", amount="1.200,50")
    gift = Donation.objects.get()
    assert answer["Location"] == reverse("money_donation", args=[gift.pk])
    assert (gift.amount, gift.attempt, gift.donor.email) == (Money(120050, "EUR"), attempt, "dana@example.org")
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.PAID
    assert gift.thanks_due_at is not None and gift.receipts.count() == 1
    moved = Movement.objects.get()
    assert (moved.debit, moved.credit, moved.amount_minor) == ("bank", "gifts", 120050)
    (entry,) = trail("giving.payment_entered")
    assert entry.data == {"amount": "1200.50 EUR", "donor": gift.donor_id}
    assert "dana" not in f"{entry.label} {entry.data}"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("1.200", "thousands or decimals"),
        ("-5", "more than nothing"),
        ("0", "more than nothing"),
        ("12.345", "thousands or decimals"),
        ("12.3456", "no such small parts"),
        ("9" * 20, "more than can be entered"),
        ("ten", "Write an amount"),
        ("", "required"),
    ],
)
def test_an_amount_that_cannot_be_read_is_asked_for_again_and_nothing_is_lost(
    desk: Client, typed: str, says: str
) -> None:
    answer = entered(desk, amount=typed, name="Somebody at the counter")
    page = answer.content.decode()
    assert says in page and "Somebody at the counter" in page
    assert not Donation.objects.exists()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"reference": "ACDE-FHG7"}, "no whole reference"),
        ({"reference": reference("CDEFGHJ")}, "Nobody was given this reference"),
        ({"paid_on": "2999-01-01"}, "still to come"),
        ({"paid_on": "1999-01-01"}, "too long ago"),
        ({"currency": "XXX"}, "not one of the available choices"),
        ({"key": "x"}, "Enter a valid value"),
    ],
)
def test_a_payment_that_makes_no_sense_is_refused(desk: Client, fields: dict[str, str], says: str) -> None:
    assert says in html.unescape(entered(desk, **{"amount": "10", **fields}).content.decode())
    assert not Donation.objects.exists()


def test_sent_twice_it_is_entered_once(desk: Client) -> None:
    page = desk.get("/admin/giving/enter/").content.decode()
    (key,) = re.findall(r'name="key" value="([^"]+)"', page)
    fields = {"amount": "10", "currency": "EUR", "paid_on": str(today()), "method": "cash", "key": key, "name": "Ann"}
    first = desk.post("/admin/giving/enter/", fields)
    second = desk.post("/admin/giving/enter/", fields, follow=True)
    assert Donation.objects.count() == 1
    assert first["Location"] == second.redirect_chain[-1][0]
    assert "entered already" in second.content.decode()
    assert len(trail("giving.payment_entered")) == 1


def test_another_amount_than_announced_is_asked_about_once(desk: Client) -> None:
    attempt = an_announced_transfer()
    where = f"enter/?attempt={attempt.pk}"
    asked = entered(desk, where, amount="45")
    page = asked.content.decode()
    assert "Announced were €50.00, you entered €45.00." in page and not Donation.objects.exists()
    hidden = dict(re.findall(r'<input type="hidden" name="(key|confirmed)" value="([^"]*)"', page))
    other = {"amount": "40", "currency": "EUR", "paid_on": str(today()), "method": "cash", **hidden}
    assert "you entered €40.00" in desk.post(f"/admin/giving/{where}", other).content.decode()
    desk.post(f"/admin/giving/{where}", {**other, "amount": "45"})
    assert Donation.objects.get().amount == Money(4500, "EUR")


def test_the_same_payment_again_is_asked_about(desk: Client) -> None:
    entered(desk, amount="10", email="Ann@example.org")
    page = entered(desk, amount="10", email="ann@example.org").content.decode()
    assert "was entered already" in page and Donation.objects.count() == 1
    hidden = dict(re.findall(r'<input type="hidden" name="(key|confirmed)" value="([^"]*)"', page))
    entered(desk, amount="10", email="ann@example.org", **hidden)
    assert Donation.objects.count() == 2 and Donor.objects.count() == 1


def test_a_donor_without_an_address_can_give_again(desk: Client) -> None:
    entered(desk, amount="10", name="The lady of the kiosk", method="cash")
    donor = Donor.objects.get()
    entered(desk, f"enter/?donor={donor.pk}", amount="20")
    entered(desk, f"enter/?donor={donor.pk}", amount="30")
    assert [gift.donor for gift in Donation.objects.order_by("pk")] == [donor] * 3


def test_a_transfer_that_never_comes_leaves_the_list_and_may_come_after_all(desk: Client) -> None:
    attempt = an_announced_transfer()
    assert "ACDE-FGH7" in shown(desk, "enter/")
    stopped = desk.post(f"/admin/giving/attempts/{attempt.pk}/stop/", {"reason": "Six weeks"})
    assert stopped.status_code == 302
    assert "ACDE-FGH7" not in shown(desk, "enter/")
    assert [entry.data["reason"] for entry in trail("giving.attempt_given_up")] == ["Six weeks"]
    entered(desk, reference=attempt.reference, amount="50")
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.PAID


# ── what could not be posted


def test_an_event_given_up_is_tried_again_by_the_worker(desk: Client) -> None:
    event = ProviderEvent.objects.create(
        provider="fake", event_ref="ev", kind="payment", object_ref="o", received_at=clock.now(), tries=12, fault="no"
    )
    assert "Try again" in shown(desk, "events/")
    desk.post(f"/admin/giving/events/{event.pk}/again/")
    event.refresh_from_db()
    assert event.due_at is not None and event.due_at <= clock.now() and event.tries == 0
    assert "None: all that was told" in shown(desk, "events/")
    assert len(trail("giving.event_tried_again")) == 1


# ── the books put right


def test_a_correction_is_a_movement_of_its_own_with_its_reason(desk: Client) -> None:
    gift = a_gift(fee=Money(40, "EUR"))
    fee = gift.transactions.get(kind="fee")
    page = desk.get(f"/admin/giving/correct/?transaction={fee.pk}").content.decode()
    assert "It was posted: fee, €0.40" in html.unescape(page)
    answer = desk.post(
        f"/admin/giving/correct/?transaction={fee.pk}",
        {"amount": "0.10", "currency": "EUR", "debit": "balance:fake", "credit": "fees", "note": "Charged too much"},
    )
    assert answer["Location"] == reverse("money_donation", args=[gift.pk])
    correction = gift.transactions.get(kind="correction")
    assert (correction.note, correction.corrects) == ("Charged too much", fee)
    assert "Charged too much" in shown(desk, f"donations/{gift.pk}/")
    assert fee.movements.get().amount_minor == 40


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"credit": "bank"}, "from an account to itself"),
        ({"amount": "0"}, "more than nothing"),
        ({"note": " "}, "required"),
        ({"debit": "balance:nobody"}, "not one of the available choices"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(desk: Client, wrong: dict[str, str], says: str) -> None:
    fields = {"amount": "5", "currency": "EUR", "debit": "bank", "credit": "gifts", "note": "Why", **wrong}
    assert says in html.unescape(desk.post("/admin/giving/correct/", fields).content.decode())
    assert not Movement.objects.exists()


# ── receipts


def test_a_receipt_is_read_voided_and_issued_anew_under_another_number(desk: Client) -> None:
    gift = a_gift()
    first = gift.receipts.get()
    assert desk.get(f"/admin/giving/receipts/{first.pk}.pdf").content.startswith(b"%PDF")
    desk.post(f"/admin/giving/receipts/{first.pk}/anew/", {"name": "Ann Archer", "reason": "Misspelt"})
    second = gift.receipts.get(void__isnull=True)
    assert second.number == first.number + 1 and second.says["donor"]["name"] == "Ann Archer"
    desk.post(f"/admin/giving/receipts/{second.pk}/void/", {"reason": "Asked for"})
    assert "Asked for" in shown(desk, f"donations/{gift.pk}/")
    assert not gift.receipts.filter(void__isnull=True).exists()


def test_the_trail_names_donors_by_number(desk: Client) -> None:
    entered(desk, amount="10", email="ann@example.org", name="Ann")
    number = Donor.objects.get().pk
    words = words_of(desk.get("/admin/reports/who-did-what/").content.decode())
    assert f"Entered 10.00 EUR from donor {number}" in words
    told = [f"{entry.label} {entry.data}" for entry in ModelLogEntry.objects.filter(action__startswith="giving.")]
    assert told and not [entry for entry in told if "ann" in entry.lower()]


def test_the_settings_currency_is_shown_before_there_is_a_gift(desk: Client) -> None:
    GivingSettings(currency="ILS").save()
    assert "₪0.00" in shown(desk, "")


# ── money that is only pretended


@pytest.mark.parametrize(
    ("payments", "says"),
    [
        (("fake",), "No real money moves here."),
        (("manual", "fake"), "Not all of this is real money."),
        (("manual",), "Not all of this was real money."),
    ],
)
def test_the_desk_says_how_much_of_its_sums_was_only_pretended(
    desk: Client, payments: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, *payments)
    post("fake", Seen(payments=(SeenPayment("pay_1", Money(1000, "EUR"), clock.now(), Giver()),)), clock.now())
    assert says in shown(desk, "")
