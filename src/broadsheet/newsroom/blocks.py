"""What the body of an article may be made of. Each block is drawn by `blocks/<its name>.html`."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.contrib.table_block.blocks import TableBlock
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images.blocks import ImageChooserBlock

INLINE = ["bold", "italic", "link", "document-link", "superscript", "subscript"]


class Called:
    """Gives the blocks inside of one their labels, from its Meta. A label that is given to a block is copied into migrations,
    with all that the field is made of."""

    child_blocks: Mapping[str, blocks.Block]
    meta: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in self.meta.labels.items():
            self.child_blocks[name].label = label


class PictureInBody(Called, blocks.StructBlock):
    picture = ImageChooserBlock()
    caption = blocks.CharBlock(
        required=False, max_length=400, help_text=_("Only where it differs from the picture's own caption.")
    )

    class Meta:
        labels = {"picture": _("Picture"), "caption": _("Caption")}
        icon = "image"
        label = _("Picture")


class Gallery(Called, blocks.StructBlock):
    heading = blocks.CharBlock(required=False, max_length=120)
    pictures = blocks.ListBlock(PictureInBody(), min_num=2)

    class Meta:
        labels = {"heading": _("Heading"), "pictures": _("Pictures")}
        label = _("Gallery")
        icon = "copy"


class Quote(Called, blocks.StructBlock):
    text = blocks.TextBlock(help_text=_("Their exact words, without quotation marks."))
    speaker = blocks.CharBlock(required=False, max_length=120)
    role = blocks.CharBlock(required=False, max_length=160, help_text=_("Who they are: “mayor of Ghent”."))

    class Meta:
        labels = {"text": _("Text"), "speaker": _("Speaker"), "role": _("Role")}
        label = _("Quote")
        icon = "openquote"


class PullQuote(Called, blocks.StructBlock):
    text = blocks.TextBlock(help_text=_("A sentence of the story, set large. It is not counted as text."))
    speaker = blocks.CharBlock(required=False, max_length=120)

    class Meta:
        labels = {"text": _("Text"), "speaker": _("Speaker")}
        icon = "openquote"
        label = _("Pull quote")


class FactBox(Called, blocks.StructBlock):
    heading = blocks.CharBlock(max_length=120)
    text = blocks.RichTextBlock(features=[*INLINE, "ul", "ol"])

    class Meta:
        labels = {"heading": _("Heading"), "text": _("Text")}
        icon = "info-circle"
        label = _("Fact box")


class File(Called, blocks.StructBlock):
    document = DocumentChooserBlock()
    title = blocks.CharBlock(
        required=False, max_length=160, help_text=_("Only where it differs from the file's title.")
    )

    class Meta:
        labels = {"document": _("Document"), "title": _("Title")}
        label = _("File")
        icon = "doc-full"


AUDIO_EXTENSIONS = ("mp3", "m4a", "ogg", "opus")


class Audio(Called, blocks.StructBlock):
    audio = DocumentChooserBlock(help_text=_("An mp3, m4a, ogg or opus file."))
    title = blocks.CharBlock(max_length=160)
    credit = blocks.CharBlock(required=False, max_length=160)
    transcript = blocks.RichTextBlock(
        required=False, features=INLINE, help_text=_("What is said, for those who cannot hear it.")
    )

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        # A draft may lack it still, and lacks it once the file is deleted.
        if cleaned["audio"] is not None and cleaned["audio"].file_extension.lower() not in AUDIO_EXTENSIONS:
            said = {"title": cleaned["audio"].title, "kinds": ", ".join(AUDIO_EXTENSIONS)}
            message = gettext("“%(title)s” is not an audio file (%(kinds)s).") % said
            raise blocks.StructBlockValidationError({"audio": ValidationError(message)})
        return cleaned

    class Meta:
        labels = {"audio": _("Audio"), "title": _("Title"), "credit": _("Credit"), "transcript": _("Transcript")}
        label = _("Audio")
        icon = "media"


@dataclass(frozen=True)
class Player:
    """A video at a provider we know, by an address of ours: nothing of the editor's text reaches the frame."""

    provider: str
    url: str
    page_url: str


def player_of(url: str) -> Player | None:
    """The player for an address as people copy it from YouTube or Vimeo; None for anything else.

    >>> player_of("https://youtu.be/dQw4w9WgXcQ").url
    'https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ'
    >>> player_of("https://example.org/watch?v=dQw4w9WgXcQ") is None
    True
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    steps = [step for step in parts.path.split("/") if step]
    if parts.scheme != "https" or not steps:
        return None
    if host in ("youtube.com", "youtube-nocookie.com", "youtu.be"):
        name = _youtube_name(host, steps, parts.query)
        if re.fullmatch(r"[\w-]{11}", name, re.ASCII):
            page = f"https://www.youtube.com/watch?v={name}"
            return Player("YouTube", f"https://www.youtube-nocookie.com/embed/{name}", page)
    if host in ("vimeo.com", "player.vimeo.com") and re.fullmatch(r"[0-9]{4,15}", steps[-1], re.ASCII):
        return Player("Vimeo", f"https://player.vimeo.com/video/{steps[-1]}?dnt=1", f"https://vimeo.com/{steps[-1]}")
    return None


def _youtube_name(host: str, steps: list[str], query: str) -> str:
    if host == "youtu.be":
        return steps[0]
    if steps[0] == "watch":
        return parse_qs(query).get("v", [""])[0]
    return steps[1] if steps[0] in ("embed", "shorts", "live") and len(steps) > 1 else ""


class EmbedValue(blocks.StructValue):
    @property
    def player(self) -> Player | None:
        return player_of(self.get("url") or "")


class Embed(Called, blocks.StructBlock):
    """Click to load: until the reader presses the button, nothing is asked of the provider, not even a picture."""

    url = blocks.URLBlock(label=_("Address"), help_text=_("Of a video at YouTube or Vimeo."))
    title = blocks.CharBlock(
        max_length=160, help_text=_("What is to be seen; readers decide by it whether to load it.")
    )
    thumbnail = ImageChooserBlock(required=False)

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        if cleaned["url"] and player_of(cleaned["url"]) is None:  # a draft may lack it still
            message = gettext("This is not the address of a video at YouTube or Vimeo, beginning with https://.")
            raise blocks.StructBlockValidationError({"url": ValidationError(message)})
        return cleaned

    class Meta:
        labels = {"title": _("Title"), "thumbnail": _("Thumbnail")}
        label = _("Embed")
        icon = "media"
        value_class = EmbedValue


# Wagtail lets a draft lack what is required by changing the blocks, which all threads share: while one editor's draft is
# saved, another could publish a story that lacks something, and two at once could leave it not required for good.
_CHECKED_ALONE = threading.RLock()


class Body(Called, blocks.StreamBlock):
    paragraph = blocks.RichTextBlock(features=INLINE, icon="pilcrow", template="blocks/paragraph.html")
    subheading = blocks.CharBlock(max_length=160, icon="title", template="blocks/subheading.html")
    list = blocks.RichTextBlock(features=["ul", "ol", *INLINE], icon="list-ul", template="blocks/list.html")
    picture = PictureInBody(template="blocks/picture.html")
    gallery = Gallery(template="blocks/gallery.html")
    table = TableBlock(template="blocks/table.html")
    quote = Quote(template="blocks/quote.html")
    pull_quote = PullQuote(template="blocks/pull_quote.html")
    fact_box = FactBox(template="blocks/fact_box.html")
    file = File(template="blocks/file.html")
    audio = Audio(template="blocks/audio.html")
    embed = Embed(template="blocks/embed.html")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The only language its program brings, by the name it has there; Wagtail says Django's, which it complains of.
        self.child_blocks["table"].table_options["language"] = "en-US"

    def clean(self, value: Any) -> Any:
        with _CHECKED_ALONE:
            return super().clean(value)

    def clean_deferred(self, value: Any) -> Any:
        with _CHECKED_ALONE:
            return super().clean_deferred(value)

    class Meta:
        labels = {"paragraph": _("Paragraph"), "subheading": _("Subheading"), "list": _("List"), "table": _("Table")}
        required = False


def words_in(block: blocks.StreamValue.StreamChild) -> int:
    """Words a reader would read in this block. A pull quote repeats the story and counts nothing."""
    if block.block_type == "pull_quote":
        return 0
    return sum(len(text.split()) for text in texts_of(block))


def texts_of(block: blocks.StreamValue.StreamChild) -> Iterable[str]:
    """The plain text of a block, in reading order."""
    value = block.value
    match block.block_type:
        case "paragraph" | "list":
            yield _plain(value)
        case "subheading":
            yield value
        case "picture":
            yield value["caption"] or ""
        case "gallery":
            yield value["heading"] or ""
            yield from (item["caption"] or "" for item in value["pictures"])
        case "table":
            yield from (str(cell) for row in (value or {}).get("data", []) for cell in row if cell)
        case "quote":
            yield from (value["text"] or "", value["speaker"] or "", value["role"] or "")
        case "fact_box":
            yield from (value["heading"] or "", _plain(value["text"]))
        case "audio":
            yield from (value["title"] or "", _plain(value["transcript"]))
        case "file" | "embed":
            yield value["title"] or ""


def pictures_in(body: Iterable[blocks.StreamValue.StreamChild]) -> Iterable[Any]:
    """The pictures a body shows, in order; None for one that is gone."""
    for block in body:
        match block.block_type:
            case "picture":
                yield block.value["picture"]
            case "gallery":
                yield from (item["picture"] for item in block.value["pictures"])
            case "embed":
                yield block.value["thumbnail"]


# Enough for what the editor writes, which is sanitised and well-formed; a parser would cost more than drawing the page.
_TAG = re.compile(r"</?(?:b|i|a|em|strong|sup|sub)\b[^>]*>|(<[^>]*>)", re.IGNORECASE)


def _plain(rich: Any) -> str:
    """Text of rich text. Tags of blocks end words, others do not: `<p>one</p><p>t<b>w</b>o</p>` is two words."""
    if not rich:
        return ""
    return html.unescape(_TAG.sub(lambda tag: " " if tag[1] else "", rich.source)).strip()
