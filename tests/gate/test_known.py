"""What a process keeps of addresses: bounded, and the least asked for go first."""

from __future__ import annotations

import pytest

from broadsheet.gate import known
from broadsheet.gate.known import Known, KnownAddresses
from broadsheet.gate.pages import Description

ROOM = 100_000
PAGE = 5_000


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> KnownAddresses:
    monkeypatch.setattr(known, "KEPT_BYTES", ROOM)
    return KnownAddresses()


def ask(addresses: KnownAddresses, path: str, pages: int = 1) -> bool:
    """As the gate does for an address and its pages; whether it was kept."""
    found = addresses.lately.get(path) or addresses.find(path)
    if found is not None:
        return True
    made = Known(Description("article"))
    addresses.keep(path, made)
    for _ in range(pages):
        addresses.grow(path, made, PAGE)
    return False


def kept(addresses: KnownAddresses) -> int:
    return sum(one.size for one in (*addresses.lately.values(), *addresses._before.values()))


def test_many_addresses_stay_within_their_room(addresses: KnownAddresses) -> None:
    for number in range(500):
        ask(addresses, f"/{number}/")
        assert kept(addresses) <= ROOM + PAGE * 2


def test_many_pages_of_few_addresses_stay_within_it_too(addresses: KnownAddresses) -> None:
    few = [f"/{number}/" for number in range(5)]
    for _ in range(100):
        for path in few:
            ask(addresses, path)
            if (one := addresses.lately.get(path)) is not None:
                addresses.grow(path, one, PAGE)
        # Each has grown to a fifth of the room and more: not all of them can be kept.
        assert kept(addresses) <= ROOM + PAGE * 21


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
