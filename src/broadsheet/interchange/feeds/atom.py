"""Atom (RFC 4287), with the photograph's credit in Media RSS."""

from __future__ import annotations

from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from broadsheet.interchange.feeds.entries import ATOM, Author, Entry, Feed, Photo, characters_of_xml


def atom(feed: Feed) -> str:
    root = Element(
        "feed",
        {
            "xmlns": "http://www.w3.org/2005/Atom",
            "xmlns:media": "http://search.yahoo.com/mrss/",
            "xml:lang": feed.language,
        },
    )
    _text(root, "id", feed.id)
    _text(root, "title", feed.title)
    _text(root, "subtitle", feed.description)
    _text(root, "updated", _moment(feed.updated))
    _author(root, feed.publisher)  # of entries that name nobody (section 4.2.1)
    SubElement(root, "link", rel="self", type=ATOM, href=feed.addresses[ATOM])
    SubElement(root, "link", rel="alternate", type="text/html", href=feed.home)
    _text(root, "icon", feed.icon)
    for entry in feed.entries:
        _entry(root, entry)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _entry(root: Element, entry: Entry) -> None:
    element = SubElement(root, "entry")
    _text(element, "id", entry.id)
    SubElement(element, "title").text = characters_of_xml(entry.title)
    _text(element, "published", _moment(entry.published))
    _text(element, "updated", _moment(entry.updated))
    for author in entry.authors:
        _author(element, author)
    for category in entry.categories:
        SubElement(element, "category", term=characters_of_xml(category))
    _text(element, "rights", entry.rights)
    SubElement(element, "link", rel="alternate", type="text/html", href=entry.url)
    if entry.source_url:
        SubElement(element, "link", rel="via", href=entry.source_url)
    if entry.photo:
        _photo(element, entry.photo)
    _text(element, "summary", entry.summary)
    _text(element, "content", entry.whole, type="html")


def _photo(element: Element, photo: Photo) -> None:
    SubElement(element, "link", rel="enclosure", href=photo.url, type=photo.media_type, length=str(photo.length))
    media = SubElement(element, "media:content", url=photo.url, medium="image", type=photo.media_type)
    _text(media, "media:description", photo.caption)
    _text(media, "media:credit", photo.credit)


def _author(parent: Element, author: Author) -> None:
    element = SubElement(parent, "author")
    _text(element, "name", author.name)
    _text(element, "uri", author.url)


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _text(parent: Element, tag: str, text: str, **attributes: str) -> None:
    """An element, unless it would be empty."""
    if text:
        SubElement(parent, tag, attributes).text = characters_of_xml(text)
