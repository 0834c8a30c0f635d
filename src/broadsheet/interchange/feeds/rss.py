"""RSS 2.0 (https://www.rssboard.org/rss-specification), with the modules feed readers know: Atom, Dublin Core, Media RSS."""

from __future__ import annotations

from email.utils import format_datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from broadsheet.interchange.feeds.entries import RSS, Entry, Feed, Photo, characters_of_xml

NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
}


def rss(feed: Feed) -> str:
    root = Element("rss", {"version": "2.0", **{f"xmlns:{prefix}": uri for prefix, uri in NAMESPACES.items()}})
    channel = SubElement(root, "channel")
    _text(channel, "title", feed.title)
    _text(channel, "link", feed.home)
    _text(channel, "description", feed.description)
    _text(channel, "language", feed.language)
    _text(channel, "lastBuildDate", format_datetime(feed.updated, usegmt=True))
    SubElement(channel, "atom:link", href=feed.addresses[RSS], rel="self", type=RSS)
    if feed.icon:
        image = SubElement(channel, "image")
        _text(image, "url", feed.icon)
        _text(image, "title", feed.title)  # as those of the channel, says the specification
        _text(image, "link", feed.home)
    for entry in feed.entries:
        _item(channel, entry)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _item(channel: Element, entry: Entry) -> None:
    item = SubElement(channel, "item")
    _text(item, "title", entry.title)
    _text(item, "link", entry.url)
    _text(item, "guid", entry.id, isPermaLink="false")
    _text(item, "pubDate", format_datetime(entry.published, usegmt=True))
    _text(item, "atom:updated", entry.updated.isoformat(timespec="seconds"))
    for author in entry.authors:
        _text(item, "dc:creator", author.name)
    for category in entry.categories:
        _text(item, "category", category)
    _text(item, "description", entry.summary)
    _text(item, "dc:rights", entry.rights)
    if entry.photo:
        _photo(item, entry.photo)
    _text(item, "content:encoded", entry.whole)


def _photo(item: Element, photo: Photo) -> None:
    length = str(photo.length)
    SubElement(item, "enclosure", url=photo.url, type=photo.media_type, length=length)
    media = SubElement(
        item,
        "media:content",
        url=photo.url,
        medium="image",
        type=photo.media_type,
        fileSize=length,
        width=str(photo.width),
        height=str(photo.height),
    )
    _text(media, "media:description", photo.caption)
    _text(media, "media:credit", photo.credit)


def _text(parent: Element, tag: str, text: str, **attributes: str) -> None:
    """An element, unless it would be empty."""
    if text:
        SubElement(parent, tag, attributes).text = characters_of_xml(text)
