"""Giving, walked in a browser: from the appeal under a story to a receipt in the mail and a supporter at the gate."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Story, Window, code_for, copy_of, mails_to, new_address, stories_of, until
from tests.payments import DECLINED, PAYS, PAYS_ONCE, FakePayments
from tests.server import Server

Windows = Callable[..., Window]

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def house(edition: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A publication of its own: months pass at its payment provider."""
    server = copy_of(edition, tmp_path_factory.mktemp("giving") / "data").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def payments(house: Server) -> FakePayments:
    """The provider's process, which the server runs."""
    return FakePayments(house.data)


@pytest.fixture(scope="module")
def story(house: Server) -> Story:
    return stories_of(house)[30]


def asks(window: Window) -> bool:
    """Whether an appeal stands on the page."""
    return window.page.locator(".appeal:visible").count() > 0


def anew(window: Window) -> str:
    """What the page says when it is loaded again."""
    window.page.reload()
    return window.said


def pay(window: Window, address: str, card: str = PAYS) -> None:
    """On the provider's page."""
    expect(window.page).to_have_url(re.compile("/pay/fake/"))
    if window.page.locator("main input[name=email]").count():
        window.page.fill("main input[name=email]", address)
    window.page.fill("main input[name=card]", card)
    with window.page.expect_navigation():
        window.page.click("main button:has-text('Pretend to pay')")


def receipts_in_mails(server: Server, address: str) -> list[str]:
    """The numbers of the receipts that came by mail."""
    texts = [mail.get_body(("plain",)).get_content() for mail in mails_to(server, address)]  # type: ignore[union-attr]
    return [number for text in texts for number in re.findall(r"\b\d{4}-\d{5}\b", text)]


def join(window: Window, server: Server, address: str) -> None:
    """From the page of thanks to an account, in the one step it offers."""
    until(lambda: receipts_in_mails(server, address), "the letter of thanks, before another comes after it")
    with window.page.expect_navigation():
        window.page.click("main button:has-text('Send a code to')")
    window.page.fill("input[name=code]", code_for(server, address))
    with window.page.expect_navigation():
        window.page.click("main button:has-text('Continue')")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_from_an_appeal_to_a_receipt_and_a_supporter_in_three_taps(
    house: Server, story: Story, windows: Windows, script: bool
) -> None:
    window, address = windows(house, java_script_enabled=script, **PHONE), new_address()
    window.open(story.path)
    assert asks(window)
    window.page.locator(".appeal__amounts a").nth(1).click()  # one
    expect(window.page).to_have_url(re.compile("/donate/"))
    assert "gift" not in window.cookies(), "nobody is known by having looked"
    expect(window.page.locator("[data-give]")).to_be_in_viewport()
    chosen = window.page.locator(".choices:not(.choices--often):visible input:checked + span").inner_text()
    if script:
        assert chosen in window.page.inner_text("[data-give]").replace("\u2068", "").replace("\u2069", "")
    window.page.click("[data-give]")  # two
    pay(window, address)  # three
    expect(window.page.locator("h1")).to_have_text("Thank you.")
    assert chosen in window.said.replace(".00", "")
    assert "You are a supporter" in window.said
    until(lambda: receipts_in_mails(house, address), "the mail with the receipt")
    assert receipts_in_mails(house, address)[0] in window.said
    window.open(story.path)
    assert not asks(window), "who gives is not asked"
    stranger = windows(house)
    stranger.open(story.path)
    assert asks(stranger)


def test_a_monthly_gift_fails_is_repaired_changed_and_ended(
    house: Server, payments: FakePayments, story: Story, windows: Windows
) -> None:
    window, address = windows(house), new_address()
    window.open("/donate/?frequency=monthly&amount=10")
    window.page.click("[data-give]")
    pay(window, address, PAYS_ONCE)
    assert "€10.00 every month" in window.said
    assert "Next payment" in window.said
    join(window, house, address)
    expect(window.page).to_have_url(re.compile("/account/giving/$"))
    assert "€10.00 every month" in window.said, "the gift was made before there was an account"

    payments.days_pass(32)
    until(lambda: "did not go through" in anew(window), "the failed renewal on the account's page")
    until(lambda: len(mails_to(house, address)) > 2, "a mail that says that the card failed")
    with window.page.expect_navigation():
        window.page.click("button:has-text('Repair the payment')")
    window.page.fill("main input[name=card]", PAYS)
    with window.page.expect_navigation():
        window.page.click("main button:has-text('Use this card')")
    assert "did not go through" not in window.said
    until(lambda: anew(window).count("Together €20.00"), "the second payment")

    window.page.click("summary:has-text('Give another amount')")
    window.page.fill("input[name=amount]", "1.200")
    with window.page.expect_navigation():
        window.page.click("button:has-text('Change the amount')")
    assert "That may be thousands or a fraction" in window.said
    window.page.fill("input[name=amount]", "12,50")
    with window.page.expect_navigation():
        window.page.click("button:has-text('Change the amount')")
    assert "€12.50 every month" in window.said

    window.page.click("summary:has-text('End this gift')")
    with window.page.expect_navigation():
        window.page.click("button:has-text('End it now')")
    assert "Your gift has ended, and nothing more is taken." in window.said
    assert "You remain a supporter until" in window.said
    window.open(story.path)
    assert not asks(window), "for the time that was paid for"
    payments.days_pass(40)
    window.open("/account/giving/")
    assert window.page.locator(".year tbody tr").count() == 2


def test_a_card_that_is_declined_costs_neither_money_nor_what_was_typed(house: Server, windows: Windows) -> None:
    window, address = windows(house), new_address()
    window.open("/donate/?frequency=once")
    window.page.fill("input[name=own]", "33,50")
    expect(window.page.locator("[data-give]")).to_contain_text("33.50")
    window.page.click("summary:has-text('Add a message')")
    window.page.fill("textarea[name=message]", "For the archive")
    window.page.click("[data-give]")
    pay(window, address, DECLINED)
    assert "declined" in window.said
    with window.page.expect_navigation():
        window.page.click("main :text('Cancel')")
    assert window.page.input_value("input[name=own]") == "33.50"
    assert window.page.input_value("textarea[name=message]") == "For the archive"
    assert mails_to(house, address) == []


def test_the_amounts_are_those_of_the_chosen_frequency_also_without_script(house: Server, windows: Windows) -> None:
    for script in (True, False):
        window = windows(house, java_script_enabled=script)
        window.open("/donate/")
        for frequency in ("Once", "Yearly", "Monthly"):
            window.page.check(f".choice:has-text('{frequency}') input")
            shown = window.page.locator(".choices.of-frequency:visible")
            expect(shown).to_have_count(1)
            expect(shown).to_have_class(re.compile(f"of-{frequency.lower()}"))


def test_a_stranger_with_the_address_of_thanks_is_told_nothing(house: Server, windows: Windows) -> None:
    window, address = windows(house), new_address()
    window.open("/donate/?frequency=once&amount=25")
    window.page.click("[data-give]")
    pay(window, address)
    path = window.page.url
    assert "€25.00" in window.said
    stranger = windows(house)
    stranger.open(path)
    assert "€" not in stranger.said
    assert address not in stranger.page.content()
    assert not stranger.cookies()
