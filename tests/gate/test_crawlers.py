from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from broadsheet.gate import crawlers
from broadsheet.gate.crawlers import ENGINES, Crawlers, claimed_engine, verify_pending
from broadsheet.gate.ledger import Ledger
from tests.gate.conftest import Paper
from tests.gate.paper import WITHHELD

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
NOW = 1_570_000_000.0
REAL, LIAR, SPOOFER = (ip_address(text) for text in ("192.0.2.1", "192.0.2.2", "192.0.2.3"))


class Names(crawlers.Resolver):
    """The DNS as it would answer for an engine's address, someone's own, and one whose owner lies about it."""

    def names(self, address: IPv4Address | IPv6Address) -> list[str]:
        return {
            REAL: ["crawl-1.googlebot.com"],
            LIAR: ["googlebot.com.evil.example"],
            SPOOFER: ["crawl-1.googlebot.com."],
        }[
            address  # type: ignore[index]
        ]

    def addresses(self, name: str) -> list[IPv4Address | IPv6Address]:
        return [REAL]


def test_a_claim_is_believed_once_both_ways_of_the_dns_agree(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    engine = claimed_engine(GOOGLEBOT)
    assert engine is not None
    assert ENGINES[engine].name == "Google"
    for address in (REAL, LIAR, SPOOFER):
        assert not Crawlers(ledger).is_verified(address, engine, NOW), "a stranger until proven"
    assert verify_pending(ledger, NOW, Names()) == 3
    assert [Crawlers(ledger).is_verified(a, engine, NOW) for a in (REAL, LIAR, SPOOFER)] == [True, False, False]
    assert verify_pending(ledger, NOW, Names()) == 0, "answers, also the negative ones, are kept for a day"
    later = NOW + crawlers.GOOD_FOR_S
    assert not Crawlers(ledger).is_verified(REAL, engine, later)
    assert verify_pending(ledger, later, Names()) == 1
    assert Crawlers(ledger).is_verified(REAL, engine, later)


def test_the_table_of_claims_is_bounded(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(crawlers, "MOST_PENDING", 10)
    ledger = Ledger(tmp_path / "ledger")
    asked = Crawlers(ledger)
    for number in range(50):
        asked.is_verified(IPv4Address(number), 0, NOW)
    assert verify_pending(ledger, NOW, crawlers.Resolver(), limit=100, due=lambda: False) == 0
    with ledger.environment.begin() as txn:
        assert txn.stat(ledger.crawlers_db)["entries"] == 10


def test_an_unproven_crawler_is_counted_like_everybody(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper()
    paper.act("policy/?allowance=0&notice=0")
    reader = paper.reader(headers={"User-Agent": GOOGLEBOT})
    assert WITHHELD not in reader.get("/news/1/").text
