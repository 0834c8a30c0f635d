"""The way of giving, as a browser walks it: the form, the page where it is paid, and the way back."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from django.http import HttpResponse

from broadsheet import clock
from broadsheet.core.references import references_in
from broadsheet.giving import offer
from broadsheet.giving.models import (
    Appeal,
    Attempt,
    AttemptState,
    Donation,
    Donor,
    Frequency,
    GivingSettings,
    Place,
    Pledge,
    Receipt,
)
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import Giver, Seen, SeenPayment
from tests.payments import DECLINED, PAYS, FakePayments, use
from tests.readers.conftest import Browser, Outbox, new_address, text_of
from tests.readers.conftest import outbox as outbox

pytestmark = pytest.mark.django_db

IBAN = "DE89370400440532013000"


@pytest.fixture
def fake(fake: FakePayments, monkeypatch: pytest.MonkeyPatch) -> FakePayments:
    """The fake provider, alone in use."""
    use(monkeypatch, "fake")
    return fake


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> GivingSettings:
    """Money is taken by hand, as by a fresh installation, and there is an account for it."""
    use(monkeypatch, "manual")
    return configured(bank_holder="The Foundation", bank_iban=IBAN, bank_bic="COBADEFFXXX")


def configured(**fields: Any) -> GivingSettings:
    settings = GivingSettings.ours()
    for name, value in fields.items():
        setattr(settings, name, value)
    settings.save()
    return settings


def said(answer: HttpResponse) -> str:
    """The words of the page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def give(browser: Browser, **fields: str) -> HttpResponse:
    return browser.post("/donate/", {"frequency": "once", "once_amount": "25.00", **fields})


def pay(browser: Browser, answer: HttpResponse, card: str = PAYS, email: str = "ann@example.org") -> HttpResponse:
    """On the fake provider's page: what it answers."""
    page = answer["Location"]
    browser.get(page)
    return browser.post(page, {"card": card, "email": email})


# ── the form


def test_a_visitor_gets_the_form_and_no_cookie(bank: GivingSettings) -> None:
    browser = Browser()
    answer = browser.get("/donate/")
    assert answer.status_code == 200
    assert not browser.client.cookies
    assert {"private", "no-store"} <= set(re.split(r",\s*", answer["Cache-Control"]))
    assert "csrfmiddlewaretoken" not in answer.content.decode()


def test_without_anywhere_for_the_money_to_go_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "manual")
    answer = Browser().get("/donate/")
    assert answer.status_code == 200
    assert "Gifts cannot be taken here just now" in said(answer)
    assert 'action="/donate/"' not in answer.content.decode()
    assert give(Browser(), email="ann@example.org").status_code == 200
    assert not Attempt.objects.exists()


def test_switched_off_it_takes_nothing(bank: GivingSettings) -> None:
    configured(on=False)
    assert "Gifts cannot be taken here just now" in said(Browser().get("/donate/"))
    assert give(Browser(), email="ann@example.org").status_code == 200
    assert not Attempt.objects.exists()


def test_the_way_there_is_at_the_foot_of_pages_while_gifts_are_taken(bank: GivingSettings) -> None:
    assert '<a href="/donate/">' in Browser().get("/donate/").content.decode()
    configured(on=False)
    assert '<a href="/donate/">' not in Browser().get("/donate/").content.decode()


def test_a_provider_that_cannot_repeat_is_asked_for_single_gifts_only(bank: GivingSettings) -> None:
    page = Browser().get("/donate/?frequency=monthly").content.decode()
    assert 'name="once_amount"' in page
    assert 'name="monthly_amount"' not in page
    answer = give(Browser(), frequency="monthly", monthly_amount="10.00", email="ann@example.org")
    assert "Please choose how often" in said(answer)
    assert not Attempt.objects.exists()


def test_an_appeal_s_link_chooses_the_amount(fake: FakePayments) -> None:
    page = Browser().get("/donate/?frequency=yearly&amount=100").content.decode()
    assert re.search(r'value="yearly" id="often-yearly" checked', page)
    assert re.search(r'name="yearly_amount" value="100.00" id="\S+" checked', page)
    page = Browser().get("/donate/?frequency=once&amount=33,50").content.decode()
    assert re.search(r'name="own" value="33.50"', page)
    assert not re.search(r'name="once_amount" value="\S+" id="\S+" checked', page)


@pytest.mark.parametrize("query", ["amount=-5", "amount=lots", "amount=1e9&frequency=hourly", "amount=%00&appeal=x"])
def test_a_link_that_makes_no_sense_leads_to_the_form_as_it_is(fake: FakePayments, query: str) -> None:
    page = Browser().get(f"/donate/?{query}").content.decode()
    assert re.search(r'value="monthly" id="often-monthly" checked', page)
    assert re.search(r'name="monthly_amount" value="10.00" id="\S+" checked', page)


@pytest.mark.parametrize(
    ("own", "why"),
    [
        ("-5", "A gift is more than nothing."),
        ("0", "A gift is more than nothing."),
        ("0.50", "The least we can take is €1"),
        ("10000.01", "The largest gift here is €10,000"),
        ("9" * 39, "The largest gift is €10,000"),
        ("25.5055", "finer than the smallest coin"),
        ("1.200", "thousands or a fraction"),
        ("ten", "cannot read that as an amount"),
        ("25 USD", "cannot read that as an amount"),
        ("1e3", "cannot read that as an amount"),
        ("25 or 30", "cannot read that as an amount"),
    ],
)
def test_a_hostile_or_careless_amount_is_asked_for_again_and_nothing_is_lost(
    bank: GivingSettings, own: str, why: str
) -> None:
    typed = {"own": own, "email": "ann@example.org", "message": "Keep going", "name": "Ann", "is_named": "on"}
    answer = give(Browser(), **typed)
    assert answer.status_code == 200
    assert why in said(answer)
    page = answer.content.decode()
    for kept in (f'value="{own}"', 'value="ann@example.org"', "Keep going", 'value="Ann"'):
        assert kept in page
    assert not Attempt.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"frequency": "hourly", "own": "5"},
        {"frequency": "once", "own": "5\x00"},
        {"frequency": "once", "once_amount": "-5"},
        {"frequency": "once", "own": "5", "email": "a" * 300},
        {"frequency": "once", "own": "5", "message": "m" * 501},
        {"frequency": "once", "own": "5", "name": "n" * 121},
    ],
)
def test_a_form_that_no_page_of_ours_sends_is_asked_for_again(bank: GivingSettings, fields: dict[str, str]) -> None:
    answer = Browser().post("/donate/", {"email": "ann@example.org", **fields})
    assert answer.status_code == 200
    assert "Nothing was charged" in said(answer)
    assert not Attempt.objects.exists()


def test_digits_of_any_script_are_an_amount(bank: GivingSettings) -> None:
    give(Browser(), own="٢٥", email="ann@example.org")
    assert Attempt.objects.get().amount_minor == 2500


def test_a_fraction_of_a_yen_is_refused(bank: GivingSettings) -> None:
    amounts = {f"{frequency}_amounts": "1000 2000" for frequency in Frequency}
    configured(currency="JPY", least="100", most="1000000", **amounts)
    answer = give(Browser(), own="1000.5", email="ann@example.org")
    assert "finer than the smallest coin: write an amount such as 25." in said(answer)
    assert give(Browser(), own="1,200", email="ann@example.org").status_code == 303
    assert Attempt.objects.get().amount_minor == 1200


def test_a_form_in_another_currency_than_ours_charges_nobody(bank: GivingSettings) -> None:
    answer = give(Browser(), currency="USD", email="ann@example.org")
    assert "Amounts are in EUR here" in said(answer)
    assert not Attempt.objects.exists()


def test_what_is_typed_stands_before_what_was_chosen(bank: GivingSettings) -> None:
    give(Browser(), own="30,55", email="ann@example.org")
    assert Attempt.objects.get().amount_minor == 3055


def test_the_fee_is_added_to_the_last_cent_and_only_where_it_is_ticked(fake: FakePayments) -> None:
    give(Browser(), email="ann@example.org")
    give(Browser(), email="ann@example.org", cover="on")
    plain, covering = Attempt.objects.order_by("begun_at")
    assert (plain.amount_minor, plain.cover_minor) == (2500, 0)
    assert (covering.amount_minor, covering.cover_minor) == (2563, 63)
    page = Browser().get("/donate/").content.decode()
    assert "<bdi>€25</bdi> becomes <bdi>€25.63</bdi>" in page
    assert 'name="cover" checked' not in page
    configured(can_cover_fees=False)
    assert 'name="cover"' not in Browser().get("/donate/").content.decode()
    give(Browser(), email="ann@example.org", cover="on")
    assert Attempt.objects.order_by("begun_at").last().cover_minor == 0  # type: ignore[union-attr]


def test_a_transfer_costs_nothing_and_nobody_is_asked_to_add_a_fee(
    bank: GivingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 'name="cover"' not in Browser().get("/donate/").content.decode()
    use(monkeypatch, "fake", "manual")
    assert 'name="cover"' in Browser().get("/donate/").content.decode()
    give(Browser(), email="ann@example.org", cover="on", provider="manual")
    attempt = Attempt.objects.get()
    assert (attempt.provider, attempt.amount_minor, attempt.cover_minor) == ("manual", 2500, 0)


def test_where_the_giver_came_from_is_kept_and_nothing_invented(bank: GivingSettings) -> None:
    appeal = Appeal.objects.create(place=Place.END)
    query = f"place=end&appeal={appeal.pk}&article=77&newsletter=weekly"
    browser = Browser()
    page = browser.get(f"/donate/?{query}").content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)">', page))
    give(browser, email="ann@example.org", **hidden)
    attempt = Attempt.objects.get()
    assert (attempt.place, attempt.appeal, attempt.article_id, attempt.newsletter) == ("end", appeal, 77, "weekly")
    give(browser, email="ann@example.org", place="moon", appeal="999", article="<b>", newsletter="a b")
    attempt = Attempt.objects.order_by("begun_at").last()  # type: ignore[assignment]
    assert (attempt.place, attempt.appeal, attempt.article_id, attempt.newsletter) == ("", None, None, "")


def test_who_wants_to_be_named_says_how(bank: GivingSettings) -> None:
    answer = give(Browser(), email="ann@example.org", is_named="on")
    assert "Please type the name we may thank you by." in said(answer)


@pytest.mark.parametrize(
    ("headers", "is_believed"),
    [
        ({}, True),
        ({"Origin": "", "Sec-Fetch-Site": ""}, True),  # a browser too old to say: nothing is asked of a session
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": ""}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, False),
    ],
)
def test_only_our_own_pages_begin_a_gift(bank: GivingSettings, headers: dict[str, str], is_believed: bool) -> None:
    answer = Browser().post("/donate/", {"frequency": "once", "own": "5", "email": "ann@example.org"}, **headers)
    assert answer.status_code == (303 if is_believed else 403)
    assert Attempt.objects.exists() is is_believed


def test_who_begins_gift_after_gift_is_asked_to_wait_and_loses_nothing(bank: GivingSettings) -> None:
    browser, address = Browser(), new_address()
    for _ in range(15):
        assert give(browser, email=address).status_code == 303
    answer = give(browser, email=address, message="Once more")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "Once more" in answer.content.decode()
    assert Attempt.objects.count() == 15
    assert give(Browser(), email=new_address()).status_code == 303, "others give as before"


def test_readers_behind_one_network_who_leave_the_address_to_the_provider_are_not_taken_for_one(
    fake: FakePayments,
) -> None:
    network = Browser().network
    for _ in range(20):
        assert give(Browser(network=network)).status_code == 303


# ── by hand


def test_a_transfer_is_announced_and_a_letter_says_the_same(bank: GivingSettings, outbox: Outbox) -> None:
    browser, address = Browser(), new_address()
    answer = give(browser, email=address)
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.provider, attempt.amount_minor) == (AttemptState.AWAITED, "manual", 2500)
    assert answer["Location"] == f"/donate/transfer/{attempt.pk}/"
    page = said(browser.get(answer["Location"]))
    (mail,) = outbox.mails(address)
    for told in (page, text_of(mail), re.sub(r"<[^>]+>", " ", text_of(mail, "html"))):
        assert "DE89 3704 0044 0532 0130 00" in told
        assert "COBADEFFXXX" in told
        assert attempt.reference in references_in(told)
    assert address not in page, "whoever has the address of the page learns where money goes, not who gives"


def test_the_code_for_banks_apps_holds_the_transfer(bank: GivingSettings) -> None:
    give(Browser(), email=new_address())
    attempt = Attempt.objects.get()
    path = f"/donate/transfer/{attempt.pk}/code.svg"
    assert path in Browser().get(f"/donate/transfer/{attempt.pk}/").content.decode()
    answer = Browser().get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
    assert answer.content.startswith(b"<?xml")


@pytest.mark.parametrize(("field", "value"), [("bank_iban", "12-34-56 7890"), ("currency", "GBP")])
def test_where_there_is_no_sepa_there_is_no_code(bank: GivingSettings, field: str, value: str) -> None:
    configured(**{field: value})
    give(Browser(), email=new_address())
    attempt = Attempt.objects.get()
    assert "code.svg" not in Browser().get(f"/donate/transfer/{attempt.pk}/").content.decode()
    assert Browser().get(f"/donate/transfer/{attempt.pk}/code.svg").status_code == 404


def test_an_address_is_needed_where_nobody_else_asks_for_it(bank: GivingSettings) -> None:
    assert "Please type your address" in said(give(Browser()))
    assert not Attempt.objects.exists()


def test_once_the_transfer_has_arrived_its_browser_is_thanked(bank: GivingSettings) -> None:
    browser = Browser()
    there = give(browser, email=new_address())["Location"]
    attempt = Attempt.objects.get()
    assert browser.get(f"/donate/thanks/{attempt.pk}/")["Location"] == there
    arrived = SeenPayment("entered 1", attempt.amount, clock.now(), Giver(), attempt=attempt.pk, method="bank transfer")
    post("manual", Seen(payments=(arrived,)), clock.now())
    assert browser.get(there)["Location"] == f"/donate/thanks/{attempt.pk}/"
    assert "You are a supporter" in said(browser.get(f"/donate/thanks/{attempt.pk}/"))
    assert "supporter" in browser.client.cookies


# ── at a provider's


def test_a_gift_is_thanked_for_before_its_event_comes(fake: FakePayments) -> None:
    browser = Browser()
    begun = give(browser)
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.email) == (AttemptState.BEGUN, ""), "the provider's page asks for the address"
    assert "gift" in browser.client.cookies
    assert browser.client.cookies["gift"]["path"] == "/donate/"
    assert browser.client.cookies["gift"]["httponly"]
    paid = pay(browser, begun)
    assert paid["Location"].endswith(f"/donate/thanks/{attempt.pk}/")
    page = browser.get(paid["Location"])
    assert "Thank you." in said(page)
    assert "€25.00" in said(page)
    donation = Donation.objects.get()
    assert Receipt.objects.get(donation=donation).says["number"] in said(page)
    assert donation.donor.email == "ann@example.org"
    assert 'name="email" value="ann@example.org"' in page.content.decode(), "an account is one step away"
    assert "supporter" in browser.client.cookies


def test_a_stranger_with_the_address_learns_nothing(fake: FakePayments) -> None:
    browser = Browser()
    pay(browser, give(browser))
    attempt = Attempt.objects.get()
    browser.get(f"/donate/thanks/{attempt.pk}/")
    stranger = Browser()
    page = stranger.get(f"/donate/thanks/{attempt.pk}/")
    unknown = Browser().get("/donate/thanks/there-is-no-such-gift/")
    assert page.content == unknown.content.replace(b"there-is-no-such-gift", attempt.pk.encode())
    assert "€" not in said(page)
    assert "ann@example.org" not in page.content.decode()
    assert not stranger.client.cookies
    assert "25" not in re.findall(
        r'name="own" value="([^"]*)"', stranger.get(f"/donate/?again={attempt.pk}").content.decode()
    )


def test_a_forged_cookie_is_a_stranger_s(fake: FakePayments) -> None:
    browser = Browser()
    pay(browser, give(browser))
    attempt = Attempt.objects.get()
    stranger = Browser()
    stranger.client.cookies["gift"] = f"{attempt.pk}:1abcde:{'A' * 43}"
    assert "€" not in said(stranger.get(f"/donate/thanks/{attempt.pk}/"))


def test_a_monthly_gift_says_when_it_is_taken_next(fake: FakePayments) -> None:
    browser = Browser()
    begun = browser.post("/donate/", {"frequency": "monthly", "monthly_amount": "10.00"})
    page = said(browser.get(pay(browser, begun)["Location"]))
    assert "€10.00 every month" in page
    assert "Next payment" in page
    assert Pledge.objects.get().amount_minor == 1000


def test_who_gives_while_signed_in_gives_by_account(fake: FakePayments, outbox: Outbox) -> None:
    browser, address = Browser(), new_address()
    browser.sign_in(address, outbox)
    assert address in browser.get("/donate/").content.decode()
    begun = give(browser)
    page = browser.get(pay(browser, begun, email="other@example.org")["Location"])
    assert "/account/giving/" in page.content.decode()
    assert Donor.objects.get().account.email == address  # type: ignore[union-attr]
    assert "supporter" not in browser.client.cookies, "the account says it"


def test_a_payment_not_made_yet_is_waited_for_and_the_page_looks_again(fake: FakePayments) -> None:
    browser = Browser()
    give(browser)
    attempt = Attempt.objects.get()
    answer = browser.get(f"/donate/thanks/{attempt.pk}/")
    assert "We are waiting for word from your bank" in said(answer)
    assert int(answer["Refresh"]) > 0
    Attempt.objects.update(begun_at=clock.now().replace(year=2020))
    assert not browser.get(f"/donate/thanks/{attempt.pk}/").has_header("Refresh")


def test_a_payment_that_failed_leads_back_to_the_form_as_it_was(fake: FakePayments) -> None:
    browser = Browser()
    give(browser, own="41.50", message="For the archive", cover="on")
    Attempt.objects.update(state=AttemptState.FAILED)
    attempt = Attempt.objects.get()
    # What the provider says stands above what we have; with it out of reach, ours is what there is.
    fake.kill()
    page = browser.get(f"/donate/thanks/{attempt.pk}/")
    assert "The payment did not go through, and nothing was taken." in said(page)
    for kept in ('name="own" value="41.50"', "For the archive", 'name="cover" checked'):
        assert kept in page.content.decode()


def test_a_declined_card_leaves_the_gift_to_be_tried_again(fake: FakePayments) -> None:
    browser = Browser()
    begun = give(browser, own="41.50", message="For the archive")
    assert pay(browser, begun, DECLINED).status_code == 200
    attempt = Attempt.objects.get()
    page = browser.get(f"/donate/?again={attempt.pk}").content.decode()
    assert 'name="own" value="41.50"' in page
    assert "For the archive" in page
    assert pay(browser, begun)["Location"].endswith(f"/donate/thanks/{attempt.pk}/")


def test_a_provider_that_does_not_answer_costs_the_giver_nothing(fake: FakePayments) -> None:
    fake.kill()
    browser = Browser()
    answer = give(browser, own="41.50", message="For the archive")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "60"
    assert "The payment service does not answer just now. Nothing was charged" in said(answer)
    assert 'value="41.50"' in answer.content.decode()
    assert "For the archive" in answer.content.decode()
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.provider_ref) == (AttemptState.BEGUN, "")
    assert attempt.fault
    fake.start()
    assert give(browser, own="41.50", message="For the archive").status_code == 303


def test_of_several_ways_to_pay_one_is_chosen(
    process: FakePayments, bank: GivingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "fake", "manual")
    page = Browser().get("/donate/").content.decode()
    assert re.search(r'name="provider" value="fake" checked', page)
    answer = give(Browser(), provider="manual", email="ann@example.org")
    assert answer["Location"].startswith("/donate/transfer/")
    answer = Browser().post(
        "/donate/",
        {"frequency": "monthly", "monthly_amount": "10.00", "provider": "manual", "email": "ann@example.org"},
    )
    assert "That way, a gift is given once." in said(answer)


def test_forms_may_lead_to_the_providers_in_use_and_nowhere_else(
    bank: GivingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def policy(path: str) -> str:
        (found,) = [
            part for part in Browser().get(path)["Content-Security-Policy"].split("; ") if "form-action" in part
        ]
        return found

    assert policy("/donate/") == "form-action 'self'"
    (by_hand,) = offer.in_use()
    monkeypatch.setattr(
        type(by_hand), "abilities", replace(by_hand.abilities, sites=("https://checkout.example.com",)), raising=True
    )
    assert policy("/donate/") == "form-action 'self' https://checkout.example.com"
    assert policy("/login/") == "form-action 'self'"
