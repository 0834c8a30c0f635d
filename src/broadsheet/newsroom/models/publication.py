from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.admin.panels import FieldPanel, HelpPanel, MultiFieldPanel, ObjectList, TabbedInterface
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting
from wagtail.fields import StreamField

from broadsheet.newsroom import dress, tags
from broadsheet.newsroom.kept import Kept

if TYPE_CHECKING:
    from broadsheet.newsroom.models.plain_pages import PlainPage


def known_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("“%(name)s” is not a time zone; use a name such as Europe/Berlin.") % {"name": name})


class Direction(models.TextChoices):
    LEFT_TO_RIGHT = "ltr", _("left to right")
    RIGHT_TO_LEFT = "rtl", _("right to left")


# ISO 639 languages written from right to left, as far as newspapers are written in them.
RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


def direction_of(language: str) -> Direction:
    """Which way a language is written: `he`, `ar-EG` …"""
    primary = language.partition("-")[0].lower()
    return Direction.RIGHT_TO_LEFT if primary in RIGHT_TO_LEFT else Direction.LEFT_TO_RIGHT


class PaperColour(models.TextChoices):
    WHITE = "white", _("White")
    IVORY = "ivory", _("Ivory")
    SALMON = "salmon", _("Salmon")
    MIST = "mist", _("Mist, a cool grey")


class Typeface(models.TextChoices):
    NEWSREADER = "newsreader", _("Newsreader: serif headlines and text")
    FRANKLIN_HEADLINES = "franklin-headlines", _("Libre Franklin headlines and nameplate, Newsreader text")
    NEWSREADER_NAMEPLATE = "newsreader-nameplate", _("Newsreader nameplate and text, Libre Franklin headlines")
    FRANKLIN = "franklin", _("Libre Franklin: sans serif throughout")
    SYSTEM = "system", _("The reader's own: Georgia and the system's sans serif")


class Address(blocks.CharBlock):
    """A place of our own (`/about/`) or somebody else's (`https://…`); nothing that could run."""

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        if not cleaned.startswith(("https://", "http://", "/")) or cleaned.startswith("//"):
            raise ValidationError(_("Begin with https://, or with / for a page of your own."))
        return cleaned


class Link(blocks.StructBlock):
    """`label` and `url`, as templates ask for them."""

    label = blocks.CharBlock(max_length=40, label=_("Words"))
    url = Address(max_length=300, label=_("Address"), help_text=_("https://…, or /about/ for a page of your own."))

    class Meta:
        icon = "link"
        label = _("Link")


class Links(blocks.StreamBlock):
    link = Link()

    class Meta:
        required = False


@register_setting(icon="globe", order=100)
class Publication(tags.Tagged, BaseGenericSetting):
    """What the publication says of itself; one row. Everything else asks `Publication.ours()`."""

    tag_name = "settings"

    name = models.CharField(
        _("name"), max_length=80, default="The Broadsheet", help_text=_("In the nameplate, notices and mails.")
    )
    tagline = models.CharField(_("tagline"), max_length=160, blank=True)
    description = models.CharField(
        _("description"),
        max_length=300,
        blank=True,
        help_text=_("One or two sentences, for search engines and feeds."),
    )
    language = models.CharField(
        _("language"),
        max_length=12,
        default="en",
        help_text=_("Language of the articles, as in HTML: en, de, pt-BR, he …"),
    )
    direction = models.CharField(
        _("direction"), max_length=3, choices=Direction.choices, default=Direction.LEFT_TO_RIGHT
    )
    zone = models.CharField(
        _("time zone"), max_length=60, default="UTC", validators=[known_zone], help_text=_("Such as Europe/Berlin.")
    )
    set_up_at = models.DateTimeField(null=True, editable=False)  # when somebody said what it is called, and where

    logo = models.ForeignKey(
        "newsroom.Picture",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("logo"),
        help_text=_("Stands in place of the name. Give the picture a dark variant, if it would vanish at night."),
    )
    icon = models.ForeignKey(
        "newsroom.Picture",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("icon"),
        help_text=_("Square, at least 192 pixels: for tabs and telephones."),
    )
    paper = models.CharField(_("paper"), max_length=12, choices=PaperColour.choices, default=PaperColour.WHITE)
    accent = models.CharField(
        _("colour"),
        max_length=7,
        blank=True,
        help_text=_(
            "Of rules and buttons, such as #0b5a4a; empty for ink. At night it is lightened until it can be read."
        ),
    )
    typeface = models.CharField(_("letters"), max_length=24, choices=Typeface.choices, default=Typeface.NEWSREADER)

    menu_links = StreamField(
        Links(), blank=True, verbose_name=_("more in the menu"), help_text=_("They follow the sections.")
    )
    footer_links = StreamField(
        Links(), blank=True, verbose_name=_("more in the footer"), help_text=_("They follow the plain pages.")
    )
    footer_text = models.CharField(
        _("last line"), max_length=300, blank=True, help_text=_("Rights, registration, who is responsible.")
    )
    social_links = StreamField(
        Links(), blank=True, verbose_name=_("social addresses"), help_text=_("Where else readers find you.")
    )

    contact = models.EmailField(_("contact address"), blank=True, help_text=_("Shown to readers."))
    telephone = models.CharField(_("telephone"), max_length=40, blank=True, help_text=_("Shown to readers."))
    postal_address = models.TextField(_("postal address"), max_length=400, blank=True, help_text=_("Shown to readers."))

    four_eyes = models.BooleanField(
        _("somebody else publishes"),
        default=False,
        help_text=_("Nobody publishes what they themselves saved last: another person approves it."),
    )

    edit_handler = TabbedInterface(
        [
            ObjectList(
                [
                    MultiFieldPanel(
                        [FieldPanel("name"), FieldPanel("tagline"), FieldPanel("description")], _("The publication")
                    ),
                    MultiFieldPanel(
                        [FieldPanel("language"), FieldPanel("direction"), FieldPanel("zone")], _("Language and time")
                    ),
                    FieldPanel("four_eyes"),
                ],
                heading=_("Name"),
            ),
            ObjectList(
                [
                    FieldPanel("logo"),
                    FieldPanel("icon"),
                    FieldPanel("paper", widget=forms.RadioSelect),
                    FieldPanel("accent"),
                    FieldPanel("typeface", widget=forms.RadioSelect),
                ],
                heading=_("Look"),
            ),
            ObjectList(
                [
                    HelpPanel(template="newsroom/admin/menu_help.html"),
                    FieldPanel("menu_links"),
                    FieldPanel("footer_links"),
                    FieldPanel("footer_text"),
                ],
                heading=_("Menu and footer"),
            ),
            ObjectList(
                [
                    FieldPanel("contact"),
                    FieldPanel("telephone"),
                    FieldPanel("postal_address", widget=forms.Textarea(attrs={"rows": 3})),
                    FieldPanel("social_links"),
                ],
                heading=_("Contact"),
            ),
        ]
    )

    class Meta:
        verbose_name = _("publication")

    def __str__(self) -> str:
        return self.name

    @classmethod
    def ours(cls) -> Publication:
        """The row, or its defaults where nobody has saved one yet; noted either way. While a page is made, one for all."""
        tags.note(tags.SETTINGS)
        return _kept()

    @property
    def tag(self) -> str:
        return tags.SETTINGS

    def tags_touched(self) -> Iterable[str]:
        return (tags.SETTINGS,)

    def clean(self) -> None:
        super().clean()
        self.accent = self.accent.strip().lower()
        fault = dress.accent_fault(self.accent, self.paper) if self.accent else ""
        if fault == "not-a-colour":
            raise ValidationError({"accent": _("Write a colour as # and six of 0–9 and a–f, such as #0b5a4a.")})
        if fault:
            raise ValidationError(
                {"accent": _("This colour is too pale to be read on this paper: choose a darker one (4.5 to 1).")}
            )

    @property
    def time_zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    # ── what templates ask

    @cached_property
    def dress(self) -> str:
        """The text of the style sheet that follows the house's own; empty if there is nothing of our own."""
        return dress.sheet(self.paper, self.accent, self.typeface)

    @property
    def dress_url(self) -> str:
        return f"/dress/{dress.mark(self.dress)}.css" if self.dress else ""

    @cached_property
    def plain_pages(self) -> list[PlainPage]:
        """Those that are published, in the order of the tree. None for defaults: the database may be what failed."""
        # Asked by name: a plain page knows the publication.
        return list(apps.get_model("newsroom", "PlainPage").objects.in_order()) if self.pk else []

    @property
    def more_in_menu(self) -> list[Any]:
        return [block.value for block in self.menu_links or ()]

    @property
    def more_in_footer(self) -> list[Any]:
        return [block.value for block in self.footer_links or ()]

    @property
    def social(self) -> list[Any]:
        return [block.value for block in self.social_links or ()]

    @cached_property
    def icon_url(self) -> str:
        return self.icon.get_rendition("fill-192x192|format-png").url if self.icon else ""


def _read() -> Publication:
    return Publication.objects.order_by("pk").first() or Publication()


def _complete(publication: Publication) -> None:
    _ = publication.plain_pages, publication.icon_url, publication.logo and publication.logo.dark


_kept = Kept(_read, _complete)
