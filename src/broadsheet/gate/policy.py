"""The publisher's meter as the gate reads it: the policy, the words of the notice and the publication's name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from broadsheet.core.meter import Ladder, Policy, ReaderClass, Window, WindowKind

COUNT_MARK = "{count}"  # where the notice says how many articles were read


@dataclass(frozen=True)
class PolicySnapshot:
    """`notice_html` is already escaped and holds COUNT_MARK; `notice_one_html`, if any, is used for a count of one.

    Those with `account`, if any, are for readers who have one, and who need not be asked to register.
    """

    policy: Policy
    notice_html: str
    publication: str
    version: int = 0  # given by `Ledger.publish_policy`
    notice_one_html: str = ""
    account_notice_html: str = ""
    account_notice_one_html: str = ""

    def notice(self, count: int, has_account: bool = False) -> bytes:
        many, one = self.notice_html, self.notice_one_html
        if has_account and self.account_notice_html:
            many, one = self.account_notice_html, self.account_notice_one_html
        template = one if count == 1 and one else many
        return template.replace(COUNT_MARK, str(count)).encode()

    def to_json(self) -> str:
        return json.dumps(
            {
                "policy": _policy_out(self.policy),
                "notice_html": self.notice_html,
                "notice_one_html": self.notice_one_html,
                "account_notice_html": self.account_notice_html,
                "account_notice_one_html": self.account_notice_one_html,
                "publication": self.publication,
                "version": self.version,
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> PolicySnapshot:
        """Passes over what it has no field for: a release that is to take over at this moment may have written it."""
        kept = _known_to(cls, json.loads(text))
        return cls(**{**kept, "policy": _policy_in(kept["policy"])})


def _policy_out(policy: Policy) -> dict[str, Any]:
    return {
        "ladders": {
            reader.value: {"allowance": ladder.allowance, "notice_from": ladder.notice_from}
            for reader, ladder in policy.ladders.items()
        },
        "window": {"kind": policy.window.kind.value, "days": policy.window.days},
        "zone": policy.zone,
        "on": policy.on,
        "free_sections": sorted(policy.free_sections),
        "free_topics": sorted(policy.free_topics),
        "free_kinds": sorted(policy.free_kinds),
        "free_below_words": policy.free_below_words,
        "free_after_days": policy.free_after_days,
        "metered_after_days": policy.metered_after_days,
        "crawlers_open": policy.crawlers_open,
        "strangers_a_day": policy.strangers_a_day,
    }


def _policy_in(kept: Mapping[str, Any]) -> Policy:
    return Policy(
        **{
            **_known_to(Policy, kept),
            "ladders": {
                ReaderClass(reader): Ladder(**_known_to(Ladder, ladder)) for reader, ladder in kept["ladders"].items()
            },
            "window": Window(WindowKind(kept["window"]["kind"]), kept["window"]["days"]),
            "free_sections": frozenset(kept["free_sections"]),
            "free_topics": frozenset(kept["free_topics"]),
            "free_kinds": frozenset(kept["free_kinds"]),
        }
    )


def _known_to(kind: type[Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in kept.items() if name in names}
