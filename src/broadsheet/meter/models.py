"""The publisher's meter: one row, edited under Settings → Meter, in force on every worker once it is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.utils.functional import lazy
from django.utils.html import format_html_join
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalManyToManyField
from modelcluster.models import ClusterableModel
from wagtail.admin.panels import FieldPanel, FieldRowPanel, HelpPanel, MultiFieldPanel
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting

from broadsheet.core.meter import ImpossiblePolicy, Ladder, Policy, ReaderClass, Window, WindowKind
from broadsheet.meter import words
from broadsheet.meter.forms import MeterForm
from broadsheet.meter.why import articles_word, why_not, window_words
from broadsheet.meter.words import Notice, Wall
from broadsheet.newsroom import tags
from broadsheet.newsroom.models import Publication
from broadsheet.newsroom.purge import purge

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

LADDERS = (ReaderClass.ANONYMOUS, ReaderClass.REGISTERED, ReaderClass.SUPPORTER, ReaderClass.SUBSCRIBER)


class WindowChoice(models.TextChoices):
    MONTH = WindowKind.MONTH.value, _("A calendar month")
    WEEK = WindowKind.WEEK.value, _("A week, from Monday")
    DAY = WindowKind.DAY.value, _("A day")
    ROLLING = WindowKind.ROLLING.value, _("A number of days, counted from each article")


def _allowance(
    label: _StrPromise, default: int | None = None
) -> models.PositiveSmallIntegerField[int | None, int | None]:
    return models.PositiveSmallIntegerField(
        label, null=True, blank=True, default=default, help_text=_("Empty: as many as they like, not counted.")
    )


def _notice_from(
    label: _StrPromise, default: int | None = None
) -> models.PositiveSmallIntegerField[int | None, int | None]:
    return models.PositiveSmallIntegerField(
        label, null=True, blank=True, default=default, help_text=_("Empty: no notice.")
    )


def _words(house: str, allowed: tuple[str, ...], help_text: _StrPromise | str = "") -> dict[str, Any]:
    may = format_lazy(_("May hold {names}."), names=" ".join(f"{{{name}}}" for name in allowed))
    return {
        "default": house,
        "validators": [words.Fillable(allowed)],
        "help_text": format_lazy("{} {}", help_text, may) if help_text else may,
    }


def legend() -> str:
    """What may stand in braces, for whoever writes the words."""
    return format_html_join("", "<code>{{{}}}</code> {}<br>", words.PLACEHOLDERS.items())


@register_setting(icon="tachometer-alt", order=110)
class MeterSettings(BaseGenericSetting, ClusterableModel):
    """Who may open how many articles, and what they are told."""

    on = models.BooleanField(
        _("the meter is on"),
        default=True,
        help_text=_("Off: every article is open to everyone, except those for members only. Nothing is counted."),
    )
    window_kind = models.CharField(
        _("articles are counted over"),
        max_length=10,
        choices=WindowChoice.choices,
        default=WindowChoice.MONTH,
        help_text=_("Months, weeks and days turn at midnight in the publication's time zone."),
    )
    window_days = models.PositiveSmallIntegerField(
        _("that number of days"), default=30, help_text=_("Only where days are counted from each article.")
    )

    anonymous_allowance = _allowance(_("Strangers: articles"), 10)
    anonymous_notice_from = _notice_from(_("Strangers: notice from article"), 3)
    registered_allowance = _allowance(_("Registered readers: articles"))
    registered_notice_from = _notice_from(_("Registered readers: notice from article"))
    supporter_allowance = _allowance(_("Supporters: articles"))
    supporter_notice_from = _notice_from(_("Supporters: notice from article"))
    subscriber_allowance = _allowance(_("Subscribers: articles"))
    subscriber_notice_from = _notice_from(_("Subscribers: notice from article"))

    notice_line = models.CharField(_("notice"), max_length=200, **_words(words.NOTICE_LINE, words.IN_THE_NOTICE))
    notice_invitation = models.CharField(
        _("link under the notice"), max_length=120, **_words(words.NOTICE_INVITATION, words.IN_THE_NOTICE)
    )
    wall_heading = models.CharField(_("wall: heading"), max_length=160, **_words(words.WALL_HEADING, words.IN_THE_WALL))
    wall_text = models.TextField(_("wall: text"), max_length=600, **_words(words.WALL_TEXT, words.IN_THE_WALL))
    members_heading = models.CharField(
        _("members only: heading"),
        max_length=160,
        **_words(
            words.MEMBERS_HEADING,
            words.IN_THE_MEMBERS_WALL,
            _("Before articles that only registered readers may open."),
        ),
    )
    members_text = models.TextField(
        _("members only: text"), max_length=600, **_words(words.MEMBERS_TEXT, words.IN_THE_MEMBERS_WALL)
    )
    account_heading = models.CharField(
        _("readers with an account: heading"),
        max_length=160,
        **_words(
            words.ACCOUNT_HEADING, words.IN_THE_ACCOUNT_WALL, _("Where readers with an account have an allowance too.")
        ),
    )
    account_text = models.TextField(
        _("readers with an account: text"), max_length=600, **_words(words.ACCOUNT_TEXT, words.IN_THE_ACCOUNT_WALL)
    )
    button = models.CharField(
        _("button under the e-mail address"), max_length=40, **_words(words.BUTTON, words.IN_A_LABEL)
    )
    login = models.CharField(_("before the link to log in"), max_length=80, **_words(words.LOGIN, words.IN_A_LABEL))

    free_sections = ParentalManyToManyField(
        "newsroom.Section", verbose_name=_("sections"), blank=True, related_name="+", help_text=_("Never metered.")
    )
    free_topics = ParentalManyToManyField(
        "newsroom.Topic", verbose_name=_("topics"), blank=True, related_name="+", help_text=_("Never metered.")
    )
    free_kinds = models.JSONField(_("kinds of article"), default=list, blank=True, help_text=_("Never metered."))
    free_below_words = models.PositiveIntegerField(
        _("articles shorter than so many words"), default=0, help_text=_("Never metered. 0: length does not matter.")
    )
    metered_after_days = models.PositiveSmallIntegerField(
        _("news of the last so many days"),
        null=True,
        blank=True,
        help_text=_("Open while it is fresh, metered afterwards. Empty: metered from the beginning."),
    )
    free_after_days = models.PositiveSmallIntegerField(
        _("articles older than so many days"),
        null=True,
        blank=True,
        help_text=_("The archive: never metered. Empty: age does not open an article."),
    )
    crawlers_open = models.BooleanField(
        _("search engines read everything"),
        default=True,
        help_text=_(
            "Only those whose address was verified; they are told to keep no copy. Any other bot is a stranger."
        ),
    )
    strangers_a_day = models.PositiveIntegerField(
        _("views a day for a network that keeps no cookie"),
        default=2000,
        validators=[MinValueValidator(1)],
        help_text=_("Beyond it, readers there who refuse cookies meet the wall. A large office is one network."),
    )

    base_form_class = MeterForm
    panels = [
        HelpPanel(template="meter/admin/help.html"),
        MultiFieldPanel(
            [FieldPanel("on"), FieldRowPanel([FieldPanel("window_kind"), FieldPanel("window_days")])], _("The meter")
        ),
        MultiFieldPanel(
            [
                FieldRowPanel([FieldPanel(f"{reader}_allowance"), FieldPanel(f"{reader}_notice_from")])
                for reader in LADDERS
            ],
            _("How many articles, for whom"),
            help_text=_("An article counts once; opening it again is free. Staff read everything."),
        ),
        MultiFieldPanel(
            [
                HelpPanel(content=lazy(legend, str)(), heading=_("What stands in braces is filled in")),
                FieldPanel("notice_line"),
                FieldPanel("notice_invitation"),
            ],
            _("Words of the notice"),
        ),
        MultiFieldPanel(
            [
                FieldPanel("wall_heading"),
                FieldPanel("wall_text"),
                FieldPanel("members_heading"),
                FieldPanel("members_text"),
                FieldRowPanel([FieldPanel("button"), FieldPanel("login")]),
            ],
            _("Words of the wall"),
        ),
        MultiFieldPanel(
            [FieldPanel("account_heading"), FieldPanel("account_text")],
            _("Words of the wall for readers with an account"),
            classname="collapsed",
        ),
        MultiFieldPanel(
            [
                FieldPanel("free_sections", widget=forms.CheckboxSelectMultiple),
                FieldPanel("free_topics", widget=forms.CheckboxSelectMultiple),
                FieldPanel("free_kinds"),
                FieldRowPanel([FieldPanel("metered_after_days"), FieldPanel("free_after_days")]),
                FieldPanel("free_below_words"),
            ],
            _("What is never metered"),
            help_text=_("A single article is opened where it is edited: always, or to everyone until some moment."),
        ),
        MultiFieldPanel(
            [FieldPanel("crawlers_open"), FieldPanel("strangers_a_day")],
            _("Machines and networks"),
            classname="collapsed",
        ),
    ]

    class Meta:
        verbose_name = _("meter")

    def clean(self) -> None:
        """The rules of `core.meter`, said at the field that breaks them."""
        super().clean()
        try:
            self.policy().check()
        except ImpossiblePolicy as impossible:
            ours = {field.name for field in self._meta.get_fields()}
            raise ValidationError(
                {name if name in ours else "__all__": why_not(fault) for name, fault in impossible.faults.items()}
            ) from impossible

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises ImpossiblePolicy. Pages are purged only if words that are written on them have changed."""
        self.policy().check()
        with transaction.atomic():
            before = type(self).objects.filter(pk=self.pk).first()
            super().save(*args, **kwargs)
            if before is not None and before.walls() != self.walls():
                purge([tags.METER_WORDS])

    @classmethod
    def ours(cls) -> MeterSettings:
        """The row, or its defaults where nobody has saved one yet."""
        return cls.objects.order_by("pk").first() or cls()

    def policy(self) -> Policy:
        return Policy(
            ladders={reader: self.ladder(reader) for reader in LADDERS},
            window=self.window,
            zone=Publication.ours().zone,
            on=self.on,
            free_sections=frozenset(section.pk for section in self.free_sections.all()),
            free_topics=frozenset(topic.pk for topic in self.free_topics.all()),
            free_kinds=frozenset(self.free_kinds),
            free_below_words=self.free_below_words,
            free_after_days=self.free_after_days,
            metered_after_days=self.metered_after_days,
            crawlers_open=self.crawlers_open,
            strangers_a_day=self.strangers_a_day,
        )

    @property
    def window(self) -> Window:
        kind = WindowKind(self.window_kind)
        return Window(kind, self.window_days if kind is WindowKind.ROLLING else 0)

    def ladder(self, reader: ReaderClass) -> Ladder:
        return Ladder(getattr(self, f"{reader}_allowance"), getattr(self, f"{reader}_notice_from"))

    # ── words, in the language that is spoken now: whoever writes for readers sees to it that it is the edition's

    def said(self, field: str) -> str:
        """What stands for a field of words, its braces not yet filled."""
        return words.in_our_language(getattr(self, field), self.house_words()[field])

    @classmethod
    def house_words(cls) -> dict[str, str]:
        """What each field of words holds until the publisher writes something else."""
        return {
            field.name: field.default
            for field in cls._meta.concrete_fields
            if any(isinstance(validator, words.Fillable) for validator in field.validators)
        }

    def wall(self, reader: ReaderClass, name: str, *, members_only: bool = False, comments: bool = False) -> Wall:
        """What the wall says to such a reader. `members_only`: it stands before an article that no count opens."""
        ladder = self.ladder(reader)
        if reader is not ReaderClass.ANONYMOUS:
            heading, text = "account_heading", "account_text"
        elif members_only or not ladder.allowance:  # nothing was counted, so nobody is told that they read too much
            heading, text = "members_heading", "members_text"
        else:
            heading, text = "wall_heading", "wall_text"
        values = {
            **self._values(name, ladder.allowance or 0),
            "allowance": str(ladder.allowance or 0),
            "comments": words.and_post_comments() if comments else "",
        }
        return Wall(*(words.fill(self.said(field), values) for field in (heading, text, "button", "login")))

    def walls(self) -> list[Wall]:
        """Every wall there can be, to tell whether words on stored pages have changed."""
        return [
            self.wall(reader, "{name}", members_only=members_only, comments=comments)
            for reader in (ReaderClass.ANONYMOUS, ReaderClass.REGISTERED)
            for members_only in (False, True)
            for comments in (False, True)
        ]

    def notice(self, count: int, reader: ReaderClass, name: str, written: str = "") -> Notice:
        """What the notice says of `count` articles; `written` stands for the number where it is filled in later."""
        values = {
            **self._values(name, count),
            "allowance": str(self.ladder(reader).allowance or 0),
            "count": written or str(count),
        }
        invitation = self.said("notice_invitation") if reader is ReaderClass.ANONYMOUS else ""
        return Notice(words.fill(self.said("notice_line"), values), words.fill(invitation, values))

    def _values(self, name: str, number: int) -> dict[str, str]:
        return {
            "name": name,
            "short_name": words.short_name(name),
            "articles": articles_word(number),
            "window": window_words(self.window),
        }
