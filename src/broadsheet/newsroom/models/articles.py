from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalManyToManyField
from wagtail.admin.panels import (
    FieldPanel,
    FieldRowPanel,
    HelpPanel,
    InlinePanel,
    MultiFieldPanel,
    ObjectList,
    PublishingPanel,
    TabbedInterface,
    TitleFieldPanel,
)
from wagtail.admin.panels.comment_panel import CommentPanel
from wagtail.admin.widgets import AdminAutoHeightTextInput
from wagtail.fields import StreamField
from wagtail.models import Page, PageManager
from wagtail.query import PageQuerySet
from wagtail.search import index

from broadsheet import clock
from broadsheet.core import meter
from broadsheet.newsroom import guard, tags
from broadsheet.newsroom.acts import publish as publishing
from broadsheet.newsroom.acts import unpublish as unpublishing
from broadsheet.newsroom.blocks import Body, texts_of, words_in
from broadsheet.newsroom.forms import ArticleForm
from broadsheet.newsroom.models.addresses import FURNITURE, Addressed
from broadsheet.newsroom.models.called import called
from broadsheet.newsroom.models.people import Person
from broadsheet.newsroom.models.publication import Publication
from broadsheet.newsroom.models.sections import Section
from broadsheet.newsroom.models.topics import Topic
from broadsheet.newsroom.models.versions import ActName, ChangeClass
from broadsheet.newsroom.opening import Opening, opening_of


class Kind(models.TextChoices):
    ARTICLE = "article", _("News")
    ANALYSIS = "analysis", _("Analysis")
    FEATURE = "feature", _("Feature")
    INTERVIEW = "interview", _("Interview")
    OPINION = "opinion", _("Opinion")
    REVIEW = "review", _("Review")
    EXPLAINER = "explainer", _("Explainer")
    OBITUARY = "obituary", _("Obituary")


@dataclass(frozen=True)
class Rights:
    """Where the text comes from and on what terms we print it; all empty for our own."""

    source_name: str
    source_url: str
    licence_name: str
    licence_url: str
    changes: str


# What is drawn of a story in a list. Named one by one: an article has three times as many columns, a picture twice.
_CARD = "title url_path kicker kind standfirst first_published_at section picture picture_caption".split()
_PRINTED = (
    "file width height formats files caption credit alt_text is_decorative rights dark focal_point_width focal_point_height"
).split()
_PICTURES = tuple(f"{which}__{name}" for which in ("picture", "picture__dark") for name in _PRINTED)

# What a page draws of neither the article nor its section.
_NOT_DRAWN = (
    *FURNITURE,
    *(f"section__{name}" for name in (*FURNITURE, "description", "first_published_at")),
    "change",
    "change_note",
    "embargo_until",
)
_FLAGS = ("always_free", "members_only", "free_until")

# The latest pages among which the newest stories of a list are looked for first: a week of a large newsroom.
NEAR = 500


class ArticleQuerySet(PageQuerySet):
    def published(self) -> ArticleQuerySet:
        """What readers may find, newest first. Whoever asks depends on every article: `tags.note` less by the others."""
        return self.filter(live=True).order_by("-first_published_at", "-pk")

    def latest(self) -> ArticleQuerySet:
        tags.note(tags.ARTICLES)
        return self.published()

    def in_section(self, section: Section) -> ArticleQuerySet:
        tags.note(f"list:section:{section.pk}")
        return self.published().filter(section=section)

    def about(self, topic: Topic) -> ArticleQuerySet:
        tags.note(f"list:topic:{topic.pk}")
        return self.published().filter(topics=topic)

    def by_person(self, person: Person) -> ArticleQuerySet:
        tags.note(f"list:person:{person.pk}")
        return self.published().filter(bylines__person=person).distinct()

    def newest_ids(self, number: int, skip: int = 0, until: datetime | None = None) -> list[int]:
        """Of the newest of these, in order. `until`: a moment that none of these is later than, if it is known.

        They are looked for among the latest pages of all, which the index of dates hands over at once: sorting a section of
        ten thousand stories, or a topic of five, took longer than all the rest of a page. Only where too few of them are
        there, all of these are sorted: by ids and dates, as sorting whole rows would cost more still.
        """
        wanted = skip + number
        found = list(self.near(until).newest(wanted)) if wanted <= NEAR else []
        if len(found) < wanted:
            found = list(self.newest(wanted))
        return [pk for pk, _moment in found[skip:]]

    def near(self, until: datetime | None = None) -> ArticleQuerySet:
        """Those of them that are among the latest pages of all."""
        latest = Page.objects.filter(live=True).order_by("-first_published_at", "-pk")
        latest = latest if until is None else latest.filter(first_published_at__lte=until)
        return self.filter(pk__in=latest.values("pk")[:NEAR])

    def newest(self, number: int) -> models.QuerySet[Any, Any]:
        """Their ids, each with its date: DISTINCT orders by nothing that is not chosen."""
        return self.order_by("-first_published_at", "-pk").values_list("pk", "first_published_at")[:number]

    def at(self, section: str, slug: str) -> ArticleQuerySet:
        """The one live article of this address, if any."""
        return self.filter(live=True, slug=slug, section__slug=section)

    def for_meter(self) -> ArticleQuerySet:
        """With what the meter asks, and no more."""
        return self.only("title", "url_path", "kind", "words", *_FLAGS, "first_published_at", "section")

    def for_page(self) -> ArticleQuerySet:
        """With all that its own page draws, but for its topics and bylines: `stories.for_page`."""
        return self.select_related("section", "picture", "picture__dark").defer(*_NOT_DRAWN)

    def for_list(self) -> ArticleQuerySet:
        """With all that a list draws, and no more; `stories.read_sections` reads the sections of all, `renditions.read_files`
        the files of their pictures."""
        return self.select_related("picture", "picture__dark").only(*_CARD, *_PICTURES)

    def for_feed(self) -> ArticleQuerySet:
        """With all that a feed says of each; bodies too, as free stories are given whole."""
        return (
            self.select_related("section", "picture")
            .prefetch_related("topics", "bylines__person")
            .defer(*(name for name in _NOT_DRAWN if name != "translation_key"))  # its id in feeds
        )

    def update(self, **values: Any) -> int:
        if not guard.act_under_way() and not PUBLIC_COLUMNS.isdisjoint(values) and self.filter(live=True).exists():
            raise guard.UnrecordedChange(f"Live articles were about to be updated in bulk: {sorted(values)}.")
        return super().update(**values)


ArticleManager = PageManager.from_queryset(ArticleQuerySet)


@called(
    _("articles"),
    kicker=_("kicker"),
    standfirst=_("standfirst"),
    dateline=_("dateline"),
    kind=_("kind"),
    section=_("section"),
    picture_caption=_("picture caption"),
    body=_("body"),
    topics=_("topics"),
    always_free=_("always free"),
    members_only=_("members only"),
    embargo_until=_("embargo until"),
    words=_("words"),
)
class Article(Addressed, tags.Tagged, Page):
    """A story. Its headline is Wagtail's `title`; its section is the page above it."""

    tag_name = "article"

    section = models.ForeignKey(Section, null=True, editable=False, on_delete=models.SET_NULL, related_name="articles")
    kicker = models.CharField(max_length=60, blank=True, help_text=_("The label above the headline: one or two words."))
    standfirst = models.CharField(
        max_length=400, blank=True, help_text=_("What the story says, in a sentence or two. Everybody may read it.")
    )
    dateline = models.CharField(max_length=80, blank=True, help_text=_("The place filed from: “Lagos”."))
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.ARTICLE)
    picture = models.ForeignKey(
        "newsroom.Picture",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("main picture"),
    )
    picture_caption = models.CharField(
        max_length=600, blank=True, help_text=_("Only where it differs from the picture's own caption.")
    )
    body = StreamField(Body(), blank=True)
    topics = ParentalManyToManyField(Topic, blank=True, related_name="articles")

    always_free = models.BooleanField(default=False, help_text=_("Open to everyone, whatever the meter says."))
    members_only = models.BooleanField(
        default=False, help_text=_("Open to those who are registered, and to nobody else.")
    )
    free_until = models.DateTimeField(
        _("in the public interest, free until"),
        null=True,
        blank=True,
        help_text=_("Open to everyone until then: a storm, an outbreak, a vote. It ends by itself."),
    )
    comments_open = models.BooleanField(_("comments are open"), default=False)
    is_grief = models.BooleanField(
        _("a story of grief"), default=False, help_text=_("Nobody is asked for money beside it.")
    )

    embargo_until = models.DateTimeField(
        null=True, blank=True, help_text=_("Agreed with a source: nobody can publish it before.")
    )
    source_name = models.CharField(
        _("text from"), max_length=160, blank=True, help_text=_("Where the text is not ours.")
    )
    source_url = models.URLField(_("original address"), max_length=600, blank=True)
    licence_name = models.CharField(_("licence"), max_length=120, blank=True)
    licence_url = models.URLField(_("licence address"), max_length=600, blank=True)
    changes = models.CharField(_("what we changed"), max_length=300, blank=True)

    # What kind of change the next publication is; empty again once it is published.
    change = models.CharField(_("kind of change"), max_length=14, choices=ChangeClass.choices, blank=True)
    change_note = models.TextField(
        _("note to readers"),
        blank=True,
        help_text=_(
            "What was wrong or unclear, and what it says now. Clarifications, corrections and retractions need one."
        ),
    )

    modified_at = models.DateTimeField(null=True, editable=False)  # moved by news, clarifications and corrections only
    words = models.PositiveIntegerField(default=0, editable=False)

    objects = ArticleManager()
    base_form_class = ArticleForm
    template = "pages/article.html"
    parent_page_types = ["newsroom.Section"]
    subpage_types = []
    exclude_fields_in_copy = ["section", "first_published_at", "modified_at", "change", "change_note"]

    search_fields = [
        *Page.search_fields,
        index.SearchField("kicker"),
        index.SearchField("standfirst", boost=2),
        index.SearchField("dateline"),
        index.SearchField("searched_names"),
        index.SearchField("searched_text"),
        index.FilterField("section_id"),
    ]

    story_panels = [
        FieldPanel("kicker"),
        TitleFieldPanel(
            "title",
            heading=_("Headline"),
            placeholder=_("Headline"),
            help_text=_("What happened, in few words."),
            widget=AdminAutoHeightTextInput,  # whole also on a phone; the form makes one line of it
        ),
        FieldPanel("standfirst", widget=forms.Textarea(attrs={"rows": 2})),
        InlinePanel("bylines", heading=_("Byline"), label=_("name"), help_text=_("In the order they are to stand.")),
        MultiFieldPanel([FieldPanel("picture"), FieldPanel("picture_caption")], _("Main picture")),
        FieldPanel("dateline"),
        FieldPanel("body"),
    ]
    promote_panels = [
        FieldPanel("slug", help_text=_("The last part of the address. Old addresses are redirected when it changes.")),
        FieldPanel("kind"),
        FieldPanel("topics", widget=forms.CheckboxSelectMultiple),
        MultiFieldPanel(
            [
                FieldPanel("always_free"),
                FieldPanel("members_only"),
                FieldPanel("free_until"),
                FieldPanel("comments_open"),
            ],
            _("Who may read it"),
        ),
        MultiFieldPanel([FieldPanel("is_grief")], _("Appeals for support")),
        MultiFieldPanel(
            [
                FieldRowPanel([FieldPanel("source_name"), FieldPanel("source_url")]),
                FieldRowPanel([FieldPanel("licence_name"), FieldPanel("licence_url")]),
                FieldPanel("changes"),
            ],
            _("Text from elsewhere"),
        ),
    ]
    publish_panels = [
        MultiFieldPanel(
            [
                HelpPanel(template="newsroom/admin/change_help.html"),
                FieldPanel("change"),
                FieldPanel("change_note"),
            ],
            _("What is changed"),
        ),
        FieldPanel("embargo_until"),
        FieldPanel(
            "first_published_at",
            heading=_("First published"),
            help_text=_("Leave empty; only for stories from elsewhere."),
        ),
        PublishingPanel(),
        CommentPanel(),
    ]
    edit_handler = TabbedInterface(
        [
            ObjectList(story_panels, heading=_("Story")),
            ObjectList(promote_panels, heading=_("Promote")),
            ObjectList(publish_panels, heading=_("Publish")),
        ],
        base_form_class=ArticleForm,
    )

    class Meta:
        verbose_name = _("article")
        indexes = [models.Index(fields=["section"], name="article_section")]

    # ── what readers are told

    @property
    def headline(self) -> str:
        return self.title

    @headline.setter
    def headline(self, headline: str) -> None:
        self.title = headline

    @property
    def published_at(self) -> datetime | None:
        return self.first_published_at

    @property
    def rights(self) -> Rights:
        return Rights(self.source_name, self.source_url, self.licence_name, self.licence_url, self.changes)

    @property
    def is_metered(self) -> bool:
        """Whether a reader may meet the wall here. Says nothing of the publisher's policy, which can free more."""
        tags.note_until(self.free_until if self.is_freed_at(clock.now()) else None)
        return not self.always_free and not self.is_freed_at(clock.now())

    def is_freed_at(self, moment: datetime) -> bool:
        """By the public-interest switch."""
        return self.free_until is not None and moment < self.free_until

    @property
    def opening(self) -> Opening:
        return opening_of(list(self.body))

    def for_meter(self) -> meter.Article:
        return meter.Article(
            id=self.pk,
            section=self.section_id or 0,
            topics=frozenset(topic.pk for topic in self.topics.all()),
            kind=self.kind,
            words=self.words,
            published=self.first_published_at,
            always_free=self.always_free,
            members_only=self.members_only,
            free_until=self.free_until,
        )

    # ── what the search engine of ours is given: nothing that may be withheld

    def searched_names(self) -> str:
        return "\n".join(
            [*(topic.name for topic in self.topics.all()), *(line.person.name for line in self.bylines.all())]
        )

    def searched_text(self) -> str:
        return "\n".join(text for block in self.body for text in texts_of(block)) if self.always_free else ""

    # ── preview: the open article, as it would be published now

    def get_preview_context(self, request: HttpRequest, mode_name: str) -> dict[str, Any]:
        return {
            **super().get_preview_context(request, mode_name),
            "article": self,
            "publication": Publication.ours(),
            "menu": list(Section.objects.in_order()),
            "verdict": "e",
            "canonical_url": self.full_url,
            "walled": False,
            "blocks": list(self.body),
            "words_left": 0,
            "topics": list(self.topics.all()),
            "bylines": list(self.bylines.all()),
        }

    # ── the record

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any) -> Self:
        article = super().from_db(db, field_names, values, **options)
        # Its address begins with the section's: whoever shows one depends on the other.
        if "section_id" in article.__dict__ and article.section_id:
            tags.note(f"section:{article.section_id}")
        return article

    def with_content_json(self, content: dict[str, Any]) -> Article:
        """A revision as an article. These belong to the article as a whole and never come back with an old revision."""
        article = super().with_content_json(content)
        article.section_id = self.section_id
        article.modified_at = self.modified_at
        return article

    def clean(self) -> None:
        super().clean()
        if self.always_free and self.members_only:
            raise ValidationError({"members_only": _("A story cannot be free for everyone and for members only.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        written = kwargs.get("update_fields")
        if written is not None and PUBLIC_COLUMNS.isdisjoint(written):
            Page.save(self, *args, **kwargs)
            return
        if self.alias_of_id:
            raise guard.UnrecordedChange(gettext("A story has one address: aliases of articles are refused."))
        with transaction.atomic():
            before = publishing.Before.of(self)
            self.section_id = self.section_id if self.pk else self.get_parent().pk
            self.words = sum(words_in(block) for block in self.body)
            if self.live:
                publishing.prepare(self, before)
            Page.save(self, *args, **kwargs)
            if self.live:
                publishing.record(self, before)
            elif before.live:
                unpublishing.record(self, before)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic(), guard.acting(ActName.UNPUBLISH, kwargs.get("user")):
            return Page.delete(self, *args, **kwargs)

    def publish(self, revision: Any, user: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Wagtail's door of that name: the act around it."""
        with transaction.atomic(), guard.acting(ActName.PUBLISH, user):
            publishing.check(revision.as_object(), user, saved_by=revision.user_id)
            return super().publish(revision, user, *args, **kwargs)

    def unpublish(
        self, set_expired: bool = False, commit: bool = True, user: Any = None, log_action: Any = True
    ) -> Any:
        under_way = guard.act_under_way()
        note = under_way.note if under_way and under_way.name is ActName.UNPUBLISH else ""
        with transaction.atomic(), guard.acting(ActName.UNPUBLISH, user, note):
            return super().unpublish(set_expired, commit, user, log_action)

    def update_aliases(self, **options: Any) -> None:
        """None: save() refuses them. Wagtail looks for them at each publish, and may walk all pages of the tree to do so."""

    def move(self, target: Page, pos: str | None = None, user: Any = None) -> None:
        with transaction.atomic(), guard.acting(ActName.MOVE, user):
            super().move(target, pos, user)

    def copy(self, *args: Any, **kwargs: Any) -> Page:
        """A copy is a draft: whoever wants it public publishes it."""
        return super().copy(*args, **{**kwargs, "keep_live": False})


# Columns whose change readers can see. `bylines` and `topics` are written by the same save.
PUBLIC_COLUMNS = frozenset(
    "title slug live section section_id kicker standfirst dateline kind picture picture_id picture_caption body bylines"
    " topics always_free members_only free_until comments_open is_grief source_name source_url licence_name licence_url"
    " changes first_published_at modified_at url_path alias_of alias_of_id".split()
)
