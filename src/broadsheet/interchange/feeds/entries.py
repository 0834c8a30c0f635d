"""What a feed tells of a story, whatever the format.

A story that may be metered is announced by its standfirst and no more; what is free for everyone for good is given whole.
An entry's id never changes: a story that is corrected or moved is the same story to a reader of feeds.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from mimetypes import guess_type

from django.utils.html import escape
from wagtail.blocks import StreamValue
from wagtail.images.models import SourceImageIOError
from wagtail.rich_text import expand_db_html

from broadsheet import clock
from broadsheet.config import config
from broadsheet.interchange.authors import parts_in
from broadsheet.newsroom.blocks import pictures_in
from broadsheet.newsroom.models import Article, Picture, Publication
from broadsheet.newsroom.renditions import read_files, renditions_of, share_rendition, share_width, spec

log = logging.getLogger(__name__)

# What XML 1.0 cannot hold, escaped or not (section 2.2).
_NO_CHARACTER_OF_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Author:
    name: str
    url: str


@dataclass(frozen=True)
class Photo:
    url: str
    media_type: str
    length: int  # bytes
    width: int
    height: int
    caption: str
    credit: str


@dataclass(frozen=True)
class Entry:
    id: str
    url: str
    title: str
    summary: str
    published: datetime
    updated: datetime
    authors: tuple[Author, ...]
    categories: tuple[str, ...]
    rights: str
    source_url: str
    photo: Photo | None
    whole: str  # HTML; empty for all that may be metered
    is_free: bool


@dataclass(frozen=True)
class Feed:
    """`home`: the page the feed is of. `address`: of each format, by its media type."""

    id: str
    title: str
    home: str
    description: str
    language: str
    publisher: Author
    icon: str
    updated: datetime
    addresses: dict[str, str]
    entries: tuple[Entry, ...]


RSS = "application/rss+xml"
ATOM = "application/atom+xml"
JSON = "application/feed+json"

# Below the page that a feed is of
ENDINGS = {RSS: "feed/", ATOM: "feed.atom", JSON: "feed.json"}

# A feed without stories says so for ever, however often it is drawn.
_NEVER = datetime.fromtimestamp(0, UTC)


def feed_of(publication: Publication, name: str, path: str, articles: Iterable[Article]) -> Feed:
    """`name`: of the section, topic or person; empty for the publication itself. `path`: of the page the feed is of."""
    base = config().base_url
    articles = list(articles)
    read_files(article.picture for article in articles)
    entries = tuple(entry_of(article) for article in articles)
    return Feed(
        id=base + path,
        title=f"{name} · {publication.name}" if name else publication.name,
        home=base + path,
        description=publication.description or publication.tagline or publication.name,
        language=publication.language,
        publisher=Author(publication.name, f"{base}/"),
        icon=base + publication.icon_url if publication.icon_url else "",
        updated=max((entry.updated for entry in entries), default=publication.set_up_at or _NEVER),
        addresses={kind: f"{base}{path}{ending}" for kind, ending in ENDINGS.items()},
        entries=entries,
    )


def entry_of(article: Article) -> Entry:
    base = config().base_url
    published = article.published_at or clock.now()
    is_given_whole = article.always_free and not article.is_metered
    topics = (topic.name for topic in article.topics.all())
    return Entry(
        id=f"urn:uuid:{article.translation_key}",
        url=base + article.url,
        title=article.headline,
        summary=article.standfirst,
        published=published,
        updated=article.modified_at or published,
        authors=tuple(Author(one.name, base + one.url) for one in parts_in(article.bylines.all()).writers),
        categories=tuple(dict.fromkeys([article.section.name, *topics] if article.section else topics)),
        rights=", ".join(filter(None, (article.source_name, article.licence_name))) if article.licence_name else "",
        source_url=article.source_url,
        photo=_photo(article.picture, article.picture_caption) if article.picture else None,
        whole=_whole(article, base) if is_given_whole else "",
        is_free=not article.is_metered,
    )


def characters_of_xml(text: str) -> str:
    return _NO_CHARACTER_OF_XML.sub("", text)


def _photo(picture: Picture, caption: str) -> Photo | None:
    made = renditions_of(picture).get(spec(share_width(picture), "jpeg"))
    shown = share_rendition(picture)
    try:
        length = made.size if made is not None else picture.get_file_size()
    except (OSError, SourceImageIOError) as fault:  # swept from the disk: a feed without a photo is better than none
        log.warning("The file of picture %s is not there: %s", picture.pk, fault)
        return None
    return Photo(
        url=config().base_url + shown.url,
        media_type=guess_type(shown.url)[0] or "image/jpeg",
        length=length,
        width=shown.width,
        height=shown.height,
        caption=caption or picture.caption,
        credit=picture.credit,
    )


def _whole(article: Article, base: str) -> str:
    """The text of an article that everyone may read, as plain HTML with whole addresses."""
    read_files(pictures_in(article.body))
    html = "\n".join(filter(None, map(_block, article.body)))
    return re.sub(r'\b(href|src)="/(?!/)', rf'\1="{base}/', html)


def _block(block: StreamValue.StreamChild) -> str:
    value = block.value
    match block.block_type:
        case "paragraph" | "list":
            return expand_db_html(value.source)
        case "subheading":
            return f"<h2>{escape(value)}</h2>"
        case "picture":
            return _figure(value["picture"], value["caption"])
        case "gallery":
            return _heading(value["heading"]) + "".join(
                _figure(one["picture"], one["caption"]) for one in value["pictures"]
            )
        case "table":
            return block.render()
        case "quote":
            speaker = ", ".join(filter(None, [value["speaker"], value["role"]]))
            return f"<blockquote><p>{escape(value['text'])}</p><p>{escape(speaker)}</p></blockquote>"
        case "fact_box":
            return _heading(value["heading"]) + expand_db_html(value["text"].source)
        case "file" if value["document"]:
            return _link(value["document"].url, value["title"] or value["document"].title)
        case "audio" if value["audio"]:
            url = value["audio"].url
            spoken = expand_db_html(value["transcript"].source) if value["transcript"] else ""
            return f'<audio controls src="{escape(url)}"></audio>{_link(url, value["title"])}{spoken}'
        case "embed" if value.player:
            return _link(value.player.page_url, value["title"])
    return ""  # a pull quote says nothing that the text does not


def _figure(picture: Picture | None, caption: str) -> str:
    photo = _photo(picture, caption) if picture else None
    if picture is None or photo is None:
        return ""
    said = " ".join(filter(None, (photo.caption, photo.credit)))
    size = f'width="{photo.width}" height="{photo.height}"'
    image = f'<img src="{escape(photo.url)}" alt="{escape(picture.printed_alt_text)}" {size}>'
    return f"<figure>{image}<figcaption>{escape(said)}</figcaption></figure>"


def _heading(text: str) -> str:
    return f"<h3>{escape(text)}</h3>" if text else ""


def _link(url: str, text: str) -> str:
    return f'<p><a href="{escape(url)}">{escape(text)}</a></p>'
