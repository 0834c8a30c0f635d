"""How many articles a network has opened today without ever keeping a cookie: a count-min sketch shared by the workers.

Fixed in size however many networks there are; it may count too many, never too few, except that increments made by two
processes in the same instant may count once. A network is one IPv4 address or one IPv6 /56, what a line is usually
given; whoever shares one address among thousands is why the limit is generous.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from struct import Struct

from broadsheet.gate.keys import derived
from broadsheet.gate.mapped import mapped

ROWS = 4
WIDTH = 1 << 16  # 16 bits of hash a row
_CELLS = ROWS * WIDTH
_SIZE = (_CELLS + 1) * 4  # the last cell holds the day
_FOUR = Struct("<4H")
_DAY_S = 86_400
_IPV6_PREFIX_BYTES = 7
_MOST_PLACES = 8192
_MOST = 0xFFFFFFFF


class Networks:
    def __init__(self, file: Path, key: bytes) -> None:
        self._key = key
        self._places: dict[IPv4Address | IPv6Address, tuple[int, int, int, int]] = {}
        self._map = mapped(file, _SIZE, "Networks")
        self._cells = memoryview(self._map).cast("I")

    def count(self, address: IPv4Address | IPv6Address, now_s: float) -> int:
        """Count one view; how many it makes today (UTC)."""
        cells = self._cells
        day = int(now_s) // _DAY_S
        if cells[_CELLS] != day:
            self._map[: _CELLS * 4] = bytes(_CELLS * 4)
            cells[_CELLS] = day
        one, two, three, four = self._places.get(address) or self._place(address)
        seen = cells[one] + 1, cells[two] + 1, cells[three] + 1, cells[four] + 1
        if max(seen) > _MOST:
            return _MOST
        cells[one], cells[two], cells[three], cells[four] = seen
        return min(seen)

    def _place(self, address: IPv4Address | IPv6Address) -> tuple[int, int, int, int]:
        """The cells of a network, one in each row."""
        one, two, three, four = _FOUR.unpack(derived(self._key, b"networks", network(address), 8))
        places = one, WIDTH + two, 2 * WIDTH + three, 3 * WIDTH + four
        if len(self._places) >= _MOST_PLACES:
            self._places.clear()
        self._places[address] = places
        return places


def network(address: IPv4Address | IPv6Address) -> bytes:
    """The network an address belongs to, packed."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped.packed
        return address.packed[:_IPV6_PREFIX_BYTES]
    return address.packed
