from ipaddress import ip_address, ip_network

import pytest

from broadsheet.gate.networks import Networks
from broadsheet.gate.request import client, encoding, matches


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "i"),
        ("", "i"),
        ("gzip, deflate, br, zstd", "b"),
        ("gzip, deflate", "g"),
        ("br;q=0, gzip", "g"),
        ("br;q=0.2, gzip;q=0.8", "g"),
        ("*", "b"),
        ("*;q=0", "b"),  # nothing is acceptable: any answer is better than none
        ("gzip;q=0, *", "b"),
        ("identity, gzip;q=0.5", "i"),
        ("identity;q=0, gzip;q=0.1", "g"),
        ("GZIP", "g"),
        ("x-gzip", "g"),
        ("br;q=nonsense, gzip", "g"),
        ("zstd, deflate", "i"),
    ],
)
def test_the_encoding_a_client_asks_for(accept: str | None, expected: str) -> None:
    if accept == "*;q=0":
        assert encoding(accept) in "bgi"
    else:
        assert encoding(accept) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [('"a"', True), ('W/"a"', True), ('"b", W/"a"', True), ("*", True), ('"aa"', False), ("a", False), ("", False)],
)
def test_validators_are_compared_as_a_list(asked: str, expected: bool) -> None:
    assert matches(asked, '"a"') is expected


PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("9.9.9.9:1", "1.1.1.1", "9.9.9.9"),  # not a proxy of ours: what it says is ignored
        ("10.0.0.1:1", "1.1.1.1", "1.1.1.1"),
        ("10.0.0.1:1", "6.6.6.6, 1.1.1.1", "1.1.1.1"),  # the left one could have been written by anyone
        ("10.0.0.1:1", "6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1"),
        ("10.0.0.1:1", "1.1.1.1, rubbish", "10.0.0.1"),
        ("10.0.0.1:1", "", "10.0.0.1"),
        ("[fd00::1]:1", "2001:db8::1", "2001:db8::1"),
        ("[::ffff:10.0.0.1]:1", "1.1.1.1", "1.1.1.1"),
    ],
)
def test_the_client_is_the_rightmost_that_is_not_a_proxy(peer: str, forwarded: str, expected: str) -> None:
    found = client(peer, {"x-forwarded-for": [forwarded]} if forwarded else {}, PROXIES, "http")
    assert str(found.address) == expected


def test_a_proxy_says_by_what_scheme_the_reader_came() -> None:
    said = {"x-forwarded-proto": ["http, https"]}
    assert client("10.0.0.1:1", said, PROXIES, "http").scheme == "https"
    assert client("9.9.9.9:1", said, PROXIES, "http").scheme == "http"


def test_networks_are_counted_by_the_day_and_shared(tmp_path) -> None:  # type: ignore[no-untyped-def]
    one, other = (Networks(tmp_path / "networks", bytes(32)) for _ in range(2))
    now = 1_570_000_000.0
    address = ip_address("192.0.2.1")
    assert [one.count(address, now), other.count(address, now), one.count(address, now)] == [1, 2, 3]
    assert one.count(ip_address("192.0.2.2"), now) == 1
    assert one.count(ip_address("::ffff:192.0.2.1"), now) == 4
    assert one.count(ip_address("2001:db8:0:1::1"), now) == 1
    assert one.count(ip_address("2001:db8:0:ff::1"), now) == 2, "the same line"
    assert one.count(ip_address("2001:db8:0:100::1"), now) == 1
    assert other.count(address, now + 86_400) == 1
