"""What a process keeps of addresses: bounded, and the least asked for go first."""

from __future__ import annotations

import pytest

from broadsheet.gate import known
from broadsheet.gate.known import Form, Known, KnownAddresses, Served
from broadsheet.gate.pages import Description, Kind, Page

ROOM = 100_000
BODY = b"." * 5_000
FORM = Form(Kind("article"), True, "a", "b")


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> KnownAddresses:
    monkeypatch.setattr(known, "KNOWN_BYTES", ROOM)
    monkeypatch.setattr(known, "BODY_BYTES", ROOM)
    return KnownAddresses()


def page() -> Served:
    return Served(Page(1, BODY, 0, len(BODY), True, 0.0, 11), FORM)


def ask(addresses: KnownAddresses, path: str) -> bool:
    """As the gate does for an address and its page; whether it was kept."""
    found = addresses.lately.get(path) or addresses.find(path)
    if found is not None:
        return True
    made = Known(Description(Kind("article")))
    addresses.keep(path, made)
    addresses.add(path, made, "ab", page())
    return False


def kept(addresses: KnownAddresses) -> int:
    return sum(one.size for one in (*addresses.lately.values(), *addresses._before.values()))


def test_many_addresses_stay_within_their_room(addresses: KnownAddresses) -> None:
    for number in range(500):
        ask(addresses, f"/{number}/")
        assert kept(addresses) <= ROOM + 2_000


def test_many_forms_of_few_addresses_stay_within_it_too(addresses: KnownAddresses) -> None:
    few = [f"/{number}/" for number in range(5)]
    for letter in range(100):
        for path in few:
            ask(addresses, path)
            if (one := addresses.lately.get(path)) is not None:
                addresses.add(path, one, f"{letter}b", page())
        # Each has grown to a fifth of the room and more: not all of them can be kept.
        assert kept(addresses) <= ROOM * 1.3


def test_bodies_have_a_room_of_their_own_and_the_oldest_goes_first(addresses: KnownAddresses) -> None:
    pages = [page() for _ in range(50)]
    for one in pages:
        addresses.take_body(one, BODY)
    with_body = [one for one in pages if one.prefix is not None]
    assert with_body == pages[-(ROOM // len(BODY)) :]
    addresses.take_body(pages[0], BODY)
    assert pages[0].prefix == BODY
    assert with_body[0].prefix is None


def test_an_address_has_its_pages_by_name() -> None:
    one, first, second = Known(Description(Kind("article"))), page(), page()
    assert one.find("ab") is None
    one.add("ab", first)
    one.add("wg", second)
    assert (one.find("ab"), one.find("wg"), one.find("ag")) == (first, second, None)
    one.remove("ab")
    one.remove("wg")
    assert (one.find("ab"), one.find("wg")) == (None, None)


def test_what_is_asked_for_again_and_again_is_kept(addresses: KnownAddresses) -> None:
    ask(addresses, "/often/")
    for number in range(500):
        assert ask(addresses, "/often/")
        ask(addresses, f"/{number}/")
    assert not ask(addresses, "/0/")


def test_one_that_was_dropped_is_gone(addresses: KnownAddresses) -> None:
    ask(addresses, "/gone/")
    addresses.drop("/gone/")
    assert not ask(addresses, "/gone/")
    addresses.clear()
    assert kept(addresses) == 0
