"""How things read in the desk's tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadsheet.core import books
from broadsheet.core.money import Money
from broadsheet.giving import methods
from broadsheet.giving.amounts import written
from broadsheet.giving.models import Attempt, AttemptState, Donation, Donor, Pledge, PledgeState
from broadsheet.giving.reasons import reason_words

PROVIDERS = {
    "manual": gettext_lazy("By hand"),
    "stripe": gettext_lazy("Stripe"),
    "fake": gettext_lazy("Pretend provider"),
}

_CALM = {AttemptState.PAID, PledgeState.ACTIVE}
_GRAVE = {AttemptState.FAILED, PledgeState.FAILING}


def provider_words(name: str) -> Any:
    return PROVIDERS.get(name, name)


def method_words(method: str) -> Any:
    """Those we know; others in the provider's own words."""
    return methods.method_words(method) or "–"


def link(url: str, text: Any) -> SafeString:
    return format_html('<a href="{}">{}</a>', url, text)


def amount(money: Money) -> SafeString:
    return format_html("<bdi>{}</bdi>", written(money))


def moment(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "DATETIME_FORMAT") if at else "–"


def day(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "DATE_FORMAT") if at else "–"


def state(row: Attempt | Pledge) -> SafeString:
    paint = "w-status--primary" if row.state in _CALM else "money-grave" if row.state in _GRAVE else ""
    said = format_html('<span class="w-status {}">{}</span>', paint, row.get_state_display())
    return format_html("{} <small><bdi>{}</bdi></small>", said, reason_words(row.fault)) if row.fault else said


def donor_words(donor: Donor | None) -> str:
    if donor is None:
        return "–"
    return donor.name or donor.email or _("Donor %(number)d") % {"number": donor.pk}


def donor(of: Donor | None) -> SafeString | str:
    if of is None:
        return "–"
    who = link(reverse("money_donor", args=[of.pk]), donor_words(of))
    return format_html("{} <small><bdi>{}</bdi></small>", who, of.email) if of.name and of.email else who


def attempt(of: Attempt) -> SafeString:
    return link(reverse("money_attempt", args=[of.pk]), moment(of.begun_at))


def donation(of: Donation) -> SafeString:
    return link(reverse("money_donation", args=[of.pk]), moment(of.paid_at))


def pledge(of: Pledge) -> SafeString:
    return link(reverse("money_pledge", args=[of.pk]), pledge_words(of))


def pledge_words(of: Pledge) -> str:
    return _("%(amount)s %(frequency)s") % {
        "amount": written(of.amount),
        "frequency": of.get_frequency_display().lower(),
    }


ACCOUNTS = {
    books.BANK: gettext_lazy("bank"),
    books.GIFTS: gettext_lazy("gifts"),
    books.FEES: gettext_lazy("fees"),
    books.REFUNDS: gettext_lazy("given back"),
    books.DISPUTES: gettext_lazy("taken back"),
    books.CORRECTIONS: gettext_lazy("corrections"),
}


def account_words(name: str) -> Any:
    """Of the ledger."""
    if name.startswith(books.BALANCE):
        return _("held by %(provider)s") % {"provider": provider_words(name.removeprefix(books.BALANCE))}
    return ACCOUNTS.get(name, name)
