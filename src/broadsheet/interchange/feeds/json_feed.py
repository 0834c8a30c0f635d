"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from typing import Any

from broadsheet.interchange.feeds.entries import JSON, Author, Entry, Feed, Photo


def json_feed(feed: Feed) -> str:
    told = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": feed.addresses[JSON],
        "description": feed.description,
        "icon": feed.icon,
        "authors": [_author(feed.publisher)],
        "language": feed.language,
    }
    items = {"items": [_item(entry, feed.language) for entry in feed.entries]}  # also when there are none
    return json.dumps(_said(told) | items, ensure_ascii=False, separators=(",", ":")) + "\n"


def _item(entry: Entry, language: str) -> dict[str, Any]:
    told = {
        "id": entry.id,
        "url": entry.url,
        "external_url": entry.source_url,
        "title": entry.title,
        "summary": entry.summary,
        "image": entry.photo.url if entry.photo else "",
        "date_published": entry.published.isoformat(timespec="seconds"),
        "date_modified": entry.updated.isoformat(timespec="seconds"),
        "authors": [_author(author) for author in entry.authors],
        "tags": list(entry.categories),
        "language": language,
        "attachments": [_photo(entry.photo)] if entry.photo else [],
        "_broadsheet": {
            "about": "https://schema.org/isAccessibleForFree",
            "is_accessible_for_free": entry.is_free,
            "rights": entry.rights,
            "image_credit": entry.photo.credit if entry.photo else "",
        },
    }
    # One of the two has to be there: what is not given whole is announced.
    content = {"content_html": entry.whole} if entry.whole else {"content_text": entry.summary or entry.title}
    return _said(told) | content


def _photo(photo: Photo) -> dict[str, Any]:
    told = {
        "url": photo.url,
        "mime_type": photo.media_type,
        "size_in_bytes": photo.length,
        "title": " ".join(filter(None, (photo.caption, photo.credit and f"({photo.credit})"))),
    }
    return _said(told)


def _author(author: Author) -> dict[str, str]:
    return {"name": author.name, "url": author.url}


def _said(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value not in ("", [])}
