"""The money desk in a browser: what a reader gave is seen, given back, disputed and repaired; after each the books agree."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Window, hired, mails_to, new_address, press, sign_in_at_the_desk, until
from tests.e2e.test_giving import PHONE, anew, pay, receipts_in_mails
from tests.payments import PAYS, PAYS_ONCE, FakePayments
from tests.server import Server

Windows = Callable[..., Window]


@pytest.fixture(scope="module")
def house(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A publication with no story yet: the money needs none."""
    data = tmp_path_factory.mktemp("money") / "data"
    data.mkdir()
    shutil.copy(migrated, data / "broadsheet.sqlite3")
    told = {"BROADSHEET_TESTING": "1", "BROADSHEET_STAFF_SECOND_FACTOR": "optional", "PAYMENTS": "fake,manual"}
    server = Server(data, told).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def payments(house: Server) -> FakePayments:
    """The provider's process, which the server runs."""
    return FakePayments(house.data)


@pytest.fixture(scope="module")
def publisher(house: Server) -> tuple[str, str]:
    return hired(house, "publisher")


@pytest.fixture(params=[True, False], ids=["with script", "on a phone without"])
def desk(house: Server, publisher: tuple[str, str], windows: Windows, request: pytest.FixtureRequest) -> Window:
    """A publisher's window."""
    window = windows(house) if request.param else windows(house, java_script_enabled=False, **PHONE)
    if not request.param:
        window.expected = re.compile("noscript|JavaScript")
    sign_in_at_the_desk(window, publisher)
    return window


def gave(house: Server, windows: Windows, amount: int, frequency: str = "once", card: str = PAYS) -> str:
    """The address of somebody new who gave, and was thanked by mail."""
    window, address = windows(house), new_address()
    window.open(f"/donate/?frequency={frequency}&amount={amount}")
    window.page.click("[data-give]")
    pay(window, address, card)
    until(lambda: receipts_in_mails(house, address), "the letter of thanks")
    return address


def find(desk: Window, address: str) -> None:
    """The page of the only donation of that address."""
    desk.open("/admin/giving/donations/")
    desk.page.fill("main input[name=q]", address)
    press(desk, "Show")
    desk.page.locator("main tbody a").first.click()
    expect(desk.page.locator("main h2").first).to_contain_text("received")


def agrees(house: Server) -> bool:
    """Whether the books and the provider say the same, to the cent."""
    return house.run("ledger", "check", check=False).returncode == 0


def test_a_gift_is_found_by_its_receipt_and_a_part_of_it_given_back(
    house: Server, desk: Window, windows: Windows
) -> None:
    address = gave(house, windows, 25)
    (number,) = receipts_in_mails(house, address)[:1]
    find(desk, number)
    assert address in desk.said
    desk.page.click("text=Give it back …")
    desk.page.fill("main input[name=amount]", "7,50")
    desk.page.fill("main input[name=reason]", "Asked for by letter")
    press(desk, "See what will happen")
    assert f"sends €7.50 of €25.00 to {address}" in desk.said
    press(desk, "Give back €7.50")
    assert "€7.50 given back. It is in the books." in desk.said
    assert "Left of it €17.50" in desk.said
    until(lambda: len(mails_to(house, address)) > 1, "a letter that says so")
    assert agrees(house)


def test_a_dispute_waits_for_people_until_it_is_won(
    house: Server, payments: FakePayments, desk: Window, windows: Windows
) -> None:
    address = gave(house, windows, 40)
    find(desk, address)
    gift = desk.page.url
    ref = desk.page.locator("main dt:has-text('Provider') + dd small").inner_text()
    payments.asking.post("/control/disputes", payment=ref)
    until(lambda: "dispute" in anew(desk), "the dispute among the movements")
    desk.open("/admin/giving/")
    assert "to be answered" in desk.said
    desk.open("/admin/giving/disputes/?outcome=open")
    assert address in desk.said and "Answer by" in desk.said
    assert agrees(house)
    dispute = re.search(r"Pretend provider (\S+)", desk.said)
    assert dispute is not None
    payments.asking.post(f"/control/disputes/{dispute[1]}", is_won=True)
    desk.open(gift)
    until(lambda: "Left of it €40.00" in anew(desk), "the money that came back")
    assert agrees(house)


def test_a_failed_card_stands_on_the_board_until_the_pledge_is_ended(
    house: Server, payments: FakePayments, desk: Window, windows: Windows
) -> None:
    address = gave(house, windows, 10, "monthly", PAYS_ONCE)
    payments.days_pass(32)
    desk.open("/admin/giving/failed-cards/")
    until(lambda: address in anew(desk), "the failed card")
    row = desk.page.locator("main tbody tr", has_text=address)
    expect(row).to_contain_text("Tried again")
    row.locator("a:has-text('€10.00 monthly')").click()
    desk.page.click("text=End the pledge …")
    desk.page.fill("main input[name=reason]", "Moved abroad")
    press(desk, "End it")
    assert "The pledge has ended." in desk.said and "cancelled by us" in desk.said
    desk.open("/admin/giving/failed-cards/")
    assert address not in desk.said
    assert agrees(house)


def test_a_cheque_is_entered_and_its_year_exported(house: Server, desk: Window) -> None:
    address = new_address()
    desk.open("/admin/giving/enter/")
    desk.page.fill("main input[name=amount]", "1.200,50")
    desk.page.select_option("main select[name=method]", "cheque")
    desk.page.fill("main input[name=email]", address)
    desk.page.fill("main input[name=name]", "=The lady of the kiosk")
    press(desk, "Enter it")
    assert "€1,200.50 entered." in desk.said and "bank gifts €1,200.50" in desk.said
    until(lambda: receipts_in_mails(house, address), "the letter of thanks")
    desk.open("/admin/giving/exports/")
    with desk.page.expect_download() as download:
        desk.page.click("main a:has-text('donations with names')")
    text = download.value.path().read_text()
    assert "1200.50" in text and "'=The lady of the kiosk" in text
    assert agrees(house)
