"""What this part of the house holds about an account: for downloads and erasures (`privacy`)."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession

from broadsheet.core.meter import Read
from broadsheet.gate.ledger import account_key, open_ledger
from broadsheet.newsroom.models import Article
from broadsheet.readers.entitlements import reader_class
from broadsheet.readers.models import SentCode, User
from broadsheet.readers.privacy import Holder, register


def _account(user: User) -> dict[str, Any]:
    return {
        "email": user.email,
        "email_proved": EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists(),
        "name": user.name,
        "joined_at": user.joined_at.isoformat(),
        "last_signed_in_at": user.last_login.isoformat() if user.last_login else None,
        "has_password": user.has_usable_password(),
        "reader_class": str(reader_class(user)),
        "groups": sorted(user.groups.values_list("name", flat=True)),
    }


def _sessions(user: User) -> list[dict[str, Any]]:
    return [
        {
            "browser": session.user_agent,
            "address": session.ip,
            "signed_in_at": session.created_at.isoformat(),
            "last_seen_at": session.last_seen_at.isoformat(),
        }
        for session in UserSession.objects.filter(user=user).order_by("created_at")
    ]


def _reads(user: User) -> list[dict[str, Any]]:
    reads = open_ledger().reads(account_key(user.pk))
    articles = Article.objects.published().in_bulk([read.article for read in reads])
    return [_read(read, articles.get(read.article)) for read in reads]


def _read(read: Read, article: Article | None) -> dict[str, Any]:
    return {
        "article": read.article,
        "headline": article.headline if article else None,
        "address": article.url if article else None,
        "at": read.at.isoformat(),
        "counts_until": read.until.isoformat() if read.until else None,
    }


def _codes(user: User) -> list[dict[str, Any]]:
    return [
        {"for": code.purpose, "sent_at": code.sent_at.isoformat(), "expires_at": code.expires_at.isoformat()}
        for code in SentCode.objects.filter(email=user.email).order_by("sent_at")
    ]


def _forget_codes(user: User) -> None:
    SentCode.objects.filter(email=user.email).delete()


register(Holder("account", _account))
register(Holder("sessions", _sessions))
register(Holder("articles_that_counted", _reads))
register(Holder("codes_sent", _codes, erase=_forget_codes))
