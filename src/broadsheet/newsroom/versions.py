"""The version ledger: writes what readers could have seen, sealed and chained, and verifies it.

    seal(n) = SHA-256 of canonical JSON of { article, number, act, change, at, by, previous: seal(n-1), digests }
    digests = { field: SHA-256 of canonical JSON of [ salt, value ] }

Because the seal covers digests, a field that a court orders erased is replaced by its digest, and the chain still verifies;
because each value is salted, and the salt goes with it, nobody can find an erased name by trying names.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import rfc8785
from django.db import transaction

from broadsheet import clock
from broadsheet.newsroom.models.versions import ActName, PublishedVersion

if TYPE_CHECKING:
    from broadsheet.newsroom.models import Article

Fields = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """Where the chain of an article does not hold, and how it shows."""

    article_id: int
    number: int
    what: str


def public_fields(article: Article) -> Fields:
    """All that readers can see of an article, and no more: a list of what may be kept, never of what may not."""
    return {
        "headline": article.title,
        "kicker": article.kicker,
        "standfirst": article.standfirst,
        "dateline": article.dateline,
        "kind": article.kind,
        "slug": article.slug,
        "address": article.url,
        "section": article.section_id,
        "picture": _picture(article),
        "picture_caption": article.picture_caption,
        "body": _plain(article.body.get_prep_value()),
        "bylines": [
            {"person": line.person_id, "name": line.person.name, "role": line.role} for line in _bylines(article)
        ],
        "topics": sorted(
            ({"topic": topic.pk, "name": topic.name} for topic in article.topics.all()),
            key=lambda topic: topic["topic"],
        ),
        "always_free": article.always_free,
        "members_only": article.members_only,
        "free_until": _moment(article.free_until),
        "comments_open": article.comments_open,
        "source_name": article.source_name,
        "source_url": article.source_url,
        "licence_name": article.licence_name,
        "licence_url": article.licence_url,
        "changes": article.changes,
        "first_published_at": _moment(article.first_published_at),
        "modified_at": _moment(article.modified_at),
    }


def differs(fields: Fields, version: PublishedVersion | None) -> bool:
    """Whether the article says something else than `version` recorded. Names of people and topics may have changed since:
    those are changes of theirs, not of the article."""
    if version is None or version.act == ActName.UNPUBLISH:
        return True
    kept = values_of(version)
    compared = (fields.keys() & kept.keys()) - {"address"}  # begins with the section's, which may have been renamed
    return any(_essence(fields[name]) != _essence(kept[name]) for name in compared)


def latest(article_id: int) -> PublishedVersion | None:
    return PublishedVersion.objects.filter(article_id=article_id).order_by("-number").first()


def write(article_id: int, act: ActName, change: str, by_id: int | None, fields: Fields) -> PublishedVersion:
    """Append the next version of an article; the caller is in the transaction of the change itself."""
    before = latest(article_id)
    content = {"fields": {name: {"salt": secrets.token_hex(16), "value": value} for name, value in fields.items()}}
    version = PublishedVersion(
        article_id=article_id,
        number=before.number + 1 if before else 1,
        act=act,
        change=change,
        at=clock.now(),
        by_id=by_id,
        content=rfc8785.dumps(content).decode(),
        previous_seal=before.seal if before else "",
    )
    version.seal = _seal(version)
    version.save(force_insert=True)
    return version


def values_of(version: PublishedVersion) -> Fields:
    """The fields of a version that have not been erased."""
    kept = json.loads(version.content)["fields"]
    return {name: field["value"] for name, field in kept.items() if "value" in field}


def verify_chain(article: Article | int) -> list[Fault]:
    """Recompute every seal of an article; empty when the record is as it was written."""
    article_id = article if isinstance(article, int) else article.pk
    faults, previous, number = [], "", 0
    for version in PublishedVersion.objects.filter(article_id=article_id).order_by("number"):
        number += 1
        if version.number != number:
            faults.append(Fault(article_id, number, f"version {number} is missing"))
            number = version.number
        if version.previous_seal != previous:
            faults.append(Fault(article_id, version.number, "it does not follow the version before"))
        if version.seal != _seal(version):
            faults.append(Fault(article_id, version.number, "it was changed after it was sealed"))
        previous = version.seal
    return faults


def erase(version: PublishedVersion, names: Iterable[str]) -> PublishedVersion:
    """Replace fields by their digests, as a law or a court ordered. Cannot be undone; the chain still verifies."""
    with transaction.atomic():
        version = PublishedVersion.objects.select_for_update().get(pk=version.pk)
        content = json.loads(version.content)
        for name in names:
            field = content["fields"][name]
            content["fields"][name] = {"erased": _digest(field)}
        version.content = rfc8785.dumps(content).decode()
        version.erasures += 1
        version.save(update_fields=["content", "erasures"])
    return version


def _seal(version: PublishedVersion) -> str:
    kept = json.loads(version.content)["fields"]
    sealed: dict[str, Any] = {
        "article": version.article_id,
        "number": version.number,
        "act": str(version.act),
        "change": str(version.change),
        "at": _moment(version.at),
        "by": version.by_id,
        "previous": version.previous_seal,
        "digests": {name: _digest(field) for name, field in kept.items()},
    }
    return hashlib.sha256(rfc8785.dumps(sealed)).hexdigest()


def _digest(field: Mapping[str, Any]) -> str:
    if "erased" in field:
        return str(field["erased"])
    return hashlib.sha256(rfc8785.dumps([field["salt"], field["value"]])).hexdigest()


def _essence(value: Any) -> Any:
    """A value without the names that belong to others, which a rename of theirs would change."""
    if isinstance(value, dict):
        return {name: _essence(part) for name, part in value.items()} if not _is_reference(value) else _reference(value)
    if isinstance(value, list):
        return [_essence(part) for part in value]
    return value


def _is_reference(value: dict[str, Any]) -> bool:
    return bool(value.keys() & {"person", "topic", "picture"}) and "name" in value


def _reference(value: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(value.get(name) for name in ("person", "role", "topic", "picture"))


def _bylines(article: Article) -> Iterable[Any]:
    return article.bylines.all()


def _picture(article: Article) -> Fields | None:
    picture = article.picture
    if picture is None:
        return None
    return {
        "picture": picture.pk,
        "name": picture.title,
        "caption": picture.caption,
        "credit": picture.credit,
        "alt_text": picture.alt_text,
        "source": picture.source,
        "licence": picture.licence,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _plain(value: Any) -> Any:
    """Plain JSON of what a StreamField keeps: numbers beyond 2⁵³, which canonical JSON cannot hold, as text."""
    return json.loads(json.dumps(value, default=str))
