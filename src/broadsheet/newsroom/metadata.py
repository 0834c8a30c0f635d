"""What a picture file says of itself: read into the newsroom's fields, and taken out of what is stored.

Agencies and cameras write captions and credits into IPTC, XMP and EXIF; cameras and telephones also write where, when and with
which device a picture was taken, which can betray a source. What is stored keeps the picture, its colours and which way is up,
the maker's name and the copyright notice; nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, fields
from io import BytesIO
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from PIL import Image, IptcImagePlugin, UnidentifiedImageError

log = logging.getLogger(__name__)

# EXIF tags (CIPA DC-008)
_DESCRIPTION, _ORIENTATION, _ARTIST, _COPYRIGHT = 0x010E, 0x0112, 0x013B, 0x8298

# IPTC-IIM 4.2, record 2
_IPTC = {"creator": 80, "credit": 110, "source": 115, "copyright": 116, "caption": 120, "title": 5}

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XMP = {
    "caption": "{http://purl.org/dc/elements/1.1/}description",
    "creator": "{http://purl.org/dc/elements/1.1/}creator",
    "copyright": "{http://purl.org/dc/elements/1.1/}rights",
    "title": "{http://purl.org/dc/elements/1.1/}title",
    "credit": "{http://ns.adobe.com/photoshop/1.0/}Credit",
    "source": "{http://ns.adobe.com/photoshop/1.0/}Source",
    "licence": "{http://ns.adobe.com/xap/1.0/rights/}UsageTerms",
    "alt_text": "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}AltTextAccessibility",
}

# What malformed metadata makes Pillow, the XML parser and our own reading raise. A picture is not refused for it.
_MALFORMED = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    SyntaxError,
    ParseError,
    DefusedXmlException,
    OSError,
    EOFError,
)


class NotAPicture(ValueError):
    """The file cannot be read as one of the formats pages are printed from."""


@dataclass(frozen=True)
class Said:
    """What the file says; empty where it says nothing."""

    title: str = ""
    caption: str = ""
    creator: str = ""
    credit: str = ""
    source: str = ""
    copyright: str = ""
    licence: str = ""
    alt_text: str = ""

    @property
    def credit_line(self) -> str:
        """As it is printed: “photographer / agency”."""
        parts = [self.creator, self.credit if self.credit != self.creator else ""]
        return " / ".join(part for part in parts if part) or self.copyright


def read(file: IO[bytes]) -> Said:
    """XMP before IPTC before EXIF: the younger standard is the one an editor wrote last. Raises NotAPicture."""
    with _opened(file) as image:
        sources = [_careful(_from_xmp, image), _careful(_from_iptc, image), _careful(_from_exif, image)]
    merged = {
        field.name: next((found[field.name] for found in sources if found.get(field.name)), "")
        for field in fields(Said)
    }
    return Said(**merged)


def cleaned(file: IO[bytes], said: Said) -> bytes:
    """The same picture without what it says of place, time and device. Raises NotAPicture.

    JPEG, PNG and WebP are cut, not encoded again: no quality is lost. AVIF and GIF are encoded again if they say anything.
    """
    with _opened(file) as image:
        kind = image.format
        orientation = _careful(lambda opened: {"value": opened.getexif().get(_ORIENTATION, 1)}, image).get("value", 1)
        says = bool(image.info.get("exif") or image.info.get("xmp") or image.info.get("XML:com.adobe.xmp"))
    file.seek(0)
    whole = file.read()
    kept = _kept_exif(orientation, said)
    match kind:
        case "JPEG" | "MPO":
            return _cut_jpeg(whole, kept)
        case "PNG":
            return _cut_png(whole)
        case "WEBP":
            return _cut_webp(whole)
        case "AVIF" | "GIF" if says or b"XMP DataXMP" in whole:
            return _encoded_again(whole, kind)
    return whole


def _opened(file: IO[bytes]) -> Image.Image:
    file.seek(0)
    try:
        return Image.open(file)
    except (UnidentifiedImageError, *_MALFORMED) as fault:
        raise NotAPicture(f"This file is not a picture: {fault}") from fault


def _careful(reader: Any, image: Image.Image) -> dict[str, Any]:
    try:
        return dict(reader(image))
    except _MALFORMED as fault:
        log.info("A picture's metadata could not be read: %s", fault)
        return {}


# ── reading


def _from_exif(image: Image.Image) -> dict[str, str]:
    exif = image.getexif()
    return {
        "caption": _text(exif.get(_DESCRIPTION)),
        "creator": _text(exif.get(_ARTIST)),
        "copyright": _text(exif.get(_COPYRIGHT)),
    }


def _from_iptc(image: Image.Image) -> dict[str, str]:
    found = IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]
    return {name: _text(found.get((2, number))) for name, number in _IPTC.items()}


def _from_xmp(image: Image.Image) -> dict[str, str]:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    if not packet:
        return {}
    data = packet.encode() if isinstance(packet, str) else packet
    root = fromstring(data.strip(b"\x00 \n\r\t"), forbid_dtd=True)
    descriptions = list(root.iter(f"{_RDF}Description"))
    return {name: next(filter(None, (_xmp_value(one, tag) for one in descriptions)), "") for name, tag in _XMP.items()}


def _xmp_value(description: Element, tag: str) -> str:
    """Of an attribute, a plain element, or an RDF list; of several people, all: “first, second”."""
    if tag in description.attrib:
        return _text(description.attrib[tag])
    element = description.find(tag)
    if element is None:
        return ""
    items = [_text(item.text) for item in element.iter(f"{_RDF}li")]
    if items:
        return items[0] if element.find(f"{_RDF}Alt") is not None else ", ".join(filter(None, items))
    return _text(element.text)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(filter(None, (_text(part) for part in value)))
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError:
            value = value.decode("latin-1")
    text = " ".join(str(value).split()) if value else ""
    return "".join(character for character in text if character.isprintable())


# ── cutting


def _kept_exif(orientation: int, said: Said) -> bytes:
    """EXIF that says which way is up, who made it and whose it is; empty if there is nothing to say."""
    exif = Image.Exif()
    if orientation in range(2, 9):
        exif[_ORIENTATION] = orientation
    if said.creator:
        exif[_ARTIST] = said.creator
    if said.copyright:
        exif[_COPYRIGHT] = said.copyright
    return exif.tobytes() if len(exif) else b""


_JPEG_KEPT_APPS = (0xE0, 0xE2, 0xEE)  # JFIF, the colour profile, Adobe's colour transform


def _cut_jpeg(whole: bytes, exif: bytes) -> bytes:
    """Without APP1 (EXIF, XMP), APP13 (IPTC), other makers' segments, comments, and whatever follows the picture."""
    out = bytearray(b"\xff\xd8")
    if exif:
        segment = exif if exif.startswith(b"Exif\x00\x00") else b"Exif\x00\x00" + exif
        out += b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment
    at = 2
    while at + 4 <= len(whole):
        if whole[at] != 0xFF:
            raise NotAPicture("This JPEG is damaged.")
        marker = whole[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        length = int.from_bytes(whole[at + 2 : at + 4], "big")
        if marker == 0xDA:  # the picture itself begins
            return bytes(out) + _jpeg_scans(whole, at)
        is_profile = marker == 0xE2 and whole[at + 4 : at + 15] == b"ICC_PROFILE"
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or (
            marker in _JPEG_KEPT_APPS and (marker != 0xE2 or is_profile)
        ):
            out += whole[at : at + 2 + length]
        at += 2 + length
    raise NotAPicture("This JPEG ends before its picture begins.")


def _jpeg_scans(whole: bytes, start: int) -> bytes:
    """Up to the first end mark: telephones put a second picture and a film behind it, each with a place of its own."""
    end = whole.find(b"\xff\xd9", start)
    return whole[start:] if end < 0 else whole[start : end + 2]


def _cut_png(whole: bytes) -> bytes:
    dropped = (b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME", b"caBX")
    out, at = bytearray(whole[:8]), 8
    for kind, chunk in _png_chunks(whole, at):
        if kind not in dropped:
            out += chunk
    return bytes(out)


def _png_chunks(whole: bytes, at: int) -> Iterator[tuple[bytes, bytes]]:
    while at + 12 <= len(whole):
        length = int.from_bytes(whole[at : at + 4], "big")
        kind = whole[at + 4 : at + 8]
        yield kind, whole[at : at + 12 + length]
        if kind == b"IEND":
            return
        at += 12 + length
    raise NotAPicture("This PNG is cut short.")


def _cut_webp(whole: bytes) -> bytes:
    chunks, at = bytearray(), 12
    while at + 8 <= len(whole):
        kind, length = whole[at : at + 4], int.from_bytes(whole[at + 4 : at + 8], "little")
        chunk = bytearray(whole[at : at + 8 + length + (length & 1)])
        if kind == b"VP8X" and len(chunk) > 8:
            chunk[8] &= ~0x0C & 0xFF  # the flags that announce EXIF and XMP
        if kind not in (b"EXIF", b"XMP "):
            chunks += chunk
        at += 8 + length + (length & 1)
    return b"RIFF" + (len(chunks) + 4).to_bytes(4, "little") + b"WEBP" + bytes(chunks)


def _encoded_again(whole: bytes, kind: str) -> bytes:
    out = BytesIO()
    with Image.open(BytesIO(whole)) as image:
        options: dict[str, Any] = {"quality": 90} if kind == "AVIF" else {}
        if getattr(image, "n_frames", 1) > 1:
            options["save_all"] = True
        for said in ("exif", "xmp", "XML:com.adobe.xmp", "comment"):
            image.info.pop(said, None)
        image.save(out, format=kind, exif=b"", **options)
    return out.getvalue()
