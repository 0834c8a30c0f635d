"""Receipts: a number each and no gap, the same for ever, and honest about what no longer holds."""

from __future__ import annotations

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import Error, close_old_connections, connection, connections, transaction
from pypdf import PdfReader

from broadsheet import clock
from broadsheet.core.money import Money
from broadsheet.giving.acts.reissue_receipt import HasSuccessor, reissue_receipt
from broadsheet.giving.acts.void_receipt import AlreadyVoid, void_receipt
from broadsheet.giving.models import Donation, GivingSettings, Receipt, ReceiptSeries
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import Giver, Seen, SeenPayment, SeenRefund
from broadsheet.giving.receipt_links import letter_url
from broadsheet.giving.receipt_pdf import receipt_pdf
from broadsheet.giving.receipts import NothingKept, forget_names, standing_receipt
from broadsheet.newsroom.models import Publication
from broadsheet.readers.models import User
from tests.factories import a_publisher, an_editor
from tests.readers.conftest import Browser, Outbox
from tests.readers.conftest import browser as browser
from tests.readers.conftest import outbox as outbox

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_gift(minor: int = 1250, *, ref: str = "pay_1", email: str = "ann@example.org", **fields: object) -> Donation:
    given = {"paid_at": AT, "method": "card", **fields}
    name = str(given.pop("name", "Ann O’Hara"))
    payment = SeenPayment(ref, Money(minor, "EUR"), giver=Giver(f"cus_{email}", email, name), **given)  # type: ignore[arg-type]
    (donation,) = post("fake", Seen(payments=(payment,)), clock.now()).donations
    return donation


def given_back(donation: Donation, minor: int, came_back_at: datetime | None = None) -> None:
    refund = SeenRefund(f"re_{donation.pk}_{minor}", Money(minor, "EUR"), clock.now(), came_back_at=came_back_at)
    payment = SeenPayment(donation.provider_ref, donation.amount, donation.paid_at, Giver(), refunds=(refund,))
    post("fake", Seen(payments=(payment,)), clock.now())


def a_house(**fields: object) -> None:
    settings = GivingSettings.ours()
    named = {
        "entity_name": "Harbour Herald Trust",
        "entity_address": "12 Quay Street\nPortside",
        "receipt_prefix": "HERALD",
    }
    for name, value in {**named, **fields}.items():
        setattr(settings, name, value)
    settings.save()


def words_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def own_path(receipt: Receipt) -> str:
    return f"/account/giving/receipts/{receipt.pk}/"


@pytest.fixture
def ann(outbox: Outbox) -> Browser:
    """At her browser, signed in."""
    browser = Browser()
    browser.sign_in("ann@example.org", outbox)
    User.objects.filter(email="ann@example.org").update(name="Ann O’Hara")
    return browser


# ── numbers


def test_each_gift_has_the_next_number_of_its_entity_and_year() -> None:
    a_house()
    a_gift(ref="a")
    a_gift(ref="b")
    a_gift(ref="c", paid_at=datetime(2025, 12, 31, 12, tzinfo=UTC))
    numbers = [receipt.says["number"] for receipt in Receipt.objects.order_by("pk")]
    assert numbers == ["HERALD-2026-00001", "HERALD-2026-00002", "HERALD-2025-00001"]


def test_the_year_is_that_of_the_publications_clock() -> None:
    house = Publication.ours()
    house.zone = "Pacific/Auckland"
    house.save()
    a_gift(paid_at=datetime(2026, 12, 31, 12, tzinfo=UTC))
    assert Receipt.objects.get().year == 2027


def test_a_posting_that_fails_takes_no_number() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        a_gift(ref="a")
        raise ZeroDivisionError
    a_gift(ref="b")
    assert Receipt.objects.get().number == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_gifts_at_once_have_twenty_numbers_and_no_gap() -> None:
    def give(number: int) -> None:
        close_old_connections()
        try:
            a_gift(ref=f"pay_{number}", email=f"reader{number}@example.org")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as at_once:
        list(at_once.map(give, range(20)))
    assert sorted(Receipt.objects.values_list("number", flat=True)) == list(range(1, 21))
    assert ReceiptSeries.objects.get().last_number == 20


# ── what stands on one


def test_a_receipt_reads_the_same_whatever_is_changed_later(ann: Browser) -> None:
    a_house(receipt_note="No goods or services were provided in return.")
    receipt = a_gift().receipts.get()
    page, pdf = ann.get(own_path(receipt)).content.decode(), receipt_pdf(receipt)
    for said in ("HERALD-2026-00001", "€12.50", "20 November 2026", "Ann O’Hara", "Portside", "No goods or services"):
        assert said in page
        assert said in words_of(pdf)

    a_house(entity_name="Another Ltd", entity_address="Elsewhere", receipt_note="", receipt_prefix="X")
    receipt.donation.donor.name = "Anne"
    receipt.donation.donor.save()
    house = Publication.ours()
    house.language, house.zone = "he", "Asia/Jerusalem"
    house.save()
    again = Receipt.objects.get()
    assert receipt_pdf(again) == pdf
    sheet = re.compile(r'<article class="receipt.*?</article>', re.DOTALL)
    assert sheet.findall(ann.get(own_path(again)).content.decode()) == sheet.findall(page)


def test_goods_and_services_are_spoken_of_only_by_the_publisher(ann: Browser) -> None:
    receipt = a_gift().receipts.get()
    assert "goods" not in ann.get(own_path(receipt)).content.decode().lower()


def test_a_receipt_of_a_hebrew_edition_is_written_from_right_to_left() -> None:
    house = Publication.ours()
    house.language, house.direction = "he", "rtl"
    house.save()
    receipt = a_gift(name="אן כהן").receipts.get()
    reader = PdfReader(io.BytesIO(receipt_pdf(receipt)))
    assert reader.trailer["/Root"]["/Lang"] == "he"
    assert "€" in receipt.says["amount"]
    assert "בנובמבר" in receipt.says["paid_on"]


def test_the_pdf_is_tagged_for_screen_readers_and_carries_its_letters() -> None:
    reader = PdfReader(io.BytesIO(receipt_pdf(a_gift().receipts.get())))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert reader.metadata is not None
    assert reader.metadata.title == "Receipt 2026-00001"
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    fonts = reader.pages[0]["/Resources"]["/Font"].values()
    assert all("/FontFile3" in font["/DescendantFonts"][0]["/FontDescriptor"] for font in fonts)


@pytest.mark.parametrize(
    "name", ["Ann 田中 😀", '#set page(fill: red) *x* \\ "', "a\x07b", "</bdi><script>alert(1)</script>"]
)
def test_whatever_a_donor_is_called_there_is_a_receipt(ann: Browser, name: str) -> None:
    User.objects.filter(email="ann@example.org").update(name=name)
    receipt = a_gift().receipts.get()
    assert receipt_pdf(receipt).startswith(b"%PDF-")
    page = ann.get(own_path(receipt))
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()
    assert receipt.says["donor"]["name"] == name


@pytest.mark.parametrize(("provider", "is_trial"), [("fake", True), ("stripe", False)])
def test_a_receipt_for_money_that_is_only_pretended_says_so(ann: Browser, provider: str, is_trial: bool) -> None:
    payment = SeenPayment("pay_t", Money(1000, "EUR"), AT, Giver("c", "ann@example.org"), method="card")
    (donation,) = post(provider, Seen(payments=(payment,)), clock.now()).donations
    receipt = donation.receipts.get()
    assert ("no real money moved" in ann.get(own_path(receipt)).content.decode()) == is_trial
    assert ("no real money moved" in words_of(receipt_pdf(receipt)).replace("\n", " ")) == is_trial
    assert ("no real money moved" in ann.get("/account/giving/statement/2026/").content.decode()) == is_trial


# ── who sees it


def test_a_receipt_is_shown_to_its_donor_alone(ann: Browser, outbox: Outbox, browser: Browser) -> None:
    receipt = a_gift().receipts.get()
    for path in (own_path(receipt), f"/account/giving/receipts/{receipt.pk}.pdf"):
        answer = ann.get(path)
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
        assert "private" in answer["Cache-Control"]
        assert answer["X-Robots-Tag"] == "noindex"
        assert browser.get(path)["Location"].startswith("/login/")
    browser.sign_in("bob@example.org", outbox)
    assert browser.get(own_path(receipt)).status_code == 404
    assert browser.get(own_path(Receipt(pk=10**9))).status_code == 404


def test_the_link_of_the_letter_opens_one_receipt_without_an_account(browser: Browser) -> None:
    receipt, other = a_gift(ref="a").receipts.get(), a_gift(ref="b").receipts.get()
    path = letter_url(receipt).removeprefix("http://testserver")
    assert receipt.says["number"] in browser.get(path).content.decode()
    pdf = browser.get(path.rstrip("/") + ".pdf")
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content == receipt_pdf(receipt)
    token = path.split("/")[3]
    for forged in (token.replace(str(receipt.pk), str(other.pk), 1), token[:-1], str(receipt.pk), "x.y"):
        assert browser.get(f"/donate/receipt/{forged}/").status_code == 404


# ── void and anew


def test_a_voided_receipt_says_so_on_page_and_pdf(ann: Browser) -> None:
    receipt, publisher = a_gift().receipts.get(), a_publisher()
    void_receipt(receipt, by=publisher, reason="Entered twice")
    page = ann.get(own_path(receipt)).content.decode()
    assert "This receipt is void: it no longer holds." in page
    assert "Entered twice" not in page
    assert "it no longer holds" in words_of(receipt_pdf(Receipt.objects.get())).replace("\n", " ")
    with pytest.raises(AlreadyVoid):
        void_receipt(receipt, by=publisher, reason="Once more")


def test_a_receipt_issued_anew_takes_the_next_number_and_the_two_name_each_other(ann: Browser, outbox: Outbox) -> None:
    receipt, publisher = a_gift(name="An").receipts.get(), a_publisher()
    successor = reissue_receipt(receipt, by=publisher, reason="Misspelled", name="Ann O’Hara")
    assert (successor.number, successor.says["donor"]["name"]) == (2, "Ann O’Hara")
    assert "receipt 2026-00002 has taken its place" in ann.get(own_path(receipt)).content.decode()
    assert "2026-00001" in ann.get(own_path(successor)).content.decode()
    assert standing_receipt(receipt.donation) == successor
    with pytest.raises(HasSuccessor):
        reissue_receipt(receipt, by=publisher, reason="Again")


def test_only_who_may_move_money_voids_a_receipt_and_never_without_a_reason() -> None:
    receipt = a_gift().receipts.get()
    with pytest.raises(PermissionDenied):
        void_receipt(receipt, by=an_editor(), reason="Because")
    with pytest.raises(ValueError, match="says why"):
        void_receipt(receipt, by=a_publisher(), reason="  ")
    assert standing_receipt(receipt.donation) == receipt


def test_after_a_refund_the_receipt_is_void_and_one_for_the_rest_takes_its_place() -> None:
    donation = a_gift(1250)
    given_back(donation, 250)
    first, second = Receipt.objects.order_by("pk")
    assert first.void.successor == second
    assert (second.says["amount"], second.says["replaces"]) == ("€10.00", first.says["number"])
    given_back(donation, 1000)
    assert standing_receipt(donation) is None
    with pytest.raises(NothingKept):
        reissue_receipt(second, by=a_publisher(), reason="Please")


def test_a_refund_that_did_not_go_through_after_all_brings_a_receipt_for_all_of_it_back() -> None:
    donation = a_gift(1250)
    given_back(donation, 1250)
    assert standing_receipt(donation) is None
    given_back(donation, 1250, came_back_at=clock.now())
    standing = standing_receipt(donation)
    assert standing is not None
    assert (standing.number, standing.says["amount"]) == (2, "€12.50")


def test_a_receipt_that_somebody_voided_stays_so_whatever_is_given_back() -> None:
    donation = a_gift(1250)
    void_receipt(donation.receipts.get(), by=a_publisher(), reason="It was a loan")
    given_back(donation, 250)
    assert standing_receipt(donation) is None


# ── for ever, but for a name


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE giving_receipt SET content = '{}'",
        "UPDATE giving_receipt SET number = 7, erasures = erasures + 1",
        "UPDATE giving_receipt SET erasures = erasures + 2",
        "DELETE FROM giving_receipt",
    ],
)
def test_the_database_refuses_to_rewrite_a_receipt(change: str) -> None:
    a_gift()
    with pytest.raises(Error, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_names_on_receipts_are_forgotten_when_the_law_no_longer_wants_them(ann: Browser) -> None:
    a_house(receipts_kept_years=10)
    year = clock.now().year
    old = a_gift(ref="old", paid_at=datetime(year - 11, 12, 30, tzinfo=UTC)).receipts.get()
    young = a_gift(ref="young", paid_at=datetime(year - 10, 1, 2, tzinfo=UTC)).receipts.get()
    assert forget_names() == 1
    assert forget_names() == 0
    for receipt, is_forgotten in ((old, True), (young, False)):
        receipt.refresh_from_db()
        assert ("ann@example.org" not in receipt.content) == is_forgotten
        assert ("O’Hara" not in words_of(receipt_pdf(receipt))) == is_forgotten
    assert "a name that is no longer kept" in ann.get(own_path(old)).content.decode()
    assert json.loads(old.content)["amount_minor"] == 1250


# ── a year


def test_the_statement_of_a_year_has_each_gift_what_was_returned_and_the_sum(ann: Browser) -> None:
    for ref, minor, month in (("a", 1000, 1), ("b", 2500, 6)):
        a_gift(minor, ref=ref, paid_at=datetime(2026, month, 5, 12, tzinfo=UTC))
    a_gift(9900, ref="before", paid_at=datetime(2025, 5, 5, 12, tzinfo=UTC))
    given_back(Donation.objects.get(provider_ref="b"), 500)
    account = User.objects.get(email="ann@example.org")
    a_gift(700, ref="c", email="ann.old@example.org", paid_at=datetime(2026, 7, 5, 12, tzinfo=UTC))
    Donation.objects.get(provider_ref="c").donor.__class__.objects.filter(email="ann.old@example.org").update(
        account=account
    )
    page = ann.get("/account/giving/statement/2026/").content.decode()
    table = re.sub(r"<[^>]+>", " ", page[page.index("<tbody>") : page.index("</table>")])
    assert (
        table.split()
        == (
            "5 January 2026 2026-00001 €10.00 €0.00 €10.00 5 June 2026 2026-00003 €25.00 €5.00 €20.00"
            " 5 July 2026 2026-00004 €7.00 €0.00 €7.00 Total €42.00 €5.00 €37.00"
        ).split()
    )
    pdf = ann.get("/account/giving/statement/2026.pdf")
    assert "€37.00" in words_of(pdf.content)
    assert ann.get("/account/giving/statement/2024/").status_code == 404


def test_amounts_of_two_currencies_are_never_added(ann: Browser) -> None:
    post(
        "fake",
        Seen(
            payments=tuple(
                SeenPayment(f"p{n}", amount, AT + timedelta(hours=n), Giver("c", "ann@example.org"), method="card")
                for n, amount in enumerate([Money(1000, "EUR"), Money(1000, "JPY"), Money(1000, "KWD")])
            )
        ),
        clock.now(),
    )
    page = ann.get("/account/giving/statement/2026/").content.decode()
    sums = re.sub(r"<[^>]+>", " ", page[page.index("<tfoot>") : page.index("</tfoot>")])
    assert sums.split() == ["Total", "€10.00", "Total", "¥1,000", "Total", "KWD", "1.000"]
